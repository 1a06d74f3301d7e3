//! Who gets in, with which keys, and who does not.

use super::Jwks;
use super::token::tests::{key_set, sign, token};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use waxwing_testing::envoy::Envoy;
use waxwing_testing::explore::{self, Model};
use waxwing_testing::matching::any;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{
    Answer, Host, HostBuilder, Native, Phase, Profile, Request, Response, Run, Runner, Scenario, Upstream,
    Value, Wasm, json, on_each_host,
};

fn config() -> Value {
    json!({
        "cluster": "issuer", "issuer": "https://issuer.example", "audience": "shop", "timeout_milliseconds": 200,
        "refresh_seconds": 60, "retry_milliseconds": 100, "max_age_seconds": 120
    })
}

fn with(changes: &Value) -> Value {
    let mut config = config();
    let (Some(members), Some(changes)) = (config.as_object_mut(), changes.as_object()) else {
        panic!("a configuration is an object")
    };
    members.extend(changes.clone());
    config
}

fn key_one() -> Answer {
    Response::new(200).header("content-type", "application/json").body(key_set(&[1])).into()
}

/// A host whose issuer answers like this, and which has fetched what comes at once.
fn start(host: HostBuilder, issuer: impl Fn(&Request) -> Answer + 'static) -> Host {
    let host = host.cluster("issuer", issuer).start();
    pass(&host, 0);
    host
}

fn pass(host: &Host, milliseconds: u64) {
    host.clock().advance(Duration::from_millis(milliseconds));
}

fn with_token(token: &str) -> Request {
    Request::get("/orders").header("authorization", format!("Bearer {token}")).header("x-user", "mallory")
}

fn alice() -> Request {
    with_token(&token(json!({})))
}

/// A token that the key of this number has signed, and that names it.
fn signed_by(number: u8) -> String {
    let claims =
        json!({ "iss": "https://issuer.example", "aud": "shop", "sub": "alice", "exp": 4_102_444_800_u32 });
    sign(&json!({ "alg": "EdDSA", "kid": number.to_string() }), &claims, number)
}

fn issuers(host: &Host) -> Upstream {
    host.upstream("issuer")
}

