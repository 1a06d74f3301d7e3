//! gRPC that is awaited.

use super::*;
use waxwing_testing::{GrpcAnswer, GrpcRequest};

/// A server that does what the method is called.
fn serve(call: &GrpcRequest) -> GrpcAnswer {
    let stream = || GrpcAnswer::stream().metadata("x-shard", "7");
    match call.method() {
        "Reply" => GrpcAnswer::reply([b"you said ", call.messages()[0].as_slice()].concat()),
        "Echo" => stream().echo().trailer("x-count", "2").end(0, ""),
        "Slow" => stream().message("a").wait(LATER).message("b").await_end().end(0, ""),
        "Refuse" => GrpcAnswer::error(7, "not you"),
        "Fail" => stream().echo().end(9, "gone"),
        "Half" => stream().message("half").end(5, "gone"),
        "Break" => stream().message("one").wait(ms(30)).break_off(),
        "Reset" => GrpcAnswer::reset(),
        "Hang" => GrpcAnswer::hang(),
        "Nothing" => GrpcAnswer::stream().end(0, ""),
        other => panic!("there is no method {other}"),
    }
}

fn asks(name: &str, function: &str, methods: &[&str]) -> Scenario {
    let scenario = scenario(name, function).grpc_cluster("authz", serve);
    methods.iter().fold(scenario, |scenario, method| {
        scenario.request(Request::post("/").header("x-method", *method).body("abc").empty_end())
    })
}

#[test]
fn a_unary_call_is_awaited_and_its_failure_is_an_error() {
    let [run, two, down] = compare([
        asks(
            "a unary call is awaited",
            "grpc",
            &["Reply", "Refuse", "Half", "Break", "Reset", "Hang", "Nothing"],
        ),
        asks("two unary calls are joined", "grpc-two", &["Echo"]),
        scenario("a unary call that nobody answers", "grpc")
            .refusing_cluster("authz")
            .request(Request::get("/").header("x-method", "Reply")),
    ]);
    run[0].upstream_request().assert_header("x-user", "you said who").assert_body("abc");
    for exchange in &run.exchanges()[1..] {
        exchange.response().assert_status(500);
        exchange.logs().assert_contains("awaiting a gRPC call");
    }
    two[0].response().assert_body("ab");
    down[0].response().assert_status(500);
}

#[test]
fn the_messages_of_a_stream_are_awaited_one_by_one() {
    let [run, dropped] = compare([
        asks(
            "the messages of a gRPC stream are awaited",
            "grpc-stream",
            &["Echo", "Slow", "Fail", "Break", "Refuse", "Nothing"],
        ),
        asks("a gRPC stream that is dropped", "grpc-drop", &["Echo", "Slow"]),
    ]);
    run[0].response().assert_body("onetwo");
    run[1].response().assert_body("ab");
    for at in [2, 3, 4] {
        run[at].response().assert_status(500);
        run[at].logs().assert_contains("awaiting a message of a gRPC stream");
    }
    for (exchange, heard) in dropped.exchanges().iter().zip(["one", "a"]) {
        exchange.upstream_request().assert_header("x-heard", heard).assert_body("abc");
    }
}

#[test]
fn the_metadata_of_a_stream_can_be_read_before_its_messages_and_behind_them() {
    let methods = ["Echo", "Fail", "Break", "Refuse"];
    let [first, late, behind, down] = compare([
        asks("gRPC metadata, awaited first", "grpc-metadata first", &methods),
        asks("gRPC metadata, kept for a while", "grpc-metadata late", &methods),
        asks("gRPC metadata, awaited behind the end", "grpc-metadata behind", &methods),
        scenario("gRPC metadata of a server that is down", "grpc-metadata first")
            .refusing_cluster("authz")
            .request(Request::get("/").header("x-method", "Echo")),
    ]);
    for run in [&first, &late, &behind] {
        for exchange in run.exchanges() {
            exchange.logs().assert_contains("no trailing metadata yet");
        }
        for line in ["X-Shard: Some(\"7\")", ":status: Some(\"200\")", "x-none: None"] {
            run[0].logs().assert_contains(&format!("initial metadata {line}"));
        }
        for line in ["x-count: Some(\"2\")", "grpc-status: Some(\"0\")", "grpc-message: None"] {
            run[0].logs().assert_contains(&format!("trailing metadata {line}"));
        }
        // An answer that is only its end has all of its headers there.
        run[3].logs().assert_contains("initial metadata :status: None");
        run[3].logs().assert_contains("trailing metadata grpc-status: Some(\"7\")");
        run[2].logs().assert_contains("initial metadata X-Shard: Some(\"7\")");
        for at in [1, 2, 3] {
            run[at].response().assert_status(500);
        }
    }
    down[0].logs().assert_contains("trailing metadata grpc-status: Some(\"14\")");
}
