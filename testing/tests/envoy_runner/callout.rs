//! Callouts, and their upstreams.

use std::time::{Duration, Instant};

use waxwing_testing::{Answer, LogLevel, Request, Response, Run, Scenario};

use crate::module::{Module, headers};

/// Asks the cluster `authz` with a body, holds the request until the answer is there, and logs the answer: its status
/// for the stream, its body for the root context. A request without a body does not wait.
fn asks(timeout: u32) -> Module {
    let imports = r#"
        (import "env" "proxy_http_call"
            (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_header_map_value" (func $value (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_set_effective_context" (func $act_on (param i32) (result i32)))
        (import "env" "proxy_continue_stream" (func $resume (param i32) (result i32)))
    "#;
    let (data, length) = headers(256, &[(":method", "POST"), (":path", "/check"), (":authority", "authz")]);
    let rest = format!(
        r#"
        {data}
        (data (i32.const 64) "authz") (data (i32.const 80) "who?") (data (i32.const 96) "refused") (data (i32.const 112) ":status")
        (global $stream (mut i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param $stream i32) (param i32 i32) (result i32)
            (global.set $stream (local.get $stream))
            (if (call $call (i32.const 64) (i32.const 5) (i32.const 256) (i32.const {length})
                    (i32.const 80) (i32.const 4) (i32.const 0) (i32.const 0)
                    (i32.const {timeout}) (i32.const 8))
                (then (drop (call $log (i32.const 4) (i32.const 96) (i32.const 7))) (return (i32.const 0))))
            (i32.sub (i32.const 1) (local.get 2)))
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
            (call $log_buffer (i32.const 2) (i32.const 4))
            (if (i32.eqz (call $act_on (global.get $stream))) (then
                (drop (call $value (i32.const 6) (i32.const 112) (i32.const 7) (i32.const 0) (i32.const 4)))
                (call $log_found (i32.const 1))
                (drop (call $resume (i32.const 0))))))
        "#
    );
    Module::with_imports(imports, &rest)
}

/// A request that waits for the callout: one that has a body.
fn waiting() -> Request {
    Request::post("/").body("x")
}

#[track_caller]
fn run(timeout: u32, scenario: &Scenario) -> Run {
    asks(timeout).agree(scenario)
}

#[track_caller]
fn assert_answer(run: &Run, request: usize, status: &str) {
    assert_eq!(run[request].logs().at(LogLevel::Debug), [status]);
}

#[test]
fn a_cluster_answers_and_tells_what_it_received() {
    let scenario = Scenario::new("answers")
        .cluster("authz", |request| Response::new(200).body(request.body_bytes()).into())
        .request(waiting())
        .request(waiting());
    let run = run(1000, &scenario);
    for request in 0..2 {
        run[request].response().assert_status(200).assert_body("x");
        assert_answer(&run, request, "200");
    }
    let lines: Vec<&str> = run.logs().lines().iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines, ["who?", "who?"]);
    let expected = Request::post("/check").header("content-length", "4").body("who?");
    assert_eq!(run.callouts("authz").len(), 2);
    for callout in run.callouts("authz") {
        let names = |request: &Request| -> Vec<Vec<u8>> {
            request
                .headers()
                .iter()
                .map(|(name, _)| name.to_vec())
                .filter(|name| name != b":scheme")
                .collect()
        };
        assert_eq!(names(callout), names(&expected), "{callout:?}");
        assert_eq!(callout.headers().get(":authority"), Some(&b"authz"[..]));
        assert_eq!(callout.body_bytes(), expected.body_bytes());
    }
}

#[test]
fn an_answer_that_takes_its_time_is_waited_for() {
    let start = Instant::now();
    let delay = Duration::from_millis(60);
    let scenario = Scenario::new("later")
        .cluster("authz", move |_| Answer::from(Response::new(204)).after(delay))
        .request(waiting());
    assert_answer(&run(1000, &scenario), 0, "204");
    assert!(start.elapsed() > delay);
}

#[test]
fn a_cluster_that_hangs_is_a_504_after_the_timeout() {
    let scenario = Scenario::new("hangs").cluster("authz", |_| Answer::Hang).request(waiting());
    let run = run(50, &scenario);
    assert_answer(&run, 0, "504");
    run.logs().assert_contains("upstream request timeout");
    assert_eq!(run.callouts("authz").len(), 1);
}

#[test]
fn a_connection_that_is_closed_is_a_503() {
    let run = run(1000, &Scenario::new("closes").cluster("authz", |_| Answer::Reset).request(waiting()));
    assert_answer(&run, 0, "503");
    run.logs().assert_contains("connection termination");
}

#[test]
fn an_answer_that_breaks_off_is_nothing() {
    let answer = Answer::BreakOff(Response::new(200).body("begun"));
    let scenario = Scenario::new("breaks off").cluster("authz", move |_| answer.clone()).request(waiting());
    let run = run(1000, &scenario);
    run[0].response().assert_status(200);
    assert!(run.logs().lines().iter().all(|line| line.message.is_empty()), "{}", run.logs());
    assert_eq!(run.callouts("authz").len(), 1);
}

#[test]
fn a_connection_that_is_refused_is_a_503() {
    let run = run(1000, &Scenario::new("is down").refusing_cluster("authz").request(waiting()));
    assert_answer(&run, 0, "503");
    run.logs().assert_contains("remote connection failure");
    assert!(run.callouts("authz").is_empty());
}

#[test]
fn a_cluster_that_nobody_knows_is_refused_at_once() {
    let run = run(1000, &Scenario::new("unknown").request(waiting()));
    run[0].logs().assert_contains("refused");
    run[0].response().assert_status(200);
}

#[test]
fn an_answer_after_the_end_of_the_stream_belongs_to_the_run() {
    let scenario = Scenario::new("late")
        .cluster("authz", |_| Answer::from(Response::new(200).body("late")).after(Duration::from_millis(80)))
        .request(Request::get("/"));
    let run = run(1000, &scenario);
    run[0].response().assert_status(200);
    run.logs().assert_contains("late");
}

#[test]
fn an_assertion_in_a_cluster_fails_the_test() {
    let scenario =
        Scenario::new("asserts").cluster("authz", |_| panic!("not what I expected")).request(waiting());
    let test = std::panic::AssertUnwindSafe(|| run(1000, &scenario));
    let panic = std::panic::catch_unwind(test).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"not what I expected"));
}

#[test]
#[should_panic(expected = "callouts were still under way")]
fn a_callout_that_never_ends_is_an_error() {
    run(0, &Scenario::new("forever").cluster("authz", |_| Answer::Hang).request(Request::get("/")));
}
