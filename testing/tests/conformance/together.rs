//! Requests that are in flight at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use waxwing_testing::{Answer, Client};

use super::*;

const LATER: Duration = Duration::from_millis(150);

#[test]
fn callouts_of_two_streams_that_end_in_the_other_order() {
    let script = "request-headers value 0 :path
                  request-headers call authz GET /check 2000
                  request-headers pause
                  call-response value 0 :path
                  call-response value 6 x-up
                  call-response continue 0
                  log value 0 :path";
    for workers in [1, 2] {
        let asked = AtomicU32::new(0);
        let answer = move |_: &Request| {
            // The first waits longer.
            let earlier = asked.fetch_add(1, Ordering::Relaxed);
            let delay = if earlier.is_multiple_of(2) { LATER * 4 } else { LATER };
            Answer::from(Response::new(200).header("x-up", "1")).after(delay)
        };
        let name = format!("callouts of two streams, {workers} workers");
        compare([scenario(name, script).workers(workers).cluster("authz", answer).together([
            Client::new(Request::post("/first").body("1").empty_end()),
            Client::new(Request::post("/second").body("2").empty_end())
                .starts_after(LATER)
                .on_worker(workers - 1),
        ])]);
    }
}

#[test]
fn what_reaches_the_upstream_is_that_of_each_client() {
    let echo = |request: &Request| {
        let delay = if request.path() == "/0" { LATER } else { Duration::ZERO };
        Answer::from(
            Response::new(200).header("x-path", request.path()).body(request.body_bytes()).empty_end(),
        )
        .after(delay)
    };
    let client = |at: u64| {
        Client::new(Request::post(&format!("/{at}")).chunks([at.to_string(), "!".to_owned()]).empty_end())
            .starts_after(Duration::from_millis(at * 30))
            .pauses(Duration::from_millis(40))
    };
    let runs = on_every_host::<Probe>(
        "waxwing-probe",
        [scenario("three bodies at once", "request-body bytes 0 0 10\nlog value 0 :path")
            .origin(echo)
            .together([0, 1, 2].map(client))],
    );
    for (at, exchange) in runs[0].exchanges().iter().enumerate() {
        exchange.response().assert_header("x-path", format!("/{at}")).assert_body(format!("{at}!"));
        exchange.upstream_request().assert_path(&format!("/{at}"));
    }
}

#[test]
fn one_leaves_while_the_other_stays() {
    let script = "request-headers call authz GET /check 2000
                  request-headers pause
                  call-response continue 0
                  log value 0 :path";
    compare([scenario("one leaves while the other stays", script)
        .cluster("authz", |_| Answer::from(Response::new(200)).after(LATER * 3))
        .together([
            Client::new(Request::get("/stays")),
            Client::new(Request::get("/leaves")).starts_after(LATER).leaves(),
        ])
        .wait(LATER * 4)]);
}

#[test]
fn a_body_in_slow_pieces_is_in_flight_while_headers_are_paused() {
    let script = |pause: &str| {
        format!(
            "request-headers {pause}
             request-headers call authz GET /check 2000
             request-body bytes 0 0 100
             request-trailers value 1 x-sum
             call-response bytes 0 0 100
             log bytes 0 0 100"
        )
    };
    // While the callout is under way, two pieces come; one comes when the request goes on.
    let slow = || {
        let request = Request::post("/a").chunks(["one", "two", "three"]).trailer("x-sum", "11");
        Client::new(request).pauses(LATER)
    };
    let scenario = |name: &str, pause: &str| {
        scenario(name, &script(pause))
            .cluster("authz", |_| Answer::from(Response::new(200)).after(LATER * 5 / 2))
            .client(slow())
    };
    compare([
        scenario("slow pieces while the headers wait", "pause"),
        scenario("slow pieces while the headers wait, if they stop alone", "pause")
            .allow_on_headers_stop_iteration(),
    ]);
}
