//! What arrives at the upstream, and what happens if it does not.

use super::AccessLog;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use waxwing_testing::explore::{self, Model};
use waxwing_testing::matching::any;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{
    Answer, Host, HostBuilder, Metric, Native, Request, Response, Run, Scenario, Upstream, Value, Wasm, json,
    on_each_host, on_every_host,
};

/// Two lines a batch, and none that waits longer than 100 milliseconds.
fn config() -> Value {
    json!({
        "cluster": "logs", "path": "/ingest", "batch": 2, "capacity": 4, "flush_milliseconds": 100,
        "fields": ["method", "path", "status"]
    })
}

/// A host, and an upstream that does this with each batch.
fn start(host: HostBuilder, answer: impl Fn(&Request) -> Answer + 'static) -> (Host, Upstream) {
    let host = host.config(config()).start();
    let logs = host.upstream("logs");
    logs.on(any()).answer_with(answer);
    (host, logs)
}

fn accept(_: &Request) -> Answer {
    Response::new(204).into()
}

fn line(path: &str) -> String {
    format!("{{\"method\":\"GET\",\"path\":\"{path}\",\"status\":200}}\n")
}

/// The bodies that arrived.
fn bodies(calls: &[Request]) -> Vec<String> {
    calls.iter().map(|call| String::from_utf8(call.body_bytes()).unwrap()).collect()
}

fn pass(host: &Host, milliseconds: u64) {
    host.clock().advance(Duration::from_millis(milliseconds));
}

#[track_caller]
fn assert_counted(host: &Host, sent: u64, dropped: u64) {
    host.assert_metric("access_log_sent_total", Metric::Counter(sent));
    host.assert_metric("access_log_dropped_total", Metric::Counter(dropped));
}

on_each_host! {
    extension: AccessLog,
    package: "access-log",

    fn lines_are_sent_when_a_batch_is_full_or_when_they_have_waited(host) {
        let (host, logs) = start(host, accept);
        for path in ["/1", "/2", "/3"] {
            host.exchange(Request::get(path));
        }
        pass(&host, 0);
        assert_eq!(bodies(&logs.calls()), [line("/1") + &line("/2")]);
        pass(&host, 100);
        assert_eq!(bodies(&logs.calls()), [line("/1") + &line("/2"), line("/3")]);
        logs.calls()[0].headers().get("content-type").filter(|value| value == b"application/x-ndjson").unwrap();
        pass(&host, 1000);
        assert_eq!(logs.calls().len(), 2);
        assert_counted(&host, 3, 0);
    }

    fn a_batch_that_fails_is_sent_again_before_the_lines_behind_it(host) {
        let failures = AtomicUsize::new(2);
        let (host, logs) = start(host, move |_| match failures.fetch_sub(1, Ordering::Relaxed) {
            2 => Response::new(503).into(),
            1 => Answer::Reset,
            _ => Response::new(204).into(),
        });
        host.exchange(Request::get("/1"));
        pass(&host, 100);
        host.exchange(Request::get("/2"));
        pass(&host, 300);
        let first = line("/1");
        assert_eq!(bodies(&logs.calls()), [first.clone(), first.clone(), first, line("/2")]);
        assert_counted(&host, 2, 0);
    }

    fn what_fails_too_often_or_finds_no_room_is_dropped_and_counted(host) {
        let (host, logs) = start(host, |_| Response::new(500).into());
        // The first two are on their way, and four wait.
        for _ in 0..9 {
            host.exchange(Request::get("/"));
            pass(&host, 0);
        }
        assert_counted(&host, 0, 3);
        pass(&host, 200);
        assert_counted(&host, 0, 5);
        pass(&host, 10_000);
        assert_counted(&host, 0, 9);
        assert_eq!(logs.calls().len(), 9);
    }

    fn what_waits_at_the_end_is_sent_before_it(host) {
        let (host, logs) = start(host, |_| Answer::from(Response::new(204)).after(Duration::from_millis(50)));
        host.exchange(Request::get("/1"));
        host.shutdown();
        assert!(!host.is_shut_down());
        pass(&host, 50);
        assert_eq!(bodies(&logs.calls()), [line("/1")]);
        assert!(host.is_shut_down());
    }

    fn the_end_does_not_wait_for_an_upstream_that_is_down(host) {
        let (host, logs) = start(host, |_| Answer::Refuse);
        host.exchange(Request::get("/1"));
        host.shutdown();
        pass(&host, 1000);
        assert!(host.is_shut_down());
        assert_eq!(logs.calls().len(), 3);
        assert_counted(&host, 0, 1);
    }

    fn a_line_is_json_whatever_a_client_sends(host) {
        let host = host.config(json!({ "cluster": "logs", "batch": 1 })).start();
        let logs = host.upstream("logs");
        logs.on(any()).answer_with(accept);
        host.exchange(Request::get("/a\"b").header("user-agent", b"\xff\x01\\"));
        pass(&host, 0);
        let body = bodies(&logs.calls()).remove(0);
        let line: Value = body.parse().unwrap();
        assert_eq!(
            line,
            json!({
                "time": 1_767_225_600_000_u64, "method": "GET", "authority": "example.com", "path": "/a\"b",
                // A proxy does not send such bytes on.
                "user_agent": "\u{fffd}\u{1}\\", "status": 503
            })
        );
    }
}

