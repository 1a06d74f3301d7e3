//! Times that are awaited.

use super::*;

#[test]
fn each_stage_can_be_held_for_a_time() {
    let [run] = compare([scenario("each stage sleeps", "sleep")
        .request(Request::post("/").chunks(["ab", "cd"]).empty_end())
        .request(Request::get("/"))]);
    for exchange in run.exchanges() {
        exchange.upstream_request().assert_header("x-slept", "1");
        exchange.response().assert_header("x-slept", "3");
    }
    run[0].logs().assert_contains("body abcd");
}

#[test]
fn a_timeout_ends_what_takes_too_long() {
    let [run] = compare([scenario("a callout with a timeout", "timeout")
        .cluster("authz", |request| match request.path().as_str() {
            "/late" => later(Response::new(200), 4),
            "/hangs" => Answer::Hang,
            _ => Response::new(200).into(),
        })
        .request(Request::get("/in-time"))
        .request(Request::get("/late"))
        .request(Request::get("/hangs"))
        .wait(ms(800))]);
    for (exchange, status) in run.exchanges().iter().zip(["200", "late", "late"]) {
        exchange.upstream_request().assert_header("x-status", status);
    }
}
