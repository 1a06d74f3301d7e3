//! Every failure of every host call, and many orders: no function hangs, traps, leaves something behind or gets the answer of
//! another.

use super::*;
use waxwing_testing::explore::{faults, orders};
use waxwing_testing::{GrpcAnswer, Native};

/// Two requests with bodies, and upstreams for whatever the function asks.
fn two(function: &str) -> Scenario {
    let answer =
        |request: &Request| later(Response::new(200).header("x-user", request.path()).body("yes"), 1);
    // Without trailers: what fails there is held until the time limit of the proxy, because Envoy 1.40 crashes if it is reset.
    let response = || Response::new(200).chunks(["ef", "gh"]).empty_end();
    scenario(format!("explored: {function}"), function)
        .cluster("authz", answer)
        .cluster("tags", answer)
        .cluster("a", answer)
        .cluster("b", answer)
        .origin(move |_| Answer::from(response()))
        .request(Request::post("/1/1").chunks(["{ab", "cd"]).trailer("x-end", "1"))
        .request(Request::post("/2/2").chunks(["{cd", "ef"]))
}

/// The same for functions that await gRPC.
fn two_by_grpc(function: &str) -> Scenario {
    let request = |body: &'static str| Request::post("/").header("x-method", "Echo").body(body);
    scenario(format!("explored: {function}"), function)
        .grpc_cluster("authz", |_| {
            GrpcAnswer::stream().metadata("x-shard", "7").echo().await_end().end(0, "")
        })
        .request(request("ab"))
        .request(request("cd"))
}

/// What looks the same from outside, however bodies are cut and whoever answers first.
const STEADY: [&str; 6] = ["ask-twice", "join", "sleep", "whole 100", "response-whole 100", "response-ask"];

/// What depends on the pieces, on the kind of end, or on who is first.
const OTHERS: [&str; 11] = [
    "trailers whole",
    "both",
    "timeout",
    "ask-with-a-piece",
    "ask-about-pieces",
    "race",
    "refuse",
    "first-piece",
    "trailers one piece",
    "response-ask-with-a-piece",
    "response-trailers",
];

#[test]
fn no_failure_of_a_host_call_makes_a_function_hang_or_leave_something_behind() {
    for function in STEADY.into_iter().chain(OTHERS) {
        faults(&Native::<Awaiting>::new(), &two(function)).limit(150).check();
    }
    // A stream is there for ever if the host refuses to close it.
    for function in ["grpc", "grpc-two"] {
        faults(&Native::<Awaiting>::new(), &two_by_grpc(function)).limit(150).check();
    }
}

#[test]
fn what_was_not_answered_does_not_pass() {
    faults(&Native::<Awaiting>::new(), &two("ask-twice")).fail_closed().hostile().check();
    faults(&Native::<Awaiting>::new(), &two_by_grpc("grpc")).fail_closed().hostile().check();
}

#[test]
fn in_every_order_each_function_gets_its_own_answers() {
    for function in STEADY {
        orders(&Native::<Awaiting>::new(), &two(function))
            .limit(150)
            .disconnects()
            .reconfigurations()
            .check();
    }
    for function in OTHERS {
        orders(&Native::<Awaiting>::new(), &two(function)).limit(150).disconnects().may_differ().check();
    }
    for function in ["grpc", "grpc-two", "grpc-stream"] {
        orders(&Native::<Awaiting>::new(), &two_by_grpc(function)).limit(150).disconnects().check();
    }
}
