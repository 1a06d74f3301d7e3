//! Local responses, at each point of a stream.

use super::*;
use waxwing::__private::LocalResponseParts;

/// A guest that answers in this callback, once.
fn answering_in(callback: Callback) -> Script {
    Script::new().on(callback, |host, _, _| {
        assert_eq!(host.send_local_response(reply(403, b"no")), Ok(()));
        // Overridden: nothing passes.
        CONTINUE
    })
}

fn with_origin(script: Script) -> Host {
    script.host().origin(|_| Response::new(200).chunks(["ab", "c"]).trailer("x-end", "1")).start()
}

#[test]
fn an_answer_to_the_request_comes_back_through_the_guests_own_response_callbacks() {
    for callback in [WAY[0], WAY[1], WAY[2]] {
        let script = answering_in(callback).on(Callback::ResponseHeaders, |host, _, arguments| {
            assert_eq!(arguments, headers(3, false));
            host.add_header_map_value(MapType::HTTP_RESPONSE_HEADERS, b"x-seen", b"1").unwrap();
            CONTINUE
        });
        let host = with_origin(script.returning(CONTINUE, [Callback::ResponseBody]).returning(0, END));
        let exchange = host.exchange(full_request());
        exchange
            .local_response()
            .assert_status(403)
            .assert_header("x-seen", "1")
            .assert_header("content-length", "2")
            .assert_header("content-type", "text/plain")
            .assert_body("no");
        let callbacks = exchange.timeline().callbacks();
        let after = callbacks.iter().position(|it| *it == callback).unwrap();
        assert_eq!(callbacks[after + 1..], [WAY[3], WAY[4], END[0], END[1], END[2]], "{callback}");
        assert_eq!(exchange.outcome(), Outcome::Local);
        // The headers had gone before the body was refused.
        assert_eq!(exchange.reached_upstream(), callback != WAY[0]);
    }
}

#[test]
fn the_request_headers_can_still_be_read_in_the_callbacks_of_an_answer_to_them() {
    let script = answering_in(WAY[0]).on(Callback::ResponseHeaders, |host, _, _| {
        assert_eq!(host.header_map_value(MapType::HTTP_REQUEST_HEADERS, b":path"), Ok(b"/".to_vec()));
        CONTINUE
    });
    with_origin(script).exchange(Request::get("/")).local_response().assert_status(403);
}

#[test]
fn an_answer_in_place_of_response_headers_goes_straight_to_the_client() {
    let host = with_origin(answering_in(WAY[3]).returning(0, WAY[4..].to_vec()));
    let exchange = host.exchange(Request::get("/"));
    exchange.local_response().assert_status(403).assert_body("no").assert_no_trailer("x-end");
    assert_eq!(exchange.timeline().callbacks(), [WAY[3]]);
}

#[test]
fn an_answer_after_the_response_has_begun_resets_the_stream() {
    for callback in [WAY[4], WAY[5]] {
        let exchange = with_origin(answering_in(callback)).exchange(Request::get("/"));
        assert_eq!(exchange.outcome(), Outcome::Reset, "{callback}");
    }
}

#[test]
fn an_answer_in_the_body_while_the_headers_are_held_still_gets_through() {
    let script = answering_in(WAY[1]).on(WAY[0], |_, context, _| u32::from(context == 2));
    let script = script.on(Callback::ContextCreate, |host, context, _| {
        if context == 3 {
            host.set_effective_context(2).unwrap();
            host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
        }
        0
    });
    let host = with_origin(script);
    let stream = host.open(Request::post("/").body("x"));
    drop(host.open(Request::get("/")));
    stream.finish().local_response().assert_status(403);
}

#[test]
fn an_answer_can_be_given_to_a_paused_stream_from_another_context() {
    let script = Script::new().on(WAY[0], |host, context, _| {
        if context == 2 {
            return PAUSE;
        }
        host.set_effective_context(2).unwrap();
        host.send_local_response(reply(429, b"")).unwrap();
        host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
        CONTINUE
    });
    let host = with_origin(script);
    let first = host.open(Request::get("/"));
    let second = host.open(Request::get("/"));
    first.finish().local_response().assert_status(429);
    first.assert_not_forwarded();
    // The flag belongs to the VM: the stream whose callback it was stops as well.
    second.assert_paused(Phase::RequestHeaders);
}

