//! What the header has, and what it has not.

use super::Aggregate;
use std::time::Duration;
use waxwing_testing::explore::{self, Model};
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{
    Answer, Host, HostBuilder, Metric, Native, Phase, Profile, Request, Response, Run, Scenario, Value, Wasm,
    json, metric_name, on_each_host, on_every_host,
};

fn config() -> Value {
    json!({
        "sources": [{ "name": "price", "cluster": "prices" }, { "name": "stock", "cluster": "stocks", "path": "/left" }],
        "deadline_milliseconds": 100
    })
}

/// Both answer by the path of the request: `/price/stock`.
fn start(host: HostBuilder) -> Host {
    host.config(config())
        .cluster("prices", |call| answer(call, 1))
        .cluster("stocks", |call| answer(call, 2))
        .start()
}

fn answer(call: &Request, part: usize) -> Answer {
    let path = call.headers().get("x-original-path").unwrap_or_default();
    let path = String::from_utf8_lossy(path);
    let after = |time| Answer::from(Response::new(200).body("slow")).after(Duration::from_millis(time));
    match path.split('/').nth(part).unwrap_or_default() {
        "early" => after(20),
        "late" => after(2000),
        "never" => Answer::Hang,
        "breaks" => Answer::Reset,
        "fails" => Response::new(500).body("1").into(),
        "empty" => Response::new(200).into(),
        "quoted" => Response::new(200).body("a \"b\" \\c\n").into(),
        "bytes" => Response::new(200).body(b"\xff\n\xff").into(),
        "lines" => Response::new(200).body("1\r\nx-admin: 1").into(),
        "large" => Response::new(200).body("1".repeat(257)).into(),
        value => Response::new(200).body(value.as_bytes()).into(),
    }
}

fn missing(source: &str) -> String {
    metric_name("aggregate_missing_total", [("source", source)])
}

#[track_caller]
fn assert_missing(host: &Host, price: u64, stock: u64) {
    host.assert_metric(missing("price"), Metric::Counter(price));
    host.assert_metric(missing("stock"), Metric::Counter(stock));
}

