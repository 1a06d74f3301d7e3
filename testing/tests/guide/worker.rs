use super::extension::{Counted, Gate, Patient, Tally};
use std::time::Duration;
use waxwing_testing::{Host, Metric, Native, Phase, Request, Scenario, json, metric_name};

#[test]
fn every_worker_takes_the_new_configuration() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).workers(2).start();

    host.reconfigure(json!({ "user": "bo" })).unwrap();

    for worker in [host.worker(0), host.worker(1)] {
        let exchange = worker.exchange(Request::get("/cart").header("x-token", "t"));
        exchange.upstream_request().assert_header("x-user", "bo");
    }
}

#[test]
fn the_workers_count_together_and_queue_the_paths() {
    let host = Host::builder::<Tally>().workers(2).start();
    host.set_shared_data("requests", 40_u64.to_le_bytes());

    host.worker(0).exchange(Request::get("/a"));
    host.worker(1).exchange(Request::get("/b")).response().assert_header("x-request", "42");
    host.race_shared_data("requests", 99_u64.to_le_bytes());
    host.worker(0).exchange(Request::get("/c")).response().assert_header("x-request", "100");

    assert_eq!(host.shared_data("requests"), Some(100_u64.to_le_bytes().to_vec()));
    assert_eq!(host.queue("paths").items(), [b"/a", b"/b", b"/c"]);
}

#[test]
fn requests_are_counted_by_their_method() {
    let host = Host::builder::<Counted>().workers(2).start();

    host.worker(0).exchange(Request::get("/"));
    host.worker(1).exchange(Request::get("/"));

    host.assert_metric(metric_name("requests_total", [("method", "GET")]), Metric::Counter(2));
}

#[test]
fn a_request_that_is_held_back_goes_on_when_its_time_has_come() {
    let host = Host::builder::<Patient>().start();

    let stream = host.open(Request::get("/"));
    host.clock().advance(Duration::from_millis(49));
    stream.assert_paused(Phase::RequestHeaders);
    host.clock().advance(Duration::from_millis(1));

    stream.assert_flowing();
}

#[test]
fn each_worker_knows_the_user() {
    let scenario = Scenario::new("each worker knows the user")
        .config(json!({ "user": "ana" }))
        .workers(2)
        .request(Request::get("/cart").header("x-token", "t"))
        .wait(Duration::from_millis(20))
        .request_to(1, Request::get("/cart").header("x-token", "t"));

    let run = scenario.compare(&[&Native::<Gate>::new()]);

    run[0].upstream_request().assert_header("x-user", "ana");
    run[1].upstream_request().assert_header("x-user", "ana");
}
