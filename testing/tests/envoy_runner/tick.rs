//! The timer of a root context, and its end.

use std::time::Duration;

use waxwing_testing::{Request, Run, Scenario};

use crate::module::Module;

/// Starts its timer with one period when it is configured and with another for each request, and does this in a tick.
fn ticks(configured: u32, requested: u32, in_tick: &str) -> Module {
    let imports = r#"
        (import "env" "proxy_set_tick_period_milliseconds" (func $period (param i32) (result i32)))
        (import "env" "proxy_done" (func $done (result i32)))
    "#;
    let rest = format!(
        r#"
        (data (i32.const 64) "tick") (data (i32.const 80) "0123456789")
        (global $ticks (mut i32) (i32.const 0))
        (func $log_number (param $number i32)
            (drop (call $log (i32.const 2) (i32.add (i32.const 80) (local.get $number)) (i32.const 1))))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (call $log_number (call $done))
            (drop (call $period (i32.const {configured})))
            (i32.const 1))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (drop (call $period (i32.const {requested})))
            (i32.const 0))
        (func (export "proxy_on_tick") (param i32)
            (drop (call $log (i32.const 2) (i32.const 64) (i32.const 4)))
            (global.set $ticks (i32.add (global.get $ticks) (i32.const 1)))
            {in_tick})
        "#
    );
    Module::with_imports(imports, &rest)
}

/// After a request, and the time in which every tick has come.
fn run(module: &Module) -> Run {
    module.agree(&Scenario::new("ticks").request(Request::get("/")).wait(Duration::from_millis(400)))
}

fn lines(run: &Run) -> Vec<&str> {
    run.logs().lines().iter().map(|line| line.message.as_str()).collect()
}

#[test]
fn a_timer_goes_on_until_it_is_stopped() {
    let stop_after_3 =
        "(if (i32.eq (global.get $ticks) (i32.const 3)) (then (drop (call $period (i32.const 0)))))";
    assert_eq!(lines(&run(&ticks(0, 50, stop_after_3))), ["1", "tick", "tick", "tick"]);
}

#[test]
fn a_stream_sets_the_period_of_its_root_context_anew() {
    let stop = "(drop (call $period (i32.const 0)))";
    assert_eq!(lines(&run(&ticks(60_000, 50, stop))), ["1", "tick"]);
}

#[test]
fn a_period_that_is_set_in_a_tick_holds_from_there_on() {
    let slow_down = "(drop (call $period (i32.const 60000)))";
    assert_eq!(lines(&run(&ticks(0, 50, slow_down))), ["1", "tick"]);
}

#[test]
fn a_root_context_that_is_not_asked_to_end_cannot_say_that_it_is_done() {
    // 1 is "not found".
    assert_eq!(lines(&run(&ticks(0, 0, ""))), ["1"]);
}
