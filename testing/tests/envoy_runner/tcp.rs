//! Extensions in the way of TCP connections.

use std::time::Duration;

use waxwing_testing::{Request, Run, Runner, Scenario, TcpScript};

use crate::module::Module;

/// Logs what the client sends, what the upstream sends, and the ends; otherwise it does nothing.
const LOGS: &str = r#"
    (data (i32.const 64) "client ended") (data (i32.const 80) "upstream ended") (data (i32.const 96) "done")
    (func (export "proxy_on_new_connection") (param i32) (result i32) (i32.const 0))
    (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
        (call $log_buffer (i32.const 1) (i32.const 2)) (i32.const 0))
    (func (export "proxy_on_upstream_data") (param i32 i32 i32) (result i32)
        (call $log_buffer (i32.const 2) (i32.const 3)) (i32.const 0))
    (func (export "proxy_on_downstream_connection_close") (param i32 i32)
        (drop (call $log (i32.const 3) (i32.const 64) (i32.const 12))))
    (func (export "proxy_on_upstream_connection_close") (param i32 i32)
        (drop (call $log (i32.const 3) (i32.const 80) (i32.const 14))))
    (func (export "proxy_on_log") (param i32)
        (drop (call $log (i32.const 3) (i32.const 96) (i32.const 4))))
"#;

fn run(module: &str, script: TcpScript) -> Run {
    Module::new(module).runner().run(&Scenario::new("a connection").connection(script))
}

fn lines(run: &Run, connection: usize) -> Vec<&str> {
    run.connections()[connection].logs().lines().iter().map(|line| line.message.as_str()).collect()
}

#[test]
fn bytes_pass_both_ways_in_the_pieces_in_which_they_were_sent() {
    let script = TcpScript::new()
        .client_sends("HELO ")
        .client_sends("example.com")
        .await_upstream(16)
        .upstream_sends("250 ")
        .upstream_sends("OK")
        .await_client(6);
    let run = run(LOGS, script);
    let connection = &run.connections()[0];
    assert_eq!(connection.upstream().received(), b"HELO example.com");
    assert_eq!(connection.client().received(), b"250 OK");
    assert!(connection.upstream().ended() && connection.client().ended());
    assert_eq!(lines(&run, 0)[..4], ["HELO ", "example.com", "250 ", "OK"]);
}

#[test]
fn a_side_that_has_ended_still_receives() {
    let script = TcpScript::new()
        .client_sends("question")
        .client_ends()
        .await_upstream_end()
        .upstream_sends("answer")
        .upstream_ends()
        .await_client_end();
    let run = run(LOGS, script);
    assert_eq!(run.connections()[0].client().received(), b"answer");
    assert_eq!(run.connections()[0].upstream().received(), b"question");
    assert_eq!(lines(&run, 0), ["question", "", "answer", "", "upstream ended", "client ended", "done"]);
}

#[test]
fn an_extension_that_holds_bytes_sees_more_of_them_each_time() {
    // Holds them until there are six.
    let module = r#"
        (func (export "proxy_on_downstream_data") (param i32) (param $size i32) (param i32) (result i32)
            (call $log_buffer (i32.const 1) (i32.const 2))
            (i32.lt_u (local.get $size) (i32.const 6)))
    "#;
    let run = run(module, TcpScript::new().client_sends("abc").client_sends("def").await_upstream(6));
    assert_eq!(lines(&run, 0)[..2], ["abc", "abcdef"]);
    assert_eq!(run.connections()[0].upstream().received(), b"abcdef");
}

#[test]
fn an_extension_may_hold_a_connection_for_ever() {
    let module = r#"(func (export "proxy_on_new_connection") (param i32) (result i32) (i32.const 1))"#;
    let run = run(module, TcpScript::new().client_sends("hello").wait(Duration::from_millis(10)));
    let connection = &run.connections()[0];
    assert!(!connection.client().ended());
    assert!(connection.upstream().received().is_empty());
}

/// Closes the connection at the first bytes of the client's.
fn closes() -> Module {
    Module::with_imports(
        r#"(import "env" "proxy_close_stream" (func $close (param i32) (result i32)))"#,
        r#"
        (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
            (drop (call $close (i32.const 2))) (i32.const 1))
        "#,
    )
}

#[test]
fn an_extension_may_close_the_connection() {
    let script = TcpScript::new().client_sends("hello").await_client_end();
    let run = closes().runner().run(&Scenario::new("closes").connection(script));
    let connection = &run.connections()[0];
    assert!(connection.client().ended() && connection.upstream().ended());
    assert!(connection.upstream().received().is_empty());
}

#[test]
fn connections_come_one_after_the_other() {
    let script = |text: &str| TcpScript::new().client_sends(text).await_upstream(text.len());
    let scenario = Scenario::new("two").connection(script("one")).connection(script("two"));
    let run = Module::new(LOGS).runner().run(&scenario);
    assert_eq!(lines(&run, 0)[0], "one");
    assert_eq!(lines(&run, 1)[0], "two");
}

#[test]
#[should_panic(expected = "here are both; make it two scenarios")]
fn requests_and_connections_do_not_go_together() {
    let scenario = Scenario::new("both").request(Request::get("/")).connection(TcpScript::new());
    Module::new(LOGS).runner().run(&scenario);
}

#[test]
#[should_panic(expected = "the upstream has received 5 bytes of 7 after 5s")]
fn bytes_that_do_not_come_are_an_error() {
    run(LOGS, TcpScript::new().client_sends("hello").await_upstream(7));
}
