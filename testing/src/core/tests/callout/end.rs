//! How callouts end, and what the guest can read then.

use super::*;

#[test]
fn a_timeout_is_a_504_of_the_proxys() {
    for answer in [Reaction::Hang, Reaction::from(Response::new(200)).after(ms(201))] {
        let (script, ends) = calling(Call { timeout: 200, ..CHECK });
        let host = script.host().cluster("authz", move |_| answer.clone()).start();
        host.exchange(Request::get("/")).response().assert_status(200);
        host.clock().advance(ms(1000));
        let end = (200, 4, [3, 24, 0], bytes("504"), bytes("upstream request timeout"));
        assert_eq!(*ends.borrow(), [end]);
    }
}

#[test]
fn an_answer_before_the_timeout_is_the_only_end() {
    let (script, ends) = calling(Call { timeout: 200, ..CHECK });
    let host = script.host().start();
    host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(199));
    host.exchange(Request::get("/"));
    host.clock().advance(ms(1000));
    assert_eq!(*ends.borrow(), [(199, 4, [1, 0, 0], bytes("200"), bytes(""))]);
}

#[test]
fn a_connection_that_fails_is_a_503_of_the_proxys() {
    for (answer, reason) in [
        (Reaction::Refuse, "reset reason: remote connection failure"),
        (Reaction::Reset, "reset reason: connection termination"),
    ] {
        let (script, ends) = calling(CHECK);
        let host = script.host().cluster("authz", move |_| answer.clone()).start();
        host.exchange(Request::get("/")).response().assert_status(200);
        let (_, token, [headers, size, trailers], status, body) = ends.borrow()[0].clone();
        assert_eq!((token, headers, trailers, status), (4, 3, 0, bytes("503")));
        let body = String::from_utf8(body.unwrap()).unwrap();
        assert_eq!(size, body.len());
        assert!(body.starts_with("upstream connect error or disconnect/reset before headers. "), "{body}");
        assert!(body.ends_with(reason), "{body}");
    }
}

#[test]
fn a_response_that_breaks_off_or_is_too_large_is_a_reset_with_nothing_to_read() {
    let begun = Response::new(200).body("begun");
    let large = Response::new(200).body(vec![0; (32 << 20) + 1]);
    for answer in [Reaction::BreakOff(begun), large.into()] {
        reset_with_nothing_to_read(answer);
    }
}

fn reset_with_nothing_to_read(answer: Reaction) {
    let statuses = notes();
    let noted = statuses.clone();
    let script = Script::new()
        .on(Callback::RequestHeaders, |host, _, _| {
            CHECK.send(host).unwrap();
            CONTINUE
        })
        .on(Callback::HttpCallResponse, move |host, _, arguments| {
            assert_eq!(arguments, Arguments::HttpCall { token: 4, headers: 0, body_size: 0, trailers: 0 });
            assert_eq!(host.header_map_value(HEADERS, b":status"), Err(Status::BAD_ARGUMENT));
            assert_eq!(host.header_map_pairs(HEADERS), Ok(Vec::new()));
            assert_eq!(host.buffer_bytes(BODY, 0, 9), Err(Status::NOT_FOUND));
            noted.borrow_mut().push(host.status());
            0
        })
        .on(Callback::Tick, {
            let noted = statuses.clone();
            move |host, _, _| {
                noted.borrow_mut().push(host.status());
                0
            }
        })
        .on(Callback::Configure, |host, _, _| {
            assert_eq!(host.status(), Ok((0, Vec::new())));
            u32::from(host.set_tick_period(10).is_ok())
        });
    let host = script.host().cluster("authz", move |_| answer.clone()).start();
    host.exchange(Request::get("/"));
    host.clock().advance(ms(10));
    // The code stays, the message does not.
    assert_eq!(*statuses.borrow(), [Ok((11, b"reset".to_vec())), Ok((11, Vec::new()))]);
}

#[test]
fn the_response_can_be_read_until_the_callback_ends_through_any_context_and_not_be_changed() {
    let script = Script::new()
        .on(Callback::RequestHeaders, |host, _, _| {
            CHECK.send(host).unwrap();
            PAUSE
        })
        .on(Callback::HttpCallResponse, |host, _, _| {
            for context in [0, 2, 1] {
                host.set_effective_context(context).unwrap();
                assert_eq!(host.header_map_value(HEADERS, b"X-A"), bytes("1"));
                assert_eq!(host.header_map_value(HEADERS, b"x-b"), Err(Status::NOT_FOUND));
                assert_eq!(host.header_map_value(TRAILERS, b"x-t"), bytes("2"));
                assert_eq!(host.buffer_bytes(BODY, 1, 9), bytes("bc"));
                let pairs = crate::core::maps::decode(&host.header_map_pairs(HEADERS).unwrap());
                assert_eq!(pairs.len(), 2);
                assert_eq!(host.add_header_map_value(HEADERS, b"a", b"b"), Err(Status::BAD_ARGUMENT));
                assert_eq!(host.remove_header_map_value(TRAILERS, b"x-t"), Err(Status::BAD_ARGUMENT));
                assert_eq!(host.set_buffer_bytes(BODY, 0, 0, b"x"), Err(Status::BAD_ARGUMENT));
            }
            host.set_effective_context(2).unwrap();
            host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
            0
        })
        .on(Callback::Log, |host, _, _| {
            assert_eq!(host.header_map_value(HEADERS, b"x-a"), Err(Status::NOT_FOUND));
            assert_eq!(host.buffer_bytes(BODY, 0, 9), Err(Status::NOT_FOUND));
            0
        });
    let host = script.host().start();
    let response = Response::new(200).header("x-a", "1").body("abc").trailer("x-t", "2");
    host.upstream("authz").on(any()).reply(response);
    host.exchange(Request::get("/")).response().assert_status(200);
}

#[test]
fn a_response_without_trailers_has_no_such_map_and_one_to_head_no_body() {
    let script = Script::new()
        .on(Callback::RequestHeaders, |host, _, _| {
            Call { headers: &[(":method", "HEAD"), (":path", "/"), (":authority", "a")], ..CHECK }
                .send(host)
                .unwrap();
            CONTINUE
        })
        .on(Callback::HttpCallResponse, |host, _, arguments| {
            assert_eq!(arguments, Arguments::HttpCall { token: 4, headers: 1, body_size: 0, trailers: 0 });
            assert_eq!(host.header_map_value(TRAILERS, b"x-t"), Err(Status::BAD_ARGUMENT));
            assert_eq!(host.header_map_pairs(TRAILERS), Ok(Vec::new()));
            assert_eq!(host.buffer_bytes(BODY, 0, 9), bytes(""));
            0
        });
    let host = script.host().start();
    host.upstream("authz").on(method("HEAD")).reply(Response::new(200).body("abc"));
    host.exchange(Request::get("/"));
    assert_eq!(host.timeline().callbacks(), [Callback::HttpCallResponse]);
}
