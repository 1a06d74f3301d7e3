//! The stages of the request.

use super::*;

/// A body of these pieces, ended as HTTP/1 ends it in Envoy.
fn body(pieces: &[&'static str]) -> Request {
    Request::post("/").chunks(pieces.to_vec()).empty_end()
}

#[test]
fn a_function_that_returns_at_once_or_in_the_middle_lets_the_rest_pass() {
    let [nothing, first] = compare(["nothing", "first-piece"].map(|function| {
        scenario(format!("the function ends early: {function}"), function)
            .request(body(&["a", "b", "c"]))
            .request(Request::post("/").chunks(["a", "b", "c"]).trailer("x-end", "1"))
            .request(Request::get("/"))
    }));
    for exchange in nothing.exchanges().iter().take(2) {
        exchange.upstream_request().assert_body("abc");
    }
    for exchange in first.exchanges().iter().take(2) {
        exchange.upstream_request().assert_body("a (first)bc");
    }
    first[1].upstream_request().assert_trailer("x-end", "1");
}

#[test]
fn a_local_response_after_a_part_of_the_body_stops_the_rest() {
    let request = |pieces: &[&'static str]| Client::new(body(pieces)).pauses(LATER);
    let [run] = compare([scenario("refused after a part of the body", "refuse")
        .client(request(&["ok", "fine"]))
        // The upstream has seen the beginning by then.
        .client(request(&["ok", "bad!", "more"]))]);
    run[0].upstream_request().assert_body("okfine");
    run[1].response().assert_status(422).assert_body("not that");
    run[1].logs().assert_lacks("more");
}

#[test]
fn a_whole_body_is_replaced_refused_or_too_large() {
    let large = || body(&["{2345678", "9"]);
    let [run, stated] = compare([
        scenario("a whole request body", "whole 8")
            .request(body(&["{1", "23", "}"]))
            .request(body(&["[", "]"]))
            .request(Request::get("/"))
            .request(Request::post("/").chunks(["{", "}"]).trailer("x-end", "1"))
            .client(Client::new(body(&["{1", "23", "}"])).pauses(ms(20))),
        scenario("a whole request body that is stated to be too large", "whole 8")
            .request(Request::post("/").header("content-length", "9").body("{23456789").empty_end()),
    ]);
    for at in [0, 3, 4] {
        run[at].upstream_request().assert_body("{\"changed\": true}").assert_no_header("content-length");
        run[at].response().assert_header("x-changed", "1");
    }
    for at in [1, 2] {
        run[at].response().assert_status(400).assert_body("an object is expected");
    }
    stated[0].response().assert_status(413);
    stated[0].assert_not_forwarded();
    // Whether the upstream sees the headers before the 413 is a matter of time.
    let [large] = compare([scenario("a whole request body that is too large", "whole 8")
        .client(Client::new(large()).pauses(LATER))]);
    large[0].response().assert_status(413);
    large[0].logs().assert_contains("the body is larger than the limit");
}

#[test]
fn trailers_come_behind_the_body_or_not_at_all() {
    let runs = compare(["skipped", "whole", "pieces", "one piece"].map(|kind| {
        scenario(format!("request trailers behind a body: {kind}"), &format!("trailers {kind}"))
            .cluster("authz", |_| later(Response::new(200), 1))
            .request(Request::post("/").chunks(["ab", "cd"]).trailer("x-end", "1"))
            .request(Request::post("/").trailer("x-end", "2"))
            .request(body(&["ab", "cd"]))
            .request(Request::get("/"))
    }));
    for run in &runs {
        run[0].upstream_request().assert_body("abcd").assert_trailer("x-seen", "1");
        run[0].response().assert_header("x-trailers", "1");
        run[1].upstream_request().assert_trailer("x-seen", "2");
        run[2].upstream_request().assert_body("abcd");
        for at in [2, 3] {
            run[at].logs().assert_contains("no trailers");
        }
    }
}

#[test]
fn an_answer_of_the_proxy_passes_where_the_function_waits_for_more_of_the_request() {
    let lost = |kind: &str| {
        scenario(
            format!("the proxy answers before the body: {kind}"),
            &format!("pieces-of-a-lost-path {kind}"),
        )
    };
    let upload = || Client::new(body(&["ab", "cd"])).pauses(LATER).leaves_after(LATER * 4);
    let scenarios = [lost("handled"), lost("pieces"), lost("whole"), lost("trailers")];
    // A request that is there as a whole leaves nothing to wait for.
    let runs = compare(scenarios.map(|scenario| scenario.client(upload()).request(Request::get("/"))));
    for exchange in runs.iter().flat_map(|run| run.exchanges()) {
        exchange.response().assert_status(404);
        exchange.assert_not_forwarded();
    }
    let [handled, returned @ ..] = &runs;
    handled[0].response().assert_header("x-lost", "1");
    for run in returned {
        run[0].response().assert_no_header("x-lost");
    }
    for run in &runs[..3] {
        run[1].response().assert_header("x-lost", "1");
    }
}

#[test]
fn a_body_that_is_too_large_for_the_proxy_is_answered_by_it() {
    let upload = |size: usize| {
        let piece = "{".repeat(size);
        let request = Request::post("/").chunks([piece.clone(), piece]).empty_end();
        Client::new(request).pauses(LATER).leaves_after(LATER * 6)
    };
    let too_large = |function: &str, name: &str| {
        scenario(format!("a body is too large for the proxy {name}"), function)
            .buffer_limit(1000)
            .cluster("authz", |_| later(Response::new(200), 4))
            .client(upload(800))
            .client(upload(400))
    };
    let runs = compare([
        too_large("whole 10000", "where all of it is wanted"),
        too_large("ask-with-a-piece", "where a piece is held during a callout"),
    ]);
    for run in &runs {
        run[0].response().assert_status(413);
        run[0].logs().assert_lacks("too large");
        run[1].response().assert_status(200);
    }
}
