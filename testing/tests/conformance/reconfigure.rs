//! A new configuration while the proxy runs.

use std::time::Duration;

use waxwing_testing::{Answer, TcpScript};
use waxwing_timed::Timed;

use super::*;

#[test]
fn streams_follow_the_script_that_is_there_when_they_begin() {
    compare([
        scenario("a new script", "request-headers add 0 x-script one")
            .request(without_body())
            .reconfigure("request-headers add 0 x-script two")
            .request(with_body())
            .reconfigure("request-headers reply 403 three")
            .request(full()),
        scenario("a new script for two workers", "request-headers add 0 x-script one")
            .workers(2)
            .reconfigure("request-headers add 0 x-script two")
            .request(without_body())
            .request_to(1, without_body()),
    ]);
}

#[test]
fn a_callout_of_a_root_context_that_has_been_replaced() {
    let script = "log call authz GET / 1000\ncall-response status";
    compare([scenario("a callout that a new configuration overtakes", script)
        .cluster("authz", |_| Answer::from(Response::new(200)).after(Duration::from_millis(200)))
        .request(without_body())
        .reconfigure("log value 2 :status")
        .request(without_body())
        .wait(Duration::from_millis(300))]);
}

#[test]
fn timers_end_with_their_configuration() {
    let run = on_every_host::<Timed>(
        "waxwing-timed",
        [Scenario::new("timers of two configurations")
            .config("every 300")
            .request(without_body())
            .reconfigure("once 200")
            .request(without_body())
            .wait(Duration::from_millis(500))
            .request(without_body())],
    )
    .remove(0);
    let lines: Vec<&str> = run.logs().lines().iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines, ["once 200"]);
}

#[test]
fn connections_follow_the_script_that_is_there_when_they_begin() {
    let connection = || TcpScript::new().client_sends("hello").await_upstream(5);
    compare([scenario("a new script for connections", "downstream-data bytes 9 0 100")
        .connection(connection())
        .reconfigure("new-connection property source address")
        .connection(connection())]);
}

#[test]
fn a_new_configuration_after_a_trap() {
    let runs = on_every_host::<Probe>(
        "waxwing-probe",
        [scenario("a new configuration after a trap", "request-headers panic")
            .expect_trap("the script says so")
            .request(without_body())
            .reconfigure("request-headers add 0 x-script two")
            .request(without_body())],
    );
    runs[0][1].response().assert_status(200);
}

#[test]
fn a_root_context_that_puts_off_its_end() {
    // It ticks on, until it says that it is done: then there is no second time.
    let done =
        "configure timer 1000\nroot-done later\nroot-done value 0 :path\ntimer timer 1000\ntimer root-done";
    let never = "configure timer 1000\nroot-done later\nroot-done value 0 :path\ntimer value 0 :path";
    let replaced = |name: &str, script: &str, wait: u64| {
        scenario(name, script)
            .request(without_body())
            .reconfigure("log value 2 :status")
            .request(without_body())
            .wait(Duration::from_millis(wait))
            .request(without_body())
    };
    compare([
        replaced("a root context puts off its end", done, 2500),
        replaced("a root context does not end", never, 1500),
    ]);
}
