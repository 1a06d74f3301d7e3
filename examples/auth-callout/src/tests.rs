//! What the extension does, in either form: `auth-callout-async` has these tests too.

use super::Auth;
use std::time::Duration;
use waxwing_testing::explore::{self, Model};
use waxwing_testing::matching::{has_header, header, path};
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{
    Answer, Host, HostBuilder, Native, Phase, Profile, Request, Response, Scenario, Value, Wasm, json,
    on_each_host, on_every_host,
};

fn config() -> Value {
    json!({ "cluster": "authz", "timeout_milliseconds": 200 })
}

/// A host whose upstream knows one token.
fn with_one_user(host: HostBuilder) -> Host {
    host.config(config()).cluster("authz", decide).start()
}

fn decide(request: &Request) -> Answer {
    match request.headers().get("authorization") {
        Some(b"Bearer alice") => Response::new(200).header("x-user", "alice"),
        Some(b"Bearer robot") => Response::new(200),
        Some(b"Bearer late") => return Answer::After(Duration::from_secs(3), Box::new(Answer::Hang)),
        Some(b"Bearer broken") => Response::new(500),
        Some(b"") => Response::new(401).body("who are you?"),
        _ => Response::new(403).body("not you"),
    }
    .into()
}

fn bearer(token: &str) -> Request {
    Request::get("/orders?id=7").header("authorization", format!("Bearer {token}"))
}

on_each_host! {
    extension: Auth,
    package: env!("CARGO_PKG_NAME"),

    fn a_user_that_the_upstream_knows_goes_on_by_name(host) {
        let host = with_one_user(host);
        let exchange = host.exchange(bearer("alice").header("x-user", "mallory"));
        exchange.upstream_request().assert_header("x-user", "alice").assert_path("/orders?id=7");
        exchange.response().assert_status(200);
    }

    fn a_forged_user_does_not_go_on_where_the_answer_names_none(host) {
        let host = with_one_user(host);
        let exchange = host.exchange(bearer("robot").header("x-user", "mallory"));
        exchange.upstream_request().assert_no_header("x-user");
    }

    fn a_denied_request_gets_the_answer_of_the_upstream(host) {
        let host = with_one_user(host);
        let exchange = host.exchange(bearer("eve"));
        exchange.local_response().assert_status(403).assert_body("not you").assert_details("auth_callout_denied");
        exchange.assert_not_forwarded();
        host.exchange(Request::get("/")).local_response().assert_status(401).assert_body("who are you?");
    }

    fn an_answer_that_is_none_fails_closed(host) {
        let host = with_one_user(host);
        let exchange = host.exchange(bearer("broken"));
        exchange.local_response().assert_status(500);
        exchange.assert_not_forwarded();
        exchange.logs().assert_contains("the upstream that decides answered 500");
    }

    fn a_hung_upstream_never_lets_the_request_through(host) {
        let host = with_one_user(host);
        let stream = host.open(bearer("late"));
        stream.assert_paused(Phase::RequestHeaders);
        host.clock().advance(Duration::from_millis(199));
        stream.assert_paused(Phase::RequestHeaders);
        host.clock().advance(Duration::from_millis(1));
        stream.local_response().assert_status(500);
        stream.assert_not_forwarded();
        stream.finish().logs().assert_contains("the upstream did not answer in time");
    }
}

#[test]
fn the_upstream_is_asked_with_the_credentials_and_the_path_and_nothing_else() {
    let host = Host::builder::<Auth>().config(config()).start();
    let authz = host.upstream("authz");
    let asked =
        path("/check").and(header("authorization", "Bearer alice")).and(has_header("x-original-path"));
    authz.on(asked).reply(Response::new(200)).times(1);
    host.exchange(bearer("alice").header("cookie", "secret"));
    let asked = &authz.calls()[0];
    assert_eq!(asked.headers().get("x-original-path"), Some(&b"/orders?id=7"[..]));
    assert_eq!(asked.headers().get("cookie"), None);
}

#[test]
fn the_answer_to_a_client_that_went_away_reaches_nobody() {
    let host = with_one_user(Host::builder::<Auth>());
    let gone = host.open(bearer("late"));
    gone.disconnect();
    let waiting = host.open(bearer("late"));
    host.clock().advance(Duration::from_millis(200));
    waiting.local_response().assert_status(500);
    assert_eq!(host.open_streams(), 0);
}