#[test]
fn its_own_response_callback_may_hold_an_answer_back() {
    let script = answering_in(WAY[0]).returning(PAUSE, [Callback::ResponseHeaders]);
    let host = with_origin(script);
    let stream = host.open(Request::get("/"));
    stream.assert_paused(Phase::ResponseHeaders);
    assert_eq!(stream.buffered_response_body(), b"no");
}

#[test]
fn headers_of_an_answer_are_added_behind_the_status() {
    let script = Script::new().on(WAY[0], |host, _, _| {
        let block = super::super::maps::encode_pairs(
            [("Content-Type", "application/json"), ("x-a", "1"), ("x-a", "2")].into_iter(),
        );
        let parts = LocalResponseParts { headers: &block, details: b"too\tmany here", ..reply(429, b"{}") };
        host.send_local_response(parts).unwrap();
        CONTINUE
    });
    let exchange = with_origin(script).exchange(Request::get("/"));
    let response = exchange.local_response();
    response.assert_header("content-type", "application/json").assert_header_all("x-a", ["1", "2"]);
    response.assert_details("too_many_here");
    assert_eq!(exchange.details(), "too_many_here");
}

#[test]
fn an_answer_to_head_has_no_body_but_its_length() {
    let script = answering_in(WAY[0]).on(Callback::ResponseHeaders, |_, _, arguments| {
        assert_eq!(arguments, headers(3, true));
        CONTINUE
    });
    let exchange = with_origin(script).exchange(Request::head("/"));
    exchange.local_response().assert_status(403).assert_header("content-length", "2").assert_body("");
}

#[test]
fn an_answer_to_grpc_is_a_200_with_the_status_in_the_headers() {
    for (grpc_status, expected) in [(u32::MAX, "7"), (5, "5"), (17, "7")] {
        let script = Script::new().on(WAY[0], move |host, _, _| {
            let parts = LocalResponseParts { grpc_status, ..reply(403, b"no \xe2\x82\xac") };
            host.send_local_response(parts).unwrap();
            CONTINUE
        });
        let request = Request::post("/service/method").header("content-type", "application/grpc+proto");
        let exchange = with_origin(script).exchange(request.body("x"));
        exchange
            .local_response()
            .assert_status(200)
            .assert_header("content-type", "application/grpc")
            .assert_header("grpc-status", expected)
            .assert_header("grpc-message", "no %E2%82%AC")
            .assert_body("");
    }
}

#[test]
fn a_grpc_status_for_an_ordinary_request_is_ignored() {
    let script = Script::new().on(WAY[0], |host, _, _| {
        host.send_local_response(LocalResponseParts { grpc_status: 5, ..reply(404, b"") }).unwrap();
        CONTINUE
    });
    let exchange = with_origin(script).exchange(Request::get("/"));
    exchange
        .local_response()
        .assert_status(404)
        .assert_no_header("grpc-status")
        .assert_no_header("content-type");
}

#[test]
fn of_two_answers_the_first_counts_and_the_second_is_flagged() {
    let script = Script::new().on(WAY[0], |host, _, _| {
        host.send_local_response(reply(401, b"")).unwrap();
        assert_eq!(host.send_local_response(reply(402, b"")), Ok(()));
        CONTINUE
    });
    let exchange = with_origin(script).exchange(Request::get("/"));
    exchange.local_response().assert_status(401);
    assert_eq!(exchange.timeline().misuses().len(), 1);
}

#[test]
fn the_upstreams_own_response_is_dropped_once_the_client_was_answered() {
    let host = answering_in(WAY[1]).host().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_request_body("x", EndOfStream::No);
    assert!(stream.has_ended());
    stream.send_request_body("y", EndOfStream::Yes);
    stream.send_response(&Response::new(200));
    stream.finish().local_response().assert_status(403);
}
