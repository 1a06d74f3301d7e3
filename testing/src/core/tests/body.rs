//! Bodies: every shape of an end, and the limit of what is held back.

use super::*;

fn all() -> Script {
    Script::new().returning(CONTINUE, WAY)
}

#[test]
fn the_end_comes_with_the_headers_the_last_piece_an_empty_piece_or_the_trailers() {
    let host = all().host().start();
    for (request, expected) in [
        (Request::get("/"), vec![(WAY[0], headers(4, true))]),
        (Request::post("/").body("ab"), vec![(WAY[0], headers(4, false)), (WAY[1], body(2, true))]),
        (
            Request::post("/").body("ab").empty_end(),
            vec![(WAY[0], headers(4, false)), (WAY[1], body(2, false)), (WAY[1], body(0, true))],
        ),
        (Request::post("/").empty_end(), vec![(WAY[0], headers(4, false)), (WAY[1], body(0, true))]),
        (
            full_request(),
            vec![
                (WAY[0], headers(4, false)),
                (WAY[1], body(2, false)),
                (WAY[1], body(3, false)),
                (WAY[2], Arguments::Trailers(1)),
            ],
        ),
        (
            Request::post("/").trailer("x-end", "1"),
            vec![(WAY[0], headers(4, false)), (WAY[2], Arguments::Trailers(1))],
        ),
    ] {
        let stream = host.open(request.clone());
        assert_eq!(shown(&stream)[..expected.len()], expected, "{request:?}");
        let exchange = stream.finish();
        let upstream = exchange.upstream_request();
        assert_eq!(upstream.body_chunks(), request.body_chunks());
        assert_eq!(upstream.trailers(), request.trailers());
    }
}

#[test]
fn a_response_may_begin_before_its_request_has_ended() {
    let host = all().host().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_response_headers(&Response::new(200), EndOfStream::No);
    stream.send_request_body("late", EndOfStream::No);
    stream.send_response_body("early", EndOfStream::Yes);
    let exchange = stream.finish();
    assert_eq!(exchange.timeline().callbacks(), [WAY[0], WAY[3], WAY[1], WAY[4]]);
    exchange.upstream_request().assert_body("late");
    exchange.response().assert_body("early");
}

#[test]
fn to_a_head_request_no_body_comes_back() {
    let host = all().host().origin(|_| Response::new(200).body("never")).start();
    let exchange = host.exchange(Request::head("/"));
    exchange.response().assert_status(200).assert_body("");
}

#[test]
fn a_request_body_beyond_the_limit_is_answered_with_413() {
    // Collected in the body callback, or held since the headers with the value that has a limit.
    for (headers_value, body_value) in [(0, 1), (3, 0)] {
        let script = Script::new()
            .returning(headers_value, [Callback::RequestHeaders])
            .returning(body_value, [Callback::RequestBody])
            .returning(CONTINUE, [Callback::ResponseHeaders]);
        let host = script.host().buffer_limit(4).start();
        let stream = host.open(Request::post("/").chunks(["ab", "cd", "e", "f"]));
        let exchange = stream.finish();
        exchange.local_response().assert_status(413).assert_body("Payload Too Large");
        let bodies = exchange.timeline().callbacks().iter().filter(|it| **it == WAY[1]).count();
        // Collected, it is shown once more with the piece that was too much, before the answer goes.
        assert_eq!(bodies, if body_value == 1 { 3 } else { 0 });
        // It is a local response like others.
        assert!(exchange.timeline().callbacks().contains(&Callback::ResponseHeaders));
    }
}

#[test]
fn a_response_body_beyond_the_limit_becomes_500_or_a_reset() {
    let origin = |_: &Request| Response::new(200).chunks(["abc", "de"]);
    // The headers are held too: there is still time for an answer.
    let script = Script::new().returning(3, [Callback::ResponseHeaders]);
    let exchange = script.host().buffer_limit(4).origin(origin).start().exchange(Request::get("/"));
    exchange.local_response().assert_status(500).assert_details("response_payload_too_large");
    // The headers have gone.
    let script = Script::new().returning(PAUSE, [Callback::ResponseBody]);
    let exchange = script.host().buffer_limit(4).origin(origin).start().exchange(Request::get("/"));
    assert_eq!(exchange.outcome(), Outcome::Reset);
}

#[test]
fn a_pause_at_headers_slows_the_sender_down_instead_of_failing_at_the_limit() {
    let host = Script::new().returning(PAUSE, [Callback::RequestHeaders]).host().buffer_limit(4).start();
    let stream = host.open(Request::post("/").chunks(["abc", "def"]));
    stream.assert_paused(Phase::RequestHeaders);
    assert_eq!(stream.buffered_request_body(), b"abcdef");
}

#[test]
fn the_default_limit_is_one_mebibyte() {
    let send = |size: usize| {
        let host = Script::new().returning(PAUSE, [Callback::RequestBody]).host().start();
        let stream = host.begin();
        stream.send_request_headers(&Request::post("/"), EndOfStream::No);
        stream.send_request_body(vec![0; size], EndOfStream::No);
        stream.has_ended()
    };
    assert!(!send(1024 * 1024));
    assert!(send(1024 * 1024 + 1));
}