on_each_host! {
    extension: Jwks,
    package: "jwks",

    fn the_subject_of_a_token_goes_on_in_place_of_a_forged_one(host) {
        let host = start(host.config(config()), |_| key_one());
        let exchange = host.exchange(alice());
        exchange.upstream_request().assert_header("x-user", "alice").assert_path("/orders");
        exchange.response().assert_status(200);
        let request = Request::get("/").header("authorization", format!("bearer  {}", signed_by(1)));
        host.exchange(request).upstream_request().assert_header("x-user", "alice");
    }

    fn without_a_good_token_nothing_goes_on(host) {
        let host = start(host.config(config()), |_| key_one());
        for (token, why) in [
            (signed_by(2), "the token is not accepted: nobody knows its key"),
            (token(json!({ "exp": 1_000_000_000 })), "the token is not accepted: it has expired"),
            (token(json!({ "nbf": 4_000_000_000_u32 })), "the token is not accepted: it is not valid yet"),
            (token(json!({ "iss": "https://other.example" })), "the token is not accepted: it is from another issuer"),
            (token(json!({ "aud": "bank" })), "the token is not accepted: it is for another audience"),
            ("alice".into(), "the token is not accepted: it is no JSON Web Token"),
            (String::new(), "the token is not accepted: it is no JSON Web Token"),
        ] {
            let exchange = host.exchange(with_token(&token));
            let response = exchange.local_response();
            response.assert_status(401).assert_body(why).assert_details("jwks_denied");
            response.assert_header("www-authenticate", "Bearer error=\"invalid_token\"");
            exchange.assert_not_forwarded();
        }
        for request in [Request::get("/"), Request::get("/").header("authorization", "Basic YWxpY2U6")] {
            let exchange = host.exchange(request.header("x-user", "mallory"));
            exchange.local_response().assert_status(401).assert_header("www-authenticate", "Bearer");
            exchange.assert_not_forwarded();
        }
    }

    fn requests_wait_for_the_first_keys(host) {
        let host = start(host.config(config()), |_| key_one().after(Duration::from_millis(50)));
        let (good, bad) = (host.open(alice()), host.open(with_token(&signed_by(2))));
        good.assert_paused(Phase::RequestHeaders);
        pass(&host, 49);
        good.assert_paused(Phase::RequestHeaders);
        pass(&host, 1);
        good.finish().upstream_request().assert_header("x-user", "alice");
        bad.finish().local_response().assert_status(401);
    }

    fn or_they_are_denied_if_that_is_configured(host) {
        let config = with(&json!({ "while_starting": "deny" }));
        let host = start(host.config(config), |_| key_one().after(Duration::from_millis(50)));
        let exchange = host.exchange(alice());
        exchange.local_response().assert_status(503).assert_details("jwks_no_keys");
        exchange.assert_not_forwarded();
        pass(&host, 50);
        host.exchange(alice()).upstream_request().assert_header("x-user", "alice");
    }

    fn an_issuer_that_hangs_denies_all_and_is_asked_again(host) {
        let calls = AtomicUsize::new(0);
        let host = start(host.config(config()), move |_| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::Hang,
            _ => key_one(),
        });
        let stream = host.open(alice());
        pass(&host, 199);
        stream.assert_paused(Phase::RequestHeaders);
        pass(&host, 1);
        let exchange = stream.finish();
        exchange.local_response().assert_status(503);
        exchange.assert_not_forwarded();
        host.exchange(alice()).local_response().assert_status(503);
        pass(&host, 100);
        host.exchange(alice()).upstream_request().assert_header("x-user", "alice");
        assert_eq!(issuers(&host).calls().len(), 2);
        host.logs().assert_contains("the keys were not fetched: the upstream did not answer in time");
    }

    fn keys_are_fetched_anew_and_old_ones_are_no_more(host) {
        let calls = AtomicUsize::new(0);
        let host = start(host.config(config()), move |_| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => key_one(),
            _ => Response::new(200).body(key_set(&[2])).into(),
        });
        host.exchange(with_token(&signed_by(2))).local_response().assert_status(401);
        pass(&host, 60_000);
        host.exchange(with_token(&signed_by(2))).upstream_request().assert_header("x-user", "alice");
        host.exchange(with_token(&signed_by(1))).local_response().assert_status(401);
    }

    fn a_key_that_nobody_knows_has_the_set_fetched_and_its_request_waits(host) {
        let calls = AtomicUsize::new(0);
        let host = start(host.config(config()), move |_| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => key_one(),
            _ => Answer::from(Response::new(200).body(key_set(&[1, 2]))).after(Duration::from_millis(50)),
        });
        host.exchange(with_token(&signed_by(2))).local_response().assert_status(401);
        pass(&host, 10_000);
        let stream = host.open(with_token(&signed_by(2)));
        pass(&host, 49);
        stream.assert_paused(Phase::RequestHeaders);
        // Whoever has a key that is known does not wait, and nobody else asks.
        host.exchange(alice()).upstream_request().assert_header("x-user", "alice");
        let other = host.exchange(with_token(&signed_by(2)));
        other.local_response().assert_status(503).assert_header("retry-after", "1").assert_details("jwks_looking");
        other.assert_not_forwarded();
        pass(&host, 1);
        stream.finish().upstream_request().assert_header("x-user", "alice");
        host.exchange(with_token(&signed_by(3))).local_response().assert_status(401);
        assert_eq!(issuers(&host).calls().len(), 2);
    }

    fn a_key_that_cannot_be_looked_for_is_denied_in_time(host) {
        let calls = AtomicUsize::new(0);
        let host = start(host.config(config()), move |_| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => key_one(),
            _ => Answer::Hang,
        });
        pass(&host, 10_000);
        let stream = host.open(with_token(&signed_by(2)));
        pass(&host, 199);
        stream.assert_paused(Phase::RequestHeaders);
        pass(&host, 1);
        let exchange = stream.finish();
        exchange.local_response().assert_status(401);
        exchange.assert_not_forwarded();
        host.exchange(alice()).upstream_request().assert_header("x-user", "alice");
    }

    fn keys_that_cannot_be_fetched_anew_are_used_until_they_are_too_old(host) {
        let calls = AtomicUsize::new(0);
        let host = start(host.config(config()), move |_| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => key_one(),
            _ => Response::new(500).into(),
        });
        pass(&host, 119_999);
        host.exchange(alice()).upstream_request().assert_header("x-user", "alice");
        pass(&host, 1);
        let exchange = host.exchange(alice());
        exchange.local_response().assert_status(503);
        exchange.assert_not_forwarded();
        host.logs().assert_contains("the keys were not fetched: status 500");
    }

    fn what_is_no_key_set_denies_all(host) {
        let host = host.config(config()).start();
        issuers(&host).on(any()).reply(Response::new(200).body("<html>"));
        pass(&host, 1000);
        host.exchange(alice()).local_response().assert_status(503);
        host.logs().assert_contains("it is no JSON Web Key Set (line 1, column 1)");
    }
}

