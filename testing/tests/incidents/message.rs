//! Headers, bodies and local responses.

use super::*;

/// proxy-wasm-rust-sdk 25, 26, 187, 188, 217, 263 and 328; envoy 26485; higress 1280: one byte that is not UTF-8 in the
/// header of a request, or of a callout's answer.
#[test]
fn a_byte_that_is_not_text_passes_from_request_to_callout_to_upstream() {
    let run = run(Scenario::new("bytes")
        .cluster("authz", |_| Response::new(200).header("x-user", b"\xfe").into())
        .request(doing("copy").header("x-bytes", b"caf\xe9")));
    let call = &run.callouts("authz")[0];
    assert_eq!(call.headers().get("x-bytes"), Some(&b"caf\xe9"[..]));
    assert_eq!(call.body_bytes(), b"caf\xe9");
    run[0].upstream_request().assert_header("x-user", b"\xfe");
}

/// proxy-wasm-rust-sdk 26: the headers of a local response had to be text. proxy-wasm-rust-sdk 44, proxy-wasm-go-sdk 122,
/// proxy-wasm-cpp-host 423, envoy 28826: a stream was answered twice.
#[test]
fn the_first_of_two_answers_counts_and_its_bytes_need_not_be_text() {
    let run = run(Scenario::new("two answers").request(doing("answer")));
    run[0].local_response().assert_status(403).assert_header("x-bytes", b"\xff");
    run[0].assert_not_forwarded();
    run[0].logs().assert_contains("the stream has been answered already");
}

/// proxytest of proxy-wasm-go-sdk joins the values, and test-framework of proxy-wasm deletes the first, so that tests
/// passed that should not have.
#[test]
fn a_header_that_is_added_keeps_the_one_that_is_there() {
    let run = run(Scenario::new("add")
        .origin(|_| Response::new(200).header("set-cookie", "a=1"))
        .request(doing("add").header("x-tag", "1")));
    run[0].upstream_request().assert_header_all("x-tag", ["1", "2"]);
    run[0].response().assert_header_all("set-cookie", ["a=1", "b=2"]);
}

/// proxy-wasm-rust-sdk 54: the answer to a callout was missing now and then when the request had a body, which was under
/// way meanwhile.
#[test]
fn a_callout_is_answered_while_a_body_is_under_way() {
    let body = "x".repeat(100_000);
    let request = Request::post("/").header("x-do", "call 2000ms");
    let run = run(Scenario::new("a body in flight")
        .cluster("authz", |_| Answer::from(Response::new(200)).after(Duration::from_millis(50)))
        .request(request.clone().chunks([&*body, &*body, &*body]))
        .request(request.chunks(["a", "b"]).trailer("x-sum", "1")));
    run[0].upstream_request().assert_body(body.repeat(3));
    run[1].upstream_request().assert_body("ab").assert_trailer("x-sum", "1");
    for exchange in run.exchanges() {
        exchange.logs().assert_contains("call 2000ms was answered: 200");
    }
}

/// envoy 14856: a body that waited in memory took all of it. The proxy stops reading at its limit, and nothing is lost.
#[test]
fn a_body_beyond_what_the_proxy_holds_back_waits_and_arrives_whole() {
    let body = "x".repeat(200_000);
    let run = run(Scenario::new("a large body")
        .buffer_limit(16_384)
        .cluster("authz", |_| Answer::from(Response::new(200)).after(Duration::from_millis(100)))
        .request(Request::post("/").header("x-do", "call 2000ms").body(body.clone()))
        .request(doing("call 2000ms")));
    run[0].upstream_request().assert_body(body);
    run[1].response().assert_status(200);
}

/// proxy-wasm-rust-sdk 14: a response without a body.
#[test]
fn a_response_without_a_body_passes() {
    let run = run(Scenario::new("204").origin(|_| Response::new(204)).request(doing("add")));
    run[0].response().assert_status(204);
}

/// proxy-wasm-rust-sdk 82, envoy 26485: headers and buffers that are gone were asked for, and the module panicked.
#[test]
fn what_is_gone_is_an_error_and_the_stream_goes_on() {
    let run = run(Scenario::new("out of phase").request(doing("too-late")));
    let logs = run[0].logs();
    logs.assert_contains("proxy_get_header_map_value: bad argument");
    logs.assert_contains("proxy_replace_header_map_value: bad argument");
    logs.assert_contains("proxy_set_buffer_bytes: ");
    run[0].response().assert_status(200);
}
