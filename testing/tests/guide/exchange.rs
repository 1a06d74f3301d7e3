use super::extension::{Gate, Redact};
use waxwing::attributes::source;
use waxwing::prelude::*;
use waxwing_testing::{Callback, EndOfStream, Host, Phase, Request, Response, json};

#[test]
fn strips_internal_headers() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).start();

    let exchange = host.exchange(Request::get("/cart?id=7").header("x-token", "t").header("x-internal", "1"));

    exchange
        .upstream_request()
        .assert_path("/cart?id=7")
        .assert_header("x-user", "ana")
        .assert_no_header("x-internal");
    exchange.response().assert_status(200);
    host.logs().assert_none_at_least(LogLevel::Warn);
}

#[test]
fn an_upstream_failure_keeps_its_body() {
    let host = Host::builder::<Gate>()
        .config(json!({ "user": "ana" }))
        .origin(|request| Response::new(503).header("x-seen", request.path()).body("try later"))
        .start();

    let exchange = host.exchange(Request::get("/cart").header("x-token", "t"));

    exchange.response().assert_status(503).assert_header("x-seen", "/cart").assert_body("try later");
}

#[test]
fn without_a_token_nothing_reaches_the_upstream() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).start();

    let exchange = host.exchange(Request::get("/cart"));

    exchange.local_response().assert_status(401).assert_body("who are you?");
    exchange.assert_not_forwarded();
}

#[test]
fn a_word_across_pieces_is_found() {
    let host = Host::builder::<Redact>().start();
    for request in [
        Request::post("/").body("a secret"),
        Request::post("/").chunks(["a sec", "ret"]),
        Request::post("/").chunks(["a sec", "ret"]).empty_end(),
        Request::post("/").chunks(["a sec", "ret"]).trailer("x-sum", "8"),
    ] {
        host.exchange(request).upstream_request().assert_body("a ******");
    }
}

#[test]
fn the_body_waits_until_it_is_complete() {
    let host = Host::builder::<Redact>().start();
    let stream = host.begin();

    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_request_body("a sec", EndOfStream::No);
    stream.assert_paused(Phase::RequestBody);
    assert_eq!(stream.buffered_request_body(), b"a sec");

    stream.send_request_body("ret", EndOfStream::Yes);
    stream.assert_flowing();
    stream.upstream_request().assert_body("a ******");

    stream.send_response(&Response::new(204));
    stream.finish().response().assert_status(204);
}

#[test]
fn an_empty_user_is_refused() {
    let error = Host::builder::<Gate>().config(json!({ "user": "" })).try_start().unwrap_err();

    assert_eq!(error.refused_by(), Some(Callback::Configure));
    error.logs().assert_contains("the user is empty");
}

#[test]
fn requests_of_the_network_need_no_token() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).start();

    let exchange = host.exchange(Request::get("/").attribute(source::ADDRESS, "10.0.0.7:4711"));

    exchange.upstream_request().assert_header("x-user", "ana");
}
