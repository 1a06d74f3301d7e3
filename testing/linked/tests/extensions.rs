//! Extensions that run natively as they are: what they do is what their `.wasm` does.
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;
use waxwing_testing::matching::{header, path};
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{
    Answer, Exchange, GrpcAnswer, Host, Linked, Metric, Phase, Request, Response, Run, Scenario, TcpScript,
    Wasm, link,
};

link! {
    fn extension = waxwing_linked::_initialize;
}

/// Runs the scenario linked and as `.wasm`, which must not differ.
#[track_caller]
fn compare(scenario: &Scenario) -> Run {
    let module = WasmModule::build("waxwing-linked").unwrap_or_else(|error| panic!("{error}"));
    scenario.compare(&[&Linked::new(extension()), &Wasm::new(module)])
}

fn user(request: &Request) -> Answer {
    match request.headers().get("authorization") {
        Some(b"ana") => Response::new(200).body("Ana").into(),
        Some(b"slow") => Answer::Hang,
        _ => Response::new(401).into(),
    }
}

#[test]
fn headers_are_added_replaced_and_removed() {
    let run = compare(
        &Scenario::new("headers")
            .config("blue")
            .request(
                Request::get("/")
                    .header("x-internal", "1")
                    .header("x-tag", "red")
                    .header("x-bytes", b"\xff\xfe"),
            )
            .origin(|_| Response::new(200).header("server", "origin").header("x-tag", "red")),
    );
    run[0].upstream_request().assert_no_header("x-internal").assert_header_all("x-tag", ["red", "blue"]);
    run[0].response().assert_header_all("x-tag", ["blue"]).assert_no_header("server");
    run.logs().assert_contains("the tag is blue");
}

#[test]
fn a_configuration_is_refused() {
    let error = Host::linked(&extension()).try_start().unwrap_err();
    assert!(error.to_string().starts_with("the extension refuses its configuration"), "{error}");
}

#[test]
fn a_callout_pauses_and_resumes() {
    let ask = |who: &str| Request::post("/orders").header("authorization", who).body("two pears");
    let run = compare(
        &Scenario::new("auth")
            .root_id("auth")
            .config("authz")
            .cluster("authz", user)
            .request(ask("ana"))
            .request(ask("bo"))
            .request(ask("slow")),
    );
    run[0].upstream_request().assert_header("x-user", "Ana").assert_body("two pears");
    run[1].local_response().assert_status(403).assert_body("denied");
    run[2].local_response().assert_status(403);
    run[2].logs().assert_contains("the service answers 504");
    assert_eq!(run.callouts("authz").len(), 3);
}

#[test]
fn upstreams_and_the_clock_are_the_tests() {
    let host = Host::linked(&extension()).root_id("auth").config("authz").start();
    let authz = host.upstream("authz");
    authz
        .on(path("/check").and(header("authorization", "ana")))
        .reply(Response::new(200).body("Ana"))
        .delay(Duration::from_millis(30))
        .times(1);

    let stream = host.open(Request::get("/").header("authorization", "ana"));
    host.clock().advance(Duration::from_millis(29));
    stream.assert_paused(Phase::RequestHeaders);
    host.clock().advance(Duration::from_millis(1));

    stream.finish().upstream_request().assert_header("x-user", "Ana");
}

#[test]
fn a_refused_callout_is_an_error_that_the_extension_handles() {
    let host = Host::linked(&extension()).root_id("auth").config("nobody").start();
    let exchange = host.exchange(Request::get("/"));
    exchange.local_response().assert_status(503);
    exchange.logs().assert_contains("no call: BadArgument");
}

#[test]
fn bodies_are_rewritten() {
    let run = compare(
        &Scenario::new("body")
            .root_id("body")
            .request(Request::post("/").body("two pears"))
            .request(Request::get("/"))
            .request(Request::post("/").body(vec![b'a'; 100_000]))
            .origin(|request| Response::new(200).body(request.body_bytes().to_vec())),
    );
    run[0].upstream_request().assert_body("TWO PEARS");
    run[0].response().assert_body("TWO PEARS -- signed");
    assert!(run[2].upstream_request().body_bytes().iter().all(|byte| *byte == b'A'));
}

#[test]
fn workers_count_together() {
    let hits = |exchange: &Exchange| exchange.upstream_request().headers().get("x-hits").unwrap().to_owned();
    let run = compare(
        &Scenario::new("counter")
            .root_id("counter")
            .workers(3)
            .request(Request::get("/"))
            .request_to(1, Request::get("/"))
            .request_to(2, Request::get("/"))
            .request_to(1, Request::get("/"))
            .metric("requests"),
    );
    assert_eq!(run.exchanges().iter().map(hits).collect::<Vec<_>>(), [b"1", b"2", b"3", b"4"]);
    assert_eq!(run.metric("requests"), Some(Metric::Counter(4)));
}

#[test]
fn a_lost_race_is_run_again() {
    let host = Host::linked(&extension()).root_id("counter").start();
    // Without a value there is nothing to compare with, and the crate's call sets it in any case.
    host.set_shared_data("hits", 7_u64.to_le_bytes());
    host.race_shared_data("hits", 41_u64.to_le_bytes());
    host.exchange(Request::get("/")).upstream_request().assert_header("x-hits", "42");
    host.assert_metric("requests", Metric::Counter(1));
}

#[test]
fn ticks_and_queues_reach_the_root_context() {
    let run = compare(
        &Scenario::new("queue")
            .root_id("queue")
            .request(Request::get("/cart"))
            .wait(Duration::from_millis(2500)),
    );
    for line in ["a request for /cart", "tick 1", "tick 2"] {
        run.logs().assert_contains(line);
    }
}

#[test]
fn a_grpc_call_is_answered_or_fails() {
    let run = compare(
        &Scenario::new("grpc")
            .root_id("grpc")
            .grpc_cluster("quota", |call| match &call.messages()[0][..] {
                b"/cart" => GrpcAnswer::reply("3 left"),
                _ => GrpcAnswer::error(8, "none left"),
            })
            .request(Request::get("/cart"))
            .request(Request::get("/other")),
    );
    run[0].upstream_request().assert_header("x-quota", "3 left");
    run[1].local_response().assert_status(429).assert_body("8 none left{via_upstream}");
    assert_eq!(run.grpc_calls("quota").len(), 2);
}

#[test]
fn connections_are_streams_too() {
    let run = compare(
        &Scenario::new("tcp").root_id("tcp").connection(
            TcpScript::new()
                .client_sends("world")
                .await_upstream("hello, world".len())
                .upstream_sends("ok")
                .client_ends()
                .upstream_ends(),
        ),
    );
    assert_eq!(run.connections()[0].upstream().received(), b"hello, world");
}