#[test]
fn each_worker_fetches_the_keys_once_at_its_start() {
    let host = start(Host::builder::<Jwks>().config(config()).workers(2), |_| key_one());
    for worker in [0, 1] {
        for _ in 0..3 {
            host.worker(worker).exchange(alice()).upstream_request().assert_header("x-user", "alice");
        }
    }
    let calls = issuers(&host).calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].path(), "/.well-known/jwks.json");
    assert_eq!(calls[0].headers().get(":authority"), Some(&b"issuer"[..]));
    assert_eq!(calls[0].headers().get("authorization"), None);
}

#[test]
fn while_the_issuer_is_down_it_is_asked_at_the_pace_of_the_retries() {
    let host = start(Host::builder::<Jwks>().config(config()), |_| Response::new(503).into());
    pass(&host, 61_000);
    assert_eq!(issuers(&host).calls().len(), 1 + 610);
}

#[test]
fn forged_tokens_do_not_hammer_the_issuer() {
    let host = start(Host::builder::<Jwks>().config(config()), |_| key_one());
    for _ in 0..300 {
        host.exchange(with_token(&signed_by(3))).assert_not_forwarded();
        host.exchange(alice()).upstream_request().assert_header("x-user", "alice");
        pass(&host, 100);
    }
    // At the start, and then ten seconds after the one before at the soonest.
    assert_eq!(issuers(&host).calls().len(), 3);
}

#[test]
fn a_client_that_goes_away_while_its_key_is_looked_for_is_in_nobodys_way() {
    let calls = AtomicUsize::new(0);
    let host = start(Host::builder::<Jwks>().config(config()), move |_| {
        match calls.fetch_add(1, Ordering::Relaxed) {
            0 => key_one(),
            1 => Answer::Hang,
            _ => Response::new(200).body(key_set(&[2])).into(),
        }
    });
    pass(&host, 10_000);
    let stream = host.open(with_token(&signed_by(2)));
    stream.assert_paused(Phase::RequestHeaders);
    stream.disconnect();
    pass(&host, 10_000);
    let stream = host.open(with_token(&signed_by(2)));
    pass(&host, 0);
    stream.finish().upstream_request().assert_header("x-user", "alice");
}

#[test]
fn an_issuer_that_the_proxy_does_not_know_denies_all() {
    let host = Host::builder::<Jwks>().config(config()).start();
    let exchange = host.exchange(alice());
    exchange.local_response().assert_status(503);
    exchange.assert_not_forwarded();
    host.logs().assert_contains("the host did not make the call: bad argument");
}

#[test]
fn on_a_host_without_timers_or_callouts_it_denies_all() {
    for profile in [Profile::APISIX, Profile::GOOGLE_SERVICE_EXTENSIONS] {
        let host = Host::builder::<Jwks>().profile(profile).config(config()).start();
        let exchange = host.exchange(alice());
        exchange.local_response().assert_status(503);
        exchange.assert_not_forwarded();
        host.logs().assert_contains("unimplemented");
    }
}

#[test]
fn a_configuration_that_lets_in_too_many_or_nobody_is_refused() {
    for (changes, why) in [
        (json!({ "issuer": "" }), "`issuer` and `audience` must not be empty"),
        (json!({ "refresh_seconds": 0 }), "must be at least 1"),
        (json!({ "unknown_key_seconds": 0 }), "`unknown_key_seconds` must be at least 1"),
        (json!({ "max_age_seconds": 60 }), "`max_age_seconds` must be more than `refresh_seconds`"),
        (json!({ "while_starting": "wait" }), "unknown variant, expected `hold` or `deny`"),
        (json!({ "key": "?" }), "unknown field `key`"),
    ] {
        let error = Host::builder::<Jwks>().config(with(&changes)).try_start().unwrap_err();
        error.logs().assert_contains(why);
    }
}

fn scenario(name: &str) -> Scenario {
    Scenario::new(name).config(config()).cluster("issuer", |_| key_one())
}

/// Runs tests natively, on the built module and in Envoy. What each host has called is not compared: Envoy also starts the extension on
/// its main thread, to try it, where it fetches the keys as well.
fn on_each_runner(test: impl Fn(&dyn Runner)) {
    let module = WasmModule::build("jwks").unwrap_or_else(|error| panic!("{error}"));
    let runners: [&dyn Runner; 3] =
        [&Native::<Jwks>::new(), &Wasm::new(module.clone()), &Envoy::new(module.name())];
    runners.into_iter().for_each(test);
}

