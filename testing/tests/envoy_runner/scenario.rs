//! Scenarios, as all hosts run them.

use waxwing_testing::envoy::Envoy;
use waxwing_testing::{Outcome, Request, Response, Runner, Scenario};

use crate::module::Module;

/// Answers a request with a body by itself, logs the configuration, and counts nothing.
const REFUSES_BODIES: &str = r#"
    (data (i32.const 64) "no body, please")
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (call $log_buffer (i32.const 2) (i32.const 7)) (i32.const 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (if (local.get 2) (then (return (i32.const 0))))
        (drop (call $log (i32.const 3) (i32.const 64) (i32.const 15)))
        (drop (call $respond (i32.const 413) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const -1)))
        (i32.const 1))
"#;

#[test]
fn a_scenario_gives_an_exchange_for_each_request() {
    let module = Module::new(REFUSES_BODIES);
    let scenario = Scenario::new("refuses bodies")
        .config("{}")
        .request(Request::get("/orders"))
        .request(Request::post("/orders").body("apples"))
        .origin(|request| Response::new(200).body(request.path()));
    let run = module.runner().run(&scenario);

    assert_eq!(run.exchanges().len(), 2);
    run[0].response().assert_status(200).assert_body("/orders");
    run[0].upstream_request().assert_path("/orders");
    assert_eq!(run[0].outcome(), Outcome::Forwarded);
    assert!(run[0].logs().lines().is_empty());

    run[1].response().assert_status(413);
    assert_eq!(run[1].outcome(), Outcome::Local);
    run[1].assert_not_forwarded();
    run[1].logs().assert_contains("no body, please");
}

#[test]
fn two_runs_are_the_same() {
    let module = Module::new(REFUSES_BODIES);
    let scenario = Scenario::new("twice").request(Request::get("/")).request(Request::post("/").body("x"));
    scenario.compare(&[&module.runner(), &module.runner()]);
}

#[test]
#[should_panic(expected = "sets properties, and a real Envoy has its own")]
fn properties_cannot_be_set() {
    let request = Request::get("/").property(["source", "address"], "10.0.0.7:4711");
    Envoy::new("unused.wasm").run(&Scenario::new("from elsewhere").request(request));
}
