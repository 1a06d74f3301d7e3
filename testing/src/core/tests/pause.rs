//! Pausing and resuming: return values, what is held, what the guest sees of it afterwards.

use super::*;

/// Resumes the request of stream `paused` from the callbacks of another stream.
fn resuming(script: Script, direction: StreamType) -> Script {
    script.on(Callback::ContextCreate, move |host, context, _| {
        if context == 3 {
            host.set_effective_context(2).unwrap();
            host.continue_stream(direction).unwrap();
        }
        0
    })
}

/// Makes the second stream, which resumes the first.
fn resume(host: &Host) {
    drop(host.open(Request::get("/resume")));
}

#[test]
fn a_pause_at_headers_holds_everything_back_and_then_shows_the_body_as_one() {
    for value in [1, 3, 4, 5, 99] {
        let script = Script::new()
            .on(WAY[0], move |_, context, _| if context == 2 { value } else { 0 })
            .returning(0, WAY[1..].to_vec());
        let host = resuming(script, StreamType::HTTP_REQUEST).host().start();
        let stream = host.open(full_request());
        stream.assert_paused(Phase::RequestHeaders);
        stream.assert_not_forwarded();
        assert_eq!(stream.buffered_request_body(), b"abcde");
        resume(&host);
        let exchange = stream.finish();
        assert_eq!(
            shown(&stream)[1..4],
            [(WAY[0], headers(4, false)), (WAY[1], body(5, false)), (WAY[2], Arguments::Trailers(1))],
            "{value}"
        );
        exchange.upstream_request().assert_body("abcde").assert_trailer("x-sum", "5");
    }
}

#[test]
fn a_request_that_ends_with_its_headers_is_resumed_without_a_body_callback() {
    let script = Script::new()
        .on(WAY[0], |_, context, _| u32::from(context == 2))
        .returning(0, [Callback::RequestBody, Callback::RequestTrailers]);
    let host = resuming(script, StreamType::HTTP_REQUEST).host().start();
    let stream = host.open(Request::get("/"));
    resume(&host);
    assert_eq!(shown(&stream)[1..], [(WAY[0], headers(4, true))]);
    stream.finish().response().assert_status(200);
}

#[test]
fn an_empty_last_piece_that_was_held_back_is_shown_as_an_empty_body() {
    let script = Script::new()
        .on(WAY[0], |_, context, _| u32::from(context == 2))
        .returning(0, [Callback::RequestBody]);
    let host = resuming(script, StreamType::HTTP_REQUEST).host().start();
    let stream = host.open(Request::post("/").empty_end());
    resume(&host);
    assert_eq!(shown(&stream).last(), Some(&(WAY[1], body(0, true))));
    stream.finish();
}

#[test]
fn what_arrives_after_the_resume_flows_as_usual() {
    let script = Script::new()
        .on(WAY[0], |_, context, _| u32::from(context == 2))
        .returning(0, [Callback::RequestBody]);
    let host = resuming(script, StreamType::HTTP_REQUEST).host().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_request_body("ab", EndOfStream::No);
    resume(&host);
    stream.send_request_body("c", EndOfStream::Yes);
    assert_eq!(shown(&stream)[2..], [(WAY[1], body(2, false)), (WAY[1], body(1, true))]);
    stream.upstream_request().assert_body("abc");
}

#[test]
fn the_values_0_and_2_let_headers_pass() {
    for value in [0, 2] {
        let host = Script::new().returning(value, [Callback::RequestHeaders]).host().start();
        host.exchange(Request::get("/")).response().assert_status(200);
    }
}

#[test]
fn a_pause_in_the_body_collects_it_and_the_guest_sees_all_of_it() {
    let script = Script::new().on(Callback::RequestBody, |host, _, arguments| {
        let Arguments::Body { size, end_of_stream } = arguments else { unreachable!() };
        let seen = host.buffer_bytes(BufferType::HTTP_REQUEST_BODY, 0, usize::MAX).unwrap();
        assert_eq!(seen.len(), size);
        u32::from(!end_of_stream)
    });
    let host = script.host().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    // The headers have gone ahead: only the body waits.
    assert!(stream.reached_upstream());
    stream.send_request_body("ab", EndOfStream::No);
    stream.assert_paused(Phase::RequestBody);
    stream.upstream_request().assert_body("");
    stream.send_request_body("cde", EndOfStream::No);
    stream.send_request_body("", EndOfStream::Yes);
    stream.assert_flowing();
    assert_eq!(shown(&stream), [(WAY[1], body(2, false)), (WAY[1], body(5, false)), (WAY[1], body(5, true))]);
    stream.upstream_request().assert_body("abcde");
}