on_each_host! {
    extension: Aggregate,
    package: "aggregate",

    fn both_answers_are_in_one_header(host) {
        let host = start(host);
        let exchange = host.exchange(Request::get("/12.50/7"));
        exchange.response().assert_status(200).assert_header("x-aggregate", "price=\"12.50\", stock=\"7\"");
        let exchange = host.exchange(Request::get("/quoted/7"));
        exchange.response().assert_header("x-aggregate", r#"price="a \"b\" \\c", stock="7""#);
        assert_missing(&host, 0, 0);
    }

    fn what_is_no_value_of_a_header_is_left_out_and_counted(host) {
        let host = start(host);
        for path in ["/fails/7", "/breaks/7", "/empty/7", "/bytes/7", "/lines/7", "/large/7"] {
            let exchange = host.exchange(Request::get(path));
            exchange.response().assert_header("x-aggregate", "stock=\"7\"");
        }
        assert_missing(&host, 6, 0);
        host.exchange(Request::get("/1/fails")).response().assert_header("x-aggregate", "price=\"1\"");
        assert_missing(&host, 6, 1);
    }

    fn the_response_waits_for_both_until_the_deadline(host) {
        let host = start(host);
        let stream = host.open(Request::get("/early/never"));
        assert!(stream.reached_upstream());
        stream.assert_paused(Phase::ResponseHeaders);
        host.clock().advance(Duration::from_millis(99));
        stream.assert_paused(Phase::ResponseHeaders);
        host.clock().advance(Duration::from_millis(1));
        stream.finish().response().assert_status(200).assert_header("x-aggregate", "price=\"slow\"");
        assert_missing(&host, 0, 1);
    }

    fn without_any_answer_there_is_no_header_and_none_of_the_upstreams(host) {
        let host = start(host.origin(|_| Response::new(200).header("x-aggregate", "price=\"1\"")));
        let stream = host.open(Request::get("/late/never"));
        host.clock().advance(Duration::from_millis(100));
        stream.finish().response().assert_status(200).assert_no_header("x-aggregate");
        assert_missing(&host, 1, 1);
        host.exchange(Request::get("/2/3")).response().assert_header("x-aggregate", "price=\"2\", stock=\"3\"");
    }
}

#[test]
fn both_are_asked_at_once_and_for_the_path_alone() {
    let host = start(Host::builder::<Aggregate>());
    let _waiting = host.open(Request::get("/late/late").header("cookie", "secret"));
    for (cluster, path) in [("prices", "/"), ("stocks", "/left")] {
        let calls = host.upstream(cluster).calls();
        assert_eq!((calls.len(), calls[0].path()), (1, path.into()));
        assert_eq!(calls[0].headers().get("x-original-path"), Some(&b"/late/late"[..]));
        assert_eq!(calls[0].headers().get("cookie"), None);
    }
}

#[test]
fn a_response_that_takes_longer_than_the_answers_is_not_held() {
    let host = start(Host::builder::<Aggregate>());
    let stream = host.begin();
    stream.send_request(&Request::get("/1/never"));
    host.clock().advance(Duration::from_millis(300));
    stream.send_response(&Response::new(200));
    stream.finish().response().assert_header("x-aggregate", "price=\"1\"");
}

#[test]
fn upstreams_that_the_proxy_does_not_know_are_missing() {
    let host =
        Host::builder::<Aggregate>().config(config()).cluster("stocks", |call| answer(call, 2)).start();
    host.exchange(Request::get("/1/2")).response().assert_header("x-aggregate", "stock=\"2\"");
    assert_missing(&host, 1, 0);
}

#[test]
fn where_there_are_no_callouts_the_response_passes_without_the_header() {
    let host = Host::builder::<Aggregate>().profile(Profile::GOOGLE_SERVICE_EXTENSIONS);
    let error = host.config(config()).try_start().unwrap_err();
    error.logs().assert_contains("proxy_define_metric: unimplemented");
    let host = start(Host::builder::<Aggregate>().profile(Profile::APISIX));
    host.exchange(Request::get("/1/2")).response().assert_header("x-aggregate", "price=\"1\", stock=\"2\"");
}

#[test]
fn a_configuration_that_would_lose_an_answer_is_refused() {
    let source = |name: &str| json!({ "name": name, "cluster": "c" });
    for (config, why) in [
        (json!({ "sources": [source("a"), source("a")] }), "both sources have the same `name`"),
        (json!({ "sources": [source("a"), source("B")] }), "is a key in the header"),
        (json!({ "sources": [source("a"), source("")] }), "is a key in the header"),
        (json!({ "sources": [source("a")] }), "invalid length"),
        (
            json!({ "sources": [source("a"), source("b")], "header": "x y" }),
            "`header` is the name of a header",
        ),
        (json!({ "sources": [source("a"), source("b")], "deadline_milliseconds": 0 }), "must be at least 1"),
    ] {
        let error = Host::builder::<Aggregate>().config(config).try_start().unwrap_err();
        error.logs().assert_contains(why);
    }
}

/// With a deadline that upstreams on a slow machine keep.
fn scenario(name: &str) -> Scenario {
    let mut config = config();
    config["deadline_milliseconds"] = json!(600);
    Scenario::new(name)
        .config(config)
        .cluster("prices", |call| answer(call, 1))
        .cluster("stocks", |call| answer(call, 2))
        .metric(missing("price"))
        .metric(missing("stock"))
}

#[test]
fn it_does_the_same_on_every_host() {
    let runs = on_every_host::<Aggregate>(
        "aggregate",
        [
            scenario("both")
                .request(Request::get("/12.50/7"))
                .request(Request::post("/quoted/1").chunks(["a", "b"])),
            scenario("one is slow, one too slow").request(Request::get("/early/late")),
            scenario("neither").request(Request::get("/never/breaks")).request(Request::get("/bytes/fails")),
            scenario("the response takes longer")
                .origin(|_| Answer::from(Response::new(200).body("late")).after(Duration::from_millis(900)))
                .request(Request::get("/early/never")),
            Scenario::new("nobody listens")
                .config(config())
                .refusing_cluster("prices")
                .refusing_cluster("stocks")
                .metric(missing("price"))
                .request(Request::get("/1/2")),
        ],
    );
    runs[0][0].response().assert_header("x-aggregate", "price=\"12.50\", stock=\"7\"");
    assert_eq!(runs[1].metric(&missing("stock")), Some(Metric::Counter(1)));
    assert_eq!(runs[2].metric(&missing("price")), Some(Metric::Counter(2)));
}

#[test]
fn survives_what_took_others_down() {
    let scenario = scenario("both").request(Request::get("/1/2"));
    explore::incidents(&Native::<Aggregate>::new(), &scenario).check();
}

#[test]
fn survives_each_failure_of_each_call() {
    let scenario = scenario("all kinds")
        .request(Request::get("/1/2"))
        .request(Request::post("/early/late").body("x"))
        .request(Request::get("/breaks/fails"));
    explore::faults(&Native::<Aggregate>::new(), &scenario).fail_open().hostile().check();
}

#[test]
fn in_every_order_each_request_gets_its_own_answers() {
    let scenario = scenario("three requests")
        .workers(2)
        .request(Request::get("/1/2"))
        .request(Request::post("/early/never").body("two apples"))
        .request(Request::get("/fails/3"));
    let module = WasmModule::build("aggregate").unwrap_or_else(|error| panic!("{error}"));
    let models: [(&dyn Model, usize); 2] = [(&Native::<Aggregate>::new(), 1000), (&Wasm::new(module), 100)];
    for (model, limit) in models {
        explore::orders(model, &scenario).limit(limit).disconnects().reconfigurations().check();
    }
}

#[test]
fn in_every_order_what_is_missing_is_counted_once() {
    let scenario = scenario("three requests")
        .request(Request::get("/1/never"))
        .request(Request::get("/late/2"))
        .request(Request::get("/fails/breaks"));
    let counted = |run: &Run| {
        for source in ["price", "stock"] {
            assert_eq!(run.metric(&missing(source)), Some(Metric::Counter(2)));
        }
    };
    explore::orders(&Native::<Aggregate>::new(), &scenario).check_each(counted).check();
}
