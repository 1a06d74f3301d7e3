//! What an extension knows by the types of the SDK: attributes, and the addresses of names.

use super::*;
use std::time::Duration;
use waxwing_knowledge::Knowing;
use waxwing_testing::{Run, TcpScript};

fn run(scenario: Scenario) -> Run {
    on_every_host::<Knowing>("waxwing-knowledge", [scenario]).remove(0)
}

#[test]
fn attributes_of_each_type_read_alike() {
    let request = Request::post("/a?b=c").header("x-attributes", "1").header("x-a", "1").header("x-a", "2");
    let run = run(Scenario::new("attributes")
        .plugin_name("known")
        .origin(|_| Response::new(201).header("x-b", "3").body("done"))
        .request(request.header("content-length", "5").body("abcde")));
    let lines: Vec<_> = run[0].logs().lines().iter().map(|line| line.message.as_str()).collect();
    assert_eq!(
        lines,
        [
            r#"text: Some("POST")"#,
            r#"text with a query: Some("/a?b=c")"#,
            r#"text of the plugin: Some("known")"#,
            "bytes of text: true",
            "true or false: Some(false)",
            "address: Some(127.0.0.1)",
            "whole number: yes",
            "address of the proxy: Some(127.0.0.1)",
            "time: yes",
            "entry of a map: x-attributes = 1",
            "entry of a map: x-a = 1,2",
            r#"entry by its key: Some("1,2")"#,
            "no entry: None",
            "nothing yet: None",
            "no metadata: None",
            "nothing of TLS: None",
            "in the end, duration: yes",
            "in the end, small number: Some(201)",
            "in the end, large number: Some(5)",
            r#"in the end, entry of a map: Some("3")"#,
        ]
    );
}

/// Envoy has the answers to these without a network, and gives them while it is asked.
#[test]
fn a_stream_waits_for_the_addresses_of_a_name() {
    let names = ["127.0.0.1", "::1", "localhost", "name.onion"];
    let resolving = |scenario: Scenario, name: &&str| {
        scenario.request(Request::post("/").header("x-resolve", *name).chunks(["ab", "cde"]))
    };
    let run = run(names.iter().fold(Scenario::new("names"), resolving));
    for (exchange, addresses) in run.exchanges().iter().zip(["127.0.0.1", "::1", "::1", "none"]) {
        exchange.upstream_request().assert_header("x-addresses", addresses).assert_body("abcde");
    }
}

#[test]
fn a_stream_that_has_ended_hears_nothing_of_its_name() {
    let request = || Request::get("/").header("x-resolve", "localhost").header("x-forget", "1");
    let run = run(Scenario::new("a late answer")
        .request(request())
        .wait(Duration::from_millis(50))
        .request(request()));
    for exchange in run.exchanges() {
        exchange.local_response().assert_status(202);
    }
    run.logs().assert_lacks("the addresses are");
}

#[test]
fn a_connection_waits_for_the_addresses_of_a_name() {
    let script = TcpScript::new()
        .client_sends("127.0.0.1")
        .await_upstream(9)
        .client_sends("!")
        .await_upstream(10)
        .client_ends();
    let run = run(Scenario::new("the name is what the client sends").connection(script));
    assert_eq!(run.connections()[0].upstream().received(), b"127.0.0.1!");
}