#[test]
fn a_pause_without_collecting_shows_each_piece_once_and_loses_none() {
    let script = Script::new().on(Callback::RequestBody, |_, _, arguments| match arguments {
        Arguments::Body { end_of_stream: true, .. } => 0,
        _ => 2,
    });
    let host = script.host().start();
    let stream = host.open(Request::post("/").chunks(["ab", "cde", "f"]));
    assert_eq!(shown(&stream), [(WAY[1], body(2, false)), (WAY[1], body(3, false)), (WAY[1], body(1, true))]);
    stream.finish().upstream_request().assert_body("abcdef");
}

#[test]
fn a_pause_without_holding_drops_the_piece() {
    for value in [3, 4, 77] {
        let script = Script::new().on(Callback::RequestBody, move |_, _, arguments| match arguments {
            Arguments::Body { size: 2, .. } => value,
            _ => 0,
        });
        let host = script.host().start();
        let stream = host.open(Request::post("/").chunks(["ab", "cde"]));
        stream.finish().upstream_request().assert_body("cde");
    }
}

#[test]
fn resuming_after_a_pause_in_the_body_goes_past_the_guest() {
    let script = Script::new().on(Callback::RequestBody, |_, _, _| PAUSE);
    let host = resuming(script, StreamType::HTTP_REQUEST).host().start();
    let stream = host.open(Request::post("/").chunks(["ab", "cde"]));
    stream.assert_paused(Phase::RequestBody);
    resume(&host);
    assert_eq!(shown(&stream)[1..], [(WAY[1], body(2, false)), (WAY[1], body(5, true))]);
    stream.finish().upstream_request().assert_body("abcde");
}

#[test]
fn trailers_are_shown_while_the_body_is_held_and_let_all_of_it_go() {
    let script = Script::new().returning(PAUSE, [Callback::RequestBody]).on(
        Callback::RequestTrailers,
        |host, _, _| {
            assert_eq!(host.buffer_bytes(BufferType::HTTP_REQUEST_BODY, 0, 99), Ok(b"abcde".to_vec()));
            CONTINUE
        },
    );
    let host = script.host().start();
    let exchange = host.exchange(full_request());
    exchange.upstream_request().assert_body("abcde").assert_trailer("x-sum", "5");
}

#[test]
fn a_pause_in_the_trailers_waits_for_a_resume() {
    for value in [1, 2, 4] {
        let script = Script::new().on(Callback::RequestTrailers, move |_, _, _| value);
        let host = resuming(script, StreamType::HTTP_REQUEST).host().start();
        let stream = host.open(full_request());
        stream.assert_paused(Phase::RequestTrailers);
        stream.upstream_request().assert_body("abcde").assert_no_trailer("x-sum");
        resume(&host);
        stream.finish().upstream_request().assert_body("abcde").assert_trailer("x-sum", "5");
    }
}

#[test]
fn the_response_pauses_and_resumes_like_the_request() {
    let script = Script::new()
        .on(WAY[3], |_, context, _| u32::from(context == 2))
        .returning(0, [Callback::ResponseBody, Callback::ResponseTrailers]);
    let host = resuming(script, StreamType::HTTP_RESPONSE)
        .host()
        .origin(|_| Response::new(200).chunks(["ab", "c"]).trailer("x-end", "1"))
        .start();
    let stream = host.open(Request::get("/"));
    stream.assert_paused(Phase::ResponseHeaders);
    resume(&host);
    assert_eq!(
        shown(&stream)[1..],
        [(WAY[3], headers(1, false)), (WAY[4], body(3, false)), (WAY[5], Arguments::Trailers(1))]
    );
    stream.finish().response().assert_body("abc").assert_trailer("x-end", "1");
}