#[test]
fn two_requests_at_once_get_their_own_answers() {
    let host = Host::builder::<Auth>().config(config()).start();
    let authz = host.upstream("authz");
    authz
        .on(header("authorization", "Bearer eve"))
        .reply(Response::new(403))
        .delay(Duration::from_millis(10));
    authz
        .on(header("authorization", "Bearer alice"))
        .reply(Response::new(200).header("x-user", "alice"))
        .delay(Duration::from_millis(20));
    let (alice, eve) = (host.open(bearer("alice")), host.open(bearer("eve")));
    host.clock().advance(Duration::from_millis(10));
    eve.local_response().assert_status(403);
    alice.assert_paused(Phase::RequestHeaders);
    host.clock().advance(Duration::from_millis(10));
    alice.upstream_request().assert_header("x-user", "alice");
}

#[test]
fn an_upstream_that_the_proxy_does_not_know_fails_closed() {
    let host = Host::builder::<Auth>().config(json!({ "cluster": "nobody" })).start();
    let exchange = host.exchange(bearer("alice"));
    exchange.local_response().assert_status(500);
    exchange.logs().assert_contains("the host did not make the call: bad argument");
}

#[test]
fn it_decides_on_each_host_that_has_callouts() {
    for profile in [Profile::ENVOY, Profile::NGX_WASM_MODULE, Profile::APISIX] {
        let host = with_one_user(Host::builder::<Auth>().profile(profile));
        host.exchange(bearer("alice")).upstream_request().assert_header("x-user", "alice");
        host.exchange(bearer("eve")).local_response().assert_status(403);
        // Whatever a failure looks like there.
        let exchange = host.exchange(bearer("late"));
        exchange.local_response().assert_status(500);
        exchange.assert_not_forwarded();
    }
}

#[test]
fn a_host_without_callouts_lets_nothing_through() {
    let host = with_one_user(Host::builder::<Auth>().profile(Profile::GOOGLE_SERVICE_EXTENSIONS));
    let exchange = host.exchange(bearer("alice"));
    exchange.local_response().assert_status(500);
    exchange.assert_not_forwarded();
    exchange.logs().assert_contains("the host did not make the call: unimplemented");
}

#[test]
fn it_does_the_same_on_every_host() {
    let scenario = |name| Scenario::new(name).config(config()).cluster("authz", decide);
    let runs = on_every_host::<Auth>(
        env!("CARGO_PKG_NAME"),
        [
            scenario("allowed").request(bearer("alice").header("x-user", "mallory")),
            scenario("allowed, with a body that arrives meanwhile").request(
                Request::post("/orders").header("authorization", "Bearer alice").chunks(["two ", "apples"]),
            ),
            scenario("denied").request(bearer("eve")).request(Request::get("/")),
            scenario("no user in the answer").request(bearer("robot").header("x-user", "mallory")),
            scenario("an answer that is none").request(bearer("broken")),
            scenario("a hung upstream").request(bearer("late")),
            Scenario::new("nobody listens")
                .config(config())
                .refusing_cluster("authz")
                .request(bearer("alice")),
            Scenario::new("an unknown upstream").config(config()).request(bearer("alice")),
            Scenario::new("a connection that breaks")
                .config(config())
                .cluster("authz", |_| Answer::Reset)
                .request(bearer("alice")),
        ],
    );
    assert_eq!(runs[0].callouts("authz").len(), 1);
}

#[test]
fn survives_what_took_others_down() {
    let scenario =
        Scenario::new("allowed").config(config()).cluster("authz", decide).request(bearer("alice"));
    explore::incidents(&Native::<Auth>::new(), &scenario).fail_closed().check();
}

#[test]
fn survives_each_failure_of_each_call() {
    let scenario = Scenario::new("allowed, denied, and neither")
        .config(config())
        .cluster("authz", decide)
        .request(bearer("alice").header("x-user", "mallory"))
        .request(bearer("eve"))
        .request(bearer("broken"))
        .request(bearer("late"));
    explore::faults(&Native::<Auth>::new(), &scenario).fail_closed().hostile().check();
}

#[test]
fn in_every_order_each_request_gets_its_own_answer() {
    let scenario = Scenario::new("three users")
        .config(config())
        .cluster("authz", decide)
        .request(bearer("alice").header("x-user", "mallory"))
        .request(Request::post("/orders").header("authorization", "Bearer robot").body("two apples"))
        .request(bearer("eve"));
    let module = WasmModule::build(env!("CARGO_PKG_NAME")).unwrap_or_else(|error| panic!("{error}"));
    let models: [(&dyn Model, usize); 2] = [(&Native::<Auth>::new(), 1000), (&Wasm::new(module), 100)];
    for (model, limit) in models {
        explore::orders(model, &scenario).limit(limit).disconnects().reconfigurations().check();
    }
}

#[test]
fn in_every_order_what_is_not_decided_fails_closed() {
    let scenario = Scenario::new("no decision")
        .config(config())
        .cluster("authz", decide)
        .request(bearer("late"))
        .request(bearer("broken"))
        .request(bearer("alice"));
    explore::orders(&Native::<Auth>::new(), &scenario).disconnects().check();
}
