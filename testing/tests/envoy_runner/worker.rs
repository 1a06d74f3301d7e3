//! Several workers, and time.

use std::time::Duration;

use waxwing_testing::{Request, Runner, Scenario};

use crate::module::Module;

/// Answers with as many spaces as there were streams in its VM, this one among them.
const COUNTS: &str = r#"
    (global $streams (mut i32) (i32.const 0))
    (data (i32.const 64) "                ")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (global.set $streams (i32.add (global.get $streams) (i32.const 1)))
        (drop (call $respond (i32.const 200) (i32.const 0) (i32.const 0) (i32.const 64) (global.get $streams)
            (i32.const 0) (i32.const 0) (i32.const -1)))
        (i32.const 1))
"#;

#[test]
fn each_request_goes_to_its_worker() {
    let module = Module::new(COUNTS);
    let workers = [0, 1, 1, 0, 2, 1, 2, 0, 0];
    let scenario = workers.iter().fold(Scenario::new("counts").workers(3), |scenario, worker| {
        scenario.request_to(*worker, Request::get("/"))
    });
    let run = module.agree(&scenario);
    let mut streams = [0; 3];
    for (request, worker) in workers.into_iter().enumerate() {
        streams[worker] += 1;
        run[request].response().assert_body(" ".repeat(streams[worker]));
    }
}

/// Logs a tick, which it asked for when it was configured, and no other.
fn ticks_once() -> Module {
    let import =
        r#"(import "env" "proxy_set_tick_period_milliseconds" (func $period (param i32) (result i32)))"#;
    Module::with_imports(
        import,
        r#"
        (data (i32.const 64) "tick") (data (i32.const 72) "start") (data (i32.const 80) "stream")
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (drop (call $log (i32.const 2) (i32.const 72) (i32.const 5)))
            (drop (call $period (i32.const 60))) (i32.const 1))
        (func (export "proxy_on_tick") (param i32)
            (drop (call $log (i32.const 2) (i32.const 64) (i32.const 4)))
            (drop (call $period (i32.const 0))))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (drop (call $log (i32.const 2) (i32.const 80) (i32.const 6))) (i32.const 0))
        "#,
    )
}

#[test]
fn a_wait_lets_time_pass() {
    let module = ticks_once();
    let scenario = Scenario::new("ticks")
        .request(Request::get("/"))
        .wait(Duration::from_millis(150))
        .request(Request::get("/"));
    let run = module.agree(&scenario);
    let lines: Vec<&str> = run.logs().lines().iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines, ["start", "tick"]);
    assert_eq!(run[1].logs().lines().len(), 1);
}

#[test]
#[should_panic(expected = "GET /here is for the worker 1, counted from 0, of 1")]
fn a_worker_that_there_is_not_takes_no_request() {
    Module::new("").runner().run(&Scenario::new("too few").request_to(1, Request::get("/here")));
}