#[test]
fn resuming_from_inside_the_pausing_callback_is_too_early_and_is_flagged() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
        PAUSE
    });
    let host = script.host().start();
    let stream = host.open(Request::get("/"));
    stream.assert_paused(Phase::RequestHeaders);
    assert_eq!(stream.timeline().misuses(), ["the request is resumed inside its own callback: ignored"]);
}

#[test]
fn resuming_from_inside_a_later_callback_of_a_paused_direction_is_flagged_too() {
    let script = Script::new().on(Callback::RequestBody, |host, _, arguments| {
        if arguments != body(2, false) {
            host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
        }
        PAUSE
    });
    let host = script.host().start();
    let stream = host.open(Request::post("/").chunks(["ab", "c"]));
    stream.assert_paused(Phase::RequestBody);
    stream.upstream_request().assert_body("");
    assert_eq!(stream.buffered_request_body(), b"abc");
    assert_eq!(stream.timeline().misuses(), ["the request is resumed inside its own callback: ignored"]);
}

#[test]
fn resuming_what_is_not_paused_is_flagged() {
    let script = Script::new().on(Callback::ResponseHeaders, |host, _, _| {
        host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
        CONTINUE
    });
    let host = script.host().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_response_headers(&Response::new(200), EndOfStream::No);
    assert_eq!(stream.timeline().misuses(), ["the request is resumed and was not paused: ignored"]);
}

#[test]
fn resuming_a_response_that_has_not_begun_is_flagged() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        host.continue_stream(StreamType::HTTP_RESPONSE).unwrap();
        CONTINUE
    });
    let host = script.host().start();
    let stream = host.open(Request::get("/"));
    assert_eq!(
        stream.timeline().misuses(),
        ["the response is resumed and has not begun: Envoy 1.40 crashes"]
    );
    stream.response().assert_status(200);
}

#[test]
fn a_stream_that_nothing_resumes_fails_with_a_message_instead_of_waiting() {
    let host = Script::new().returning(PAUSE, [Callback::RequestHeaders]).host().start();
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(
        message.starts_with(
            "the stream is paused in RequestHeaders, and nothing is pending that could resume it"
        ),
        "{message}"
    );
}

#[test]
fn the_upstream_direction_of_tcp_cannot_be_resumed() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        assert_eq!(host.continue_stream(StreamType(2)), Ok(()));
        assert_eq!(host.continue_stream(StreamType(3)), Err(Status::UNIMPLEMENTED));
        assert_eq!(host.continue_stream(StreamType(4)), Err(Status::BAD_ARGUMENT));
        assert_eq!(host.close_stream(StreamType(3)), Ok(()));
        assert_eq!(host.close_stream(StreamType(4)), Err(Status::BAD_ARGUMENT));
        CONTINUE
    });
    script.host().start().exchange(Request::get("/")).response().assert_status(200);
}

#[test]
fn closing_in_the_response_trailers_is_flagged() {
    for (callback, flagged) in WAY.into_iter().zip([0, 0, 0, 0, 0, 1]) {
        let script = Script::new().on(callback, |host, _, _| {
            host.close_stream(StreamType::HTTP_RESPONSE).unwrap();
            CONTINUE
        });
        let host = script.host().origin(|_| Response::new(200).body("ok").trailer("x-end", "1")).start();
        assert_eq!(host.exchange(full_request()).timeline().misuses().len(), flagged, "{callback}");
    }
}

#[test]
fn closing_resets_the_stream_after_the_callback() {
    for direction in [StreamType::HTTP_REQUEST, StreamType::HTTP_RESPONSE] {
        let script = Script::new().returning(0, END).on(Callback::RequestHeaders, move |host, _, _| {
            assert_eq!(host.close_stream(direction), Ok(()));
            assert_eq!(host.header_map_value(MapType::HTTP_REQUEST_HEADERS, b":path"), Ok(b"/".to_vec()));
            CONTINUE
        });
        let host = script.host().start();
        let exchange = host.exchange(Request::get("/"));
        assert_eq!(exchange.outcome(), Outcome::Reset);
        assert_eq!(exchange.details(), "wasm_close_stream");
        exchange.assert_not_forwarded();
        assert_eq!(exchange.timeline().callbacks()[1..], END);
    }
}
