//! Bodies that are larger than the limit of their mode, or of the proxy.

use super::*;

#[test]
fn a_request_that_is_larger_than_the_limit_is_answered_with_413() {
    let buffered = |name| scenario(name, "request buffer 5");
    let runs = compare_answers([
        buffered("a request that is too large").request(Request::post("/").body("banana")),
        buffered("a request that is too large, in pieces")
            .request(Request::post("/").chunks(["ban", "ana"]).empty_end()),
        buffered("a request that is too large, with trailers")
            .request(Request::post("/").chunks(["ban", "ana"]).trailer("x-end", "1")),
        buffered("a request that says that it is too large")
            .request(Request::post("/").header("content-length", "6").body("banana")),
    ]);
    for run in &runs {
        run[0].local_response().assert_status(413).assert_body("");
        assert_eq!(run[0].details(), "extension_body_too_large");
        assert_eq!(count(&run[0], "request body"), 0);
        run[0].logs().assert_contains("the body is larger than the limit");
    }
    // One that states its length is refused at its headers.
    assert!(!runs[3][0].reached_upstream());
}

#[test]
fn a_body_as_large_as_the_limit_passes() {
    let runs = compare([scenario("bodies as large as the limit", "request buffer 6\nresponse buffer 6")
        .origin(|_| Response::new(200).header("content-length", "6").body("banana"))
        .request(Request::post("/").header("content-length", "6").body("banana"))
        .request(Request::post("/").chunks(["ban", "ana"]).trailer("x-end", "1"))]);
    for exchange in runs[0].exchanges() {
        exchange.upstream_request().assert_body("banana");
        exchange.response().assert_status(200).assert_body("banana");
    }
}

#[test]
fn a_response_that_states_more_than_the_limit_becomes_500_and_one_that_does_not_is_reset() {
    let buffered = |name, response: fn() -> Response| {
        scenario(name, "response buffer 5").origin(move |_| response()).request(Request::get("/"))
    };
    let runs = compare([
        buffered("a response that says that it is too large", || {
            Response::new(200).header("content-length", "6").body("banana")
        }),
        buffered("a response that is too large, in pieces", || {
            Response::new(200).chunks(["ban", "ana"]).empty_end()
        }),
        buffered("a response that is too large, with trailers", || {
            Response::new(200).chunks(["ban", "ana"]).trailer("x-end", "1")
        }),
    ]);
    runs[0][0].local_response().assert_status(500);
    assert_eq!(runs[1][0].outcome(), Outcome::Reset);
    assert_eq!(runs[2][0].outcome(), Outcome::Reset);
    for run in &runs {
        assert_eq!(count(&run[0], "response body"), 0);
    }
}

#[test]
fn a_body_beyond_the_limit_of_the_proxy_is_answered_by_the_proxy() {
    let piece = "x".repeat(700_000);
    let response = Response::new(200).chunks([piece.clone(), piece.clone()]).empty_end();
    let runs = compare_answers([
        scenario("a request that is too large for the proxy", "request buffer 5000000")
            .request(Request::post("/").chunks([piece.clone(), piece]).empty_end()),
        scenario("a response that is too large for the proxy", "response buffer 5000000")
            .origin(move |_| response.clone())
            .request(Request::get("/")),
    ]);
    runs[0][0].response().assert_status(413);
    assert_eq!(runs[1][0].outcome(), Outcome::Reset);
}