#[test]
fn a_configuration_without_room_is_refused() {
    for (batch, capacity) in [(0, 4), (5, 4)] {
        let config = json!({ "cluster": "logs", "batch": batch, "capacity": capacity });
        let error = Host::builder::<AccessLog>().config(config).try_start().unwrap_err();
        error.logs().assert_contains("`batch` must be at least 1");
    }
}

/// Runs it on every host, with both metrics.
fn run(scenario: Scenario) -> Run {
    let scenario = scenario.metric("access_log_sent_total").metric("access_log_dropped_total");
    on_every_host::<AccessLog>("access-log", [scenario]).remove(0)
}

#[test]
fn every_host_sends_full_batches_of_all_workers_lines() {
    let slow = json!({
        "cluster": "logs", "batch": 2, "flush_milliseconds": 60_000, "fields": ["method", "path", "status"]
    });
    let run = run(Scenario::new("full batches")
        .config(slow)
        .workers(2)
        .cluster("logs", accept)
        .request(Request::get("/1"))
        .request_to(1, Request::get("/2"))
        .wait(Duration::from_millis(100))
        .request(Request::get("/3"))
        .request_to(1, Request::get("/4"))
        .wait(Duration::from_millis(100)));
    assert_eq!(bodies(run.callouts("logs")), [line("/1") + &line("/2"), line("/3") + &line("/4")]);
    assert_eq!(run.metric("access_log_sent_total"), Some(Metric::Counter(4)));
}

#[test]
fn every_host_sends_what_has_waited_and_again_if_that_fails() {
    let calls = AtomicUsize::new(0);
    let run = run(Scenario::new("a failure")
        .config(config())
        // Each host has two attempts.
        .cluster("logs", move |_| match calls.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => Response::new(503).into(),
            _ => Response::new(204).into(),
        })
        .request(Request::get("/1"))
        .wait(Duration::from_millis(500)));
    assert_eq!(bodies(run.callouts("logs")), [line("/1"), line("/1")]);
    assert_eq!(run.metric("access_log_sent_total"), Some(Metric::Counter(1)));
    assert_eq!(run.metric("access_log_dropped_total"), Some(Metric::Counter(0)));
    run.logs().assert_contains("a batch was not accepted: status 503");
}

#[test]
fn survives_what_took_others_down() {
    let scenario =
        Scenario::new("a batch").config(config()).cluster("logs", accept).request(Request::get("/1"));
    explore::incidents(&Native::<AccessLog>::new(), &scenario).check();
}

#[test]
fn survives_each_failure_of_each_call() {
    let scenario = Scenario::new("two batches")
        .config(config())
        .cluster("logs", accept)
        .request(Request::get("/1"))
        .request(Request::get("/2"))
        .request(Request::get("/3"))
        .wait(Duration::from_secs(2));
    explore::faults(&Native::<AccessLog>::new(), &scenario).fail_open().hostile().check();
}

#[test]
fn in_every_order_each_stream_has_one_line() {
    let scenario = Scenario::new("three streams")
        .config(config())
        .workers(2)
        .cluster("logs", |_| Answer::from(Response::new(204)).after(Duration::from_millis(30)))
        .request(Request::get("/1"))
        .request(Request::post("/2").body("two apples"))
        .request(Request::get("/3"))
        .wait(Duration::from_millis(500))
        .metric("access_log_dropped_total");
    let each_has_one = |run: &Run| {
        let lines = bodies(run.callouts("logs")).concat();
        for path in ["/1", "/2", "/3"] {
            let count = lines.lines().filter(|line| line.contains(&format!("\"path\":\"{path}\""))).count();
            assert_eq!(count, 1, "{path}: {lines}");
        }
        assert_eq!(run.metric("access_log_dropped_total"), Some(Metric::Counter(0)));
    };
    let module = WasmModule::build("access-log").unwrap_or_else(|error| panic!("{error}"));
    let models: [(&dyn Model, usize); 2] = [(&Native::<AccessLog>::new(), 1000), (&Wasm::new(module), 100)];
    for (model, limit) in models {
        explore::orders(model, &scenario).limit(limit).disconnects().check_each(each_has_one).check();
    }
}
