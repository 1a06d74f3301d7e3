//! gRPC calls, and their servers.

use std::time::Duration;

use waxwing_testing::{GrpcAnswer, GrpcRequest, Request, Run, Runner, Scenario};

use crate::module::{Module, headers};

const IMPORTS: &str = r#"
    (import "env" "proxy_grpc_call"
        (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_grpc_stream" (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_grpc_send" (func $send (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_status" (func $status (param i32 i32 i32) (result i32)))
    (import "env" "proxy_set_effective_context" (func $act_on (param i32) (result i32)))
    (import "env" "proxy_continue_stream" (func $resume (param i32) (result i32)))
"#;

/// Logs for the root context all that comes from a server, and what a call has ended with: its status as a letter, A for 0,
/// and the message. Then the request goes on.
const CALLBACKS: &str = r#"
    (data (i32.const 64) "authz") (data (i32.const 80) "acme.Auth") (data (i32.const 96) "Check")
    (data (i32.const 112) "one") (data (i32.const 128) "two")
    (global $stream (mut i32) (i32.const 0))
    (func $go_on
        (drop (call $act_on (global.get $stream))) (drop (call $resume (i32.const 0))))
    (func (export "proxy_on_grpc_receive_initial_metadata") (param i32 i32 i32)
        (call $log_pairs (i32.const 1) (i32.const 4)))
    (func (export "proxy_on_grpc_receive_trailing_metadata") (param i32 i32 i32)
        (call $log_pairs (i32.const 2) (i32.const 5)))
    (func (export "proxy_on_grpc_close") (param i32 i32) (param $code i32)
        (i32.store8 (i32.const 8) (i32.add (i32.const 65) (local.get $code)))
        (drop (call $log (i32.const 4) (i32.const 8) (i32.const 1)))
        (i64.store (i32.const 0) (i64.const 0))
        (drop (call $status (i32.const 12) (i32.const 0) (i32.const 4)))
        (call $log_found (i32.const 5))
        (call $go_on))
"#;

/// Calls `acme.Auth/Check` with `one` for each request.
fn calls(timeout: u32) -> Module {
    let (data, length) = headers(256, &[("x-user", "ana")]);
    let rest = format!(
        r#"
        {data} {CALLBACKS}
        (func (export "proxy_on_grpc_receive") (param i32 i32 i32)
            (call $log_buffer (i32.const 3) (i32.const 5)) (call $go_on))
        (func (export "proxy_on_request_headers") (param $stream i32) (param i32 i32) (result i32)
            (global.set $stream (local.get $stream))
            (drop (call $call (i32.const 64) (i32.const 5) (i32.const 80) (i32.const 9) (i32.const 96) (i32.const 5)
                (i32.const 256) (i32.const {length}) (i32.const 112) (i32.const 3)
                (i32.const {timeout}) (i32.const 16)))
            (i32.const 1))
        "#
    );
    Module::with_imports(IMPORTS, &rest)
}

/// Opens a stream of `acme.Auth/Check` for each request, sends `one`, and `two` when the first message has come.
fn streams() -> Module {
    let rest = format!(
        r#"
        {CALLBACKS}
        (global $received (mut i32) (i32.const 0))
        (func (export "proxy_on_grpc_receive") (param i32 i32 i32)
            (call $log_buffer (i32.const 3) (i32.const 5))
            (if (i32.eqz (global.get $received)) (then
                (drop (call $send (i32.load (i32.const 16)) (i32.const 128) (i32.const 3) (i32.const 1)))))
            (global.set $received (i32.const 1)))
        (func (export "proxy_on_request_headers") (param $stream i32) (param i32 i32) (result i32)
            (global.set $stream (local.get $stream))
            (drop (call $open (i32.const 64) (i32.const 5) (i32.const 80) (i32.const 9) (i32.const 96) (i32.const 5)
                (i32.const 0) (i32.const 0) (i32.const 16)))
            (drop (call $send (i32.load (i32.const 16)) (i32.const 112) (i32.const 3) (i32.const 0)))
            (i32.const 1))
        "#
    );
    Module::with_imports(IMPORTS, &rest)
}

fn run(module: &Module, answer: impl Fn(&GrpcRequest) -> GrpcAnswer + Send + Sync + 'static) -> Run {
    let scenario = Scenario::new("a call").grpc_cluster("authz", answer).request(Request::get("/"));
    let run = module.runner().run(&scenario);
    run[0].response().assert_status(200);
    run
}

fn lines(run: &Run) -> Vec<String> {
    run.logs().lines().iter().map(|line| line.message.replace('\0', " ")).collect()
}

#[test]
fn a_unary_call_is_answered() {
    let run = run(&calls(1000), |request| {
        assert_eq!((request.service(), request.method()), ("acme.Auth", "Check"));
        GrpcAnswer::reply([b"you said ", request.messages()[0].as_slice()].concat())
    });
    assert_eq!(lines(&run), ["you said one"]);
    let expected = GrpcRequest::new("acme.Auth", "Check").metadata("x-user", "ana").message("one");
    assert_eq!(run.grpc_calls("authz"), [expected]);
    assert!(run.callouts("authz").is_empty());
}

#[test]
fn an_error_has_its_status_and_its_message() {
    let run = run(&calls(1000), |_| GrpcAnswer::error(7, "not you: 100%"));
    // Envoy adds where it is from, and leaves it escaped.
    assert_eq!(lines(&run), ["H", "not you: 100%25{via_upstream}"]);
}

#[test]
fn a_call_that_hangs_is_over_after_its_timeout() {
    let run = run(&calls(50), |_| GrpcAnswer::hang());
    // Unavailable, and not "deadline exceeded".
    assert_eq!(lines(&run), ["O", "upstream request timeout{response_timeout}"]);
    assert_eq!(run.grpc_calls("authz").len(), 1);
}

#[test]
fn a_reset_is_an_error() {
    let run = run(&calls(1000), |_| GrpcAnswer::reset());
    let lines = lines(&run);
    assert_eq!(lines[0], "O");
    assert!(lines[1].contains("reset reason: remote reset"), "{lines:?}");
}

#[test]
fn an_answer_that_takes_its_time_is_waited_for() {
    let run = run(&calls(1000), |_| GrpcAnswer::reply("late").after(Duration::from_millis(40)));
    assert_eq!(lines(&run), ["late"]);
}

#[test]
fn a_server_that_is_down_is_an_error() {
    let scenario = Scenario::new("down").refusing_cluster("authz").request(Request::get("/"));
    let run = calls(1000).runner().run(&scenario);
    let lines = lines(&run);
    assert_eq!(lines[0], "O");
    assert!(lines[1].contains("reset reason: remote connection failure"), "{lines:?}");
}

#[test]
fn a_stream_has_metadata_messages_and_a_status() {
    let run = run(&streams(), |_| {
        GrpcAnswer::stream().metadata("x-shard", "7").echo().message("bye").trailer("x-count", "2").end(0, "")
    });
    let lines = lines(&run);
    assert!(lines[0].contains("x-shard 7"), "{lines:?}");
    assert_eq!(lines[1..4], ["one", "two", "bye"]);
    assert!(lines[4].contains("x-count 2"), "{lines:?}");
    assert_eq!(lines[5..], ["A", "via_upstream"]);
    assert_eq!(run.grpc_calls("authz")[0].messages(), [b"one", b"two"]);
}

#[test]
fn a_server_may_wait_for_messages_and_for_the_end() {
    let run = run(&streams(), |request| {
        assert_eq!(request.messages(), [b"one"]);
        GrpcAnswer::stream().message("go on").await_messages(2).message("enough").await_end().end(3, "done")
    });
    let lines = lines(&run);
    assert_eq!(lines[1..3], ["go on", "enough"]);
    assert!(lines[3].contains("grpc-status 3 grpc-message done"), "{lines:?}");
    assert_eq!(lines[4..], ["D", "done{via_upstream}"]);
}

#[test]
fn an_assertion_in_a_server_fails_the_test() {
    let test = std::panic::AssertUnwindSafe(|| run(&calls(1000), |_| panic!("not what I expected")));
    let panic = std::panic::catch_unwind(test).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"not what I expected"));
}