/// With a timeout that a slow machine keeps.
fn patient() -> Value {
    with(&json!({ "timeout_milliseconds": 10_000 }))
}

#[test]
fn every_host_lets_in_who_has_a_token_and_nobody_else() {
    on_each_runner(|host| {
        let run = host.run(
            &Scenario::new("tokens")
                .config(patient())
                .cluster("issuer", |_| key_one())
                .request(alice())
                .request(with_token(&token(json!({ "sub": "bo" }))))
                .request(Request::get("/orders").header("x-user", "mallory"))
                .request(with_token(&signed_by(2)))
                .request(with_token(&token(json!({ "exp": 1_000_000_000 }))))
                .request(with_token("alice")),
        );
        run[0].upstream_request().assert_header("x-user", "alice");
        run[1].upstream_request().assert_header("x-user", "bo");
        for denied in &run.exchanges()[2..] {
            denied.local_response().assert_status(401);
            denied.assert_not_forwarded();
        }
    });
}

#[test]
fn on_every_host_a_request_waits_for_the_keys_with_its_body() {
    on_each_runner(|host| {
        let later = Duration::from_millis(150);
        let upload = Request::post("/orders").header("authorization", format!("Bearer {}", signed_by(1)));
        let run = host.run(
            &Scenario::new("slow keys")
                .config(patient())
                .cluster("issuer", move |_| key_one().after(later))
                .request(upload.chunks(["two ", "apples"])),
        );
        run[0].upstream_request().assert_header("x-user", "alice").assert_body("two apples");
    });
}

#[test]
fn on_every_host_keys_that_did_not_come_are_fetched_again() {
    on_each_runner(|host| {
        let calls = AtomicUsize::new(0);
        let run = host.run(
            &Scenario::new("keys that come late")
                .config(patient())
                // More than an Envoy with one worker makes of them before that worker has made its first.
                .cluster("issuer", move |_| match calls.fetch_add(1, Ordering::Relaxed) {
                    0..10 => Response::new(200).body("{\"keys\":[]}").into(),
                    _ => key_one(),
                })
                .wait(Duration::from_secs(3))
                .request(alice()),
        );
        run[0].upstream_request().assert_header("x-user", "alice");
        run.logs()
            .assert_contains("the keys were not fetched: it has no Ed25519 key with an id, for signatures");
    });
}

#[test]
fn on_every_host_an_issuer_that_is_down_denies_all() {
    on_each_runner(|host| {
        let scenario = || Scenario::new("no issuer").config(config()).request(alice());
        for scenario in [scenario(), scenario().refusing_cluster("issuer")] {
            let run = host.run(&scenario);
            run[0].local_response().assert_status(503);
            run[0].assert_not_forwarded();
        }
    });
}

#[test]
fn survives_what_took_others_down() {
    let scenario = scenario("a token").request(alice());
    explore::incidents(&Native::<Jwks>::new(), &scenario).fail_closed().check();
}

#[test]
fn survives_each_failure_of_each_call() {
    let scenario = scenario("one is good, and three are not")
        .request(alice())
        .request(with_token(&signed_by(2)))
        .request(with_token(&token(json!({ "exp": 1_000_000_000 }))))
        .request(Request::get("/orders").header("x-user", "mallory"));
    explore::faults(&Native::<Jwks>::new(), &scenario).fail_closed().hostile().check();
}

#[test]
fn in_every_order_the_good_token_gets_in_and_the_other_does_not() {
    let scenario = scenario("three requests")
        .request(alice())
        .request(
            Request::post("/orders")
                .header("authorization", format!("Bearer {}", token(json!({ "sub": "bo" }))))
                .body("two apples"),
        )
        .request(with_token(&signed_by(2)));
    let module = WasmModule::build("jwks").unwrap_or_else(|error| panic!("{error}"));
    // The interpreter of a debug build takes seconds for a signature.
    let models: [(&dyn Model, usize); 2] = [(&Native::<Jwks>::new(), 500), (&Wasm::new(module), 2)];
    for (model, limit) in models {
        explore::orders(model, &scenario).limit(limit).disconnects().reconfigurations().check();
    }
}

#[test]
fn in_every_order_nobody_gets_in_without_keys() {
    let scenario = Scenario::new("no keys")
        .config(config())
        .cluster("issuer", |_| Response::new(500).into())
        .workers(2)
        .request(alice())
        .request(alice())
        .request(with_token(&signed_by(2)));
    let nobody = |run: &Run| assert!(run.exchanges().iter().all(|exchange| !exchange.reached_upstream()));
    explore::orders(&Native::<Jwks>::new(), &scenario).disconnects().check_each(nobody).check();
}
