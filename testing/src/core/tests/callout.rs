//! HTTP callouts: how they start, what the guest is told of their end, and what it can read then.

use super::*;
use crate::matching::{any, method, path};
use crate::{Answer as Reaction, Response, Upstream};
use waxwing::__private::{Host as Calls, HttpCallParts};

const HEADERS: MapType = MapType::HTTP_CALL_RESPONSE_HEADERS;
const TRAILERS: MapType = MapType::HTTP_CALL_RESPONSE_TRAILERS;
const BODY: BufferType = BufferType::HTTP_CALL_RESPONSE_BODY;

/// What a guest sends.
struct Call {
    upstream: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    timeout: u32,
}

const CHECK: Call = Call {
    upstream: "authz",
    headers: &[(":method", "GET"), (":path", "/check"), (":authority", "authz.example")],
    body: b"",
    timeout: 0,
};

impl Call {
    fn send(&self, host: &dyn Calls) -> Answer<u32> {
        let headers = crate::core::maps::encode_pairs(self.headers.iter().copied());
        host.http_call(HttpCallParts {
            upstream: self.upstream.as_bytes(),
            headers: &headers,
            body: self.body,
            trailers: b"",
            timeout_milliseconds: self.timeout,
        })
    }
}

/// A guest that makes this call for each request, holds the request, and lets it go when the call has ended;
/// and what it was told of the ends: the milliseconds, the token, the counts, the status and the body.
#[expect(clippy::type_complexity, reason = "it is only here")]
fn calling(call: Call) -> (Script, Notes<(u64, u32, [usize; 3], Answer<Vec<u8>>, Answer<Vec<u8>>)>) {
    let ends = notes();
    let noted = ends.clone();
    let script = Script::new()
        .on(
            Callback::RequestHeaders,
            move |host, _, _| if call.send(host).is_ok() { PAUSE } else { CONTINUE },
        )
        .on(Callback::HttpCallResponse, move |host, context, arguments| {
            assert_eq!(context, 1);
            let Arguments::HttpCall { token, headers, body_size, trailers } = arguments else {
                unreachable!()
            };
            let status = host.header_map_value(HEADERS, b":status");
            let body = host.buffer_bytes(BODY, 0, 1000);
            let time = host.current_time_nanoseconds().unwrap() / 1_000_000 - 1_767_225_600_000;
            noted.borrow_mut().push((time, token, [headers, body_size, trailers], status, body));
            for context in 2..10 {
                if host.set_effective_context(context).is_ok() {
                    host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
                }
            }
            0
        });
    (script, ends)
}

fn bytes(text: &str) -> Answer<Vec<u8>> {
    Ok(text.as_bytes().to_vec())
}

#[test]
fn the_answer_comes_to_the_root_context_and_the_stream_goes_on() {
    let (script, ends) = calling(CHECK);
    let host = script.host().start();
    let authz = host.upstream("authz");
    authz
        .on(path("/check"))
        .reply(Response::new(200).header("X-User", "ana").body("ok").trailer("x-sum", "2"));
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(200);
    assert_eq!(*ends.borrow(), [(0, 4, [2, 2, 1], bytes("200"), bytes("ok"))]);
    let call = &authz.calls()[0];
    assert_eq!((call.method(), call.path(), call.headers().len()), ("GET".into(), "/check".into(), 3));
    let text = exchange.timeline().to_string();
    assert!(text.contains(r#"http_call "authz" [:method: "GET""#), "{text}");
    assert!(text.contains(r#"* callout 4 (GET /check to "authz"): 200"#), "{text}");
}

#[test]
fn an_answer_takes_the_time_that_it_takes() {
    let (script, ends) = calling(CHECK);
    let host = script.host().start();
    host.upstream("authz").on(any()).reply(Response::new(204)).delay(ms(30));
    let stream = host.open(Request::get("/"));
    stream.assert_paused(Phase::RequestHeaders);
    let [callout] = &stream.waiting_on()[..] else { panic!() };
    assert_eq!((callout.upstream(), callout.token(), callout.timeout()), ("authz", 4, None));
    assert_eq!(callout.request().path(), "/check");
    host.clock().advance(ms(29));
    stream.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(1));
    assert_eq!(stream.finish().outcome(), Outcome::Forwarded);
    assert!(stream.waiting_on().is_empty());
    // An exchange waits by itself.
    host.exchange(Request::get("/")).response().assert_status(200);
    assert_eq!(ends.borrow().iter().map(|end| (end.0, end.1)).collect::<Vec<_>>(), [(30, 4), (60, 8)]);
}

#[test]
fn what_cannot_be_sent_is_refused_in_envoys_order() {
    let answers = notes();
    let noted = answers.clone();
    let script = Script::new().on(Callback::RequestHeaders, move |host, _, _| {
        let mut noted = noted.borrow_mut();
        let negative = u32::MAX;
        noted.push(Call { timeout: negative, ..CHECK }.send(host));
        noted.push(Call { upstream: "nobody", ..CHECK }.send(host));
        noted.push(Call { headers: &[(":method", "GET"), (":path", "/")], ..CHECK }.send(host));
        noted.push(Call { headers: &[(":method", "GET"), (":authority", "a")], ..CHECK }.send(host));
        noted.push(Call { headers: &[(":path", "/"), (":authority", "a")], ..CHECK }.send(host));
        noted.push(Call { headers: &[], ..CHECK }.send(host));
        // None of these has used up a token.
        noted
            .push(Call { headers: &[(":method", "GET"), (":path", "/"), ("host", "a")], ..CHECK }.send(host));
        CONTINUE
    });
    let host = script.host().start();
    let authz = host.upstream("authz");
    authz.on(any());
    let exchange = host.exchange(Request::get("/"));
    let bad = Err(Status::BAD_ARGUMENT);
    assert_eq!(*answers.borrow(), [bad, bad, bad, bad, bad, bad, Ok(4)]);
    assert_eq!(authz.calls()[0].headers().get(":authority"), Some(&b"a"[..]));
    let text = exchange.timeline().to_string();
    assert!(text.contains(r#"there is no cluster "nobody" (there are authz)"#), "{text}");
}

#[test]
fn a_cluster_without_a_healthy_host_fails_the_call_at_once_and_no_callback_comes() {
    let (script, ends) = calling(CHECK);
    let host = script.host().start();
    let authz = host.upstream("authz");
    authz.on(any());
    authz.set_healthy(false);
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(200);
    let (_, answer) = exchange.timeline().calls().next().unwrap();
    assert_eq!(*answer, Err(Status::INTERNAL_FAILURE));
    assert!(ends.borrow().is_empty() && authz.calls().is_empty());
    // Its token was used up.
    authz.set_healthy(true);
    host.exchange(Request::get("/"));
    assert_eq!(ends.borrow()[0].1, 8);
}

#[test]
fn a_body_gets_a_length() {
    for given in [&[][..], &[("content-length", "99")]] {
        let headers: &'static [_] = [CHECK.headers, given].concat().leak();
        let (script, _) = calling(Call { headers, body: b"abc", ..CHECK });
        let host = script.host().start();
        let authz = host.upstream("authz");
        authz.on(any());
        host.exchange(Request::get("/"));
        let call = &authz.calls()[0];
        assert_eq!(call.body_bytes(), b"abc");
        assert_eq!(call.headers().get_all("content-length").collect::<Vec<_>>(), [b"3"]);
    }
}

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

#[test]
fn the_answer_for_a_stream_that_has_ended_comes_all_the_same() {
    let (script, ends) = calling(CHECK);
    let host = script.host().start();
    host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(10));
    let stream = host.open(Request::get("/"));
    stream.disconnect();
    assert!(stream.has_ended());
    host.clock().advance(ms(10));
    assert_eq!(ends.borrow().len(), 1);
}

#[test]
fn calls_run_at_the_same_time_and_end_in_the_order_of_their_answers() {
    let (script, ends) = calling(CHECK);
    let host = script.host().start();
    let mut delay = 40;
    host.upstream("authz").on(any()).answer_with(move |_| {
        delay -= 10;
        Reaction::from(Response::new(200)).after(ms(delay))
    });
    let streams = [(); 3].map(|()| host.open(Request::get("/")));
    host.clock().advance(ms(30));
    assert!(streams.iter().all(|stream| stream.has_ended()));
    assert_eq!(
        ends.borrow().iter().map(|end| (end.0, end.1)).collect::<Vec<_>>(),
        [(10, 12), (20, 8), (30, 4)]
    );
}

#[test]
fn a_callout_from_the_answer_to_another_is_possible_and_so_is_one_from_the_configuration() {
    let tokens = notes();
    let noted = tokens.clone();
    let script = Script::new().on(Callback::Configure, |host, _, _| u32::from(CHECK.send(host).is_ok())).on(
        Callback::HttpCallResponse,
        move |host, _, arguments| {
            let Arguments::HttpCall { token, .. } = arguments else { unreachable!() };
            noted.borrow_mut().push(token);
            if token < 12 {
                CHECK.send(host).unwrap();
            }
            0
        },
    );
    let authz = Upstream::new("authz");
    authz.on(any());
    let host = script.host().upstream(&authz).start();
    assert_eq!(*tokens.borrow(), [4, 8, 12]);
    assert_eq!(authz.calls().len(), 3);
    assert_eq!(host.timeline().callbacks().len(), 4);
}

#[test]
fn calls_that_follow_from_each_other_for_ever_fail_the_test() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        CHECK.send(host).unwrap();
        PAUSE
    });
    let script = script.on(Callback::HttpCallResponse, |host, _, _| CHECK.send(host).unwrap());
    let host = script.host().cluster("authz", |_| Response::new(200).into()).start();
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(message.starts_with("10000 events have happened without any time passing"), "{message}");
    assert!(message.contains(r#"(GET /check to "authz")"#), "{message}");
}

#[test]
fn a_dead_vm_hears_of_nothing_and_the_stream_says_what_it_waits_for() {
    let script = Script::new().on(Callback::RequestHeaders, |host, context, _| {
        assert!(context == 2, "boom");
        CHECK.send(host).unwrap();
        PAUSE
    });
    let script = script.returning(0, [Callback::HttpCallResponse]);
    let host = script.host().start();
    host.upstream("authz").on(any()).hang();
    let stream = host.open(Request::get("/"));
    let message = failure(|| stream.finish());
    assert!(
        message.starts_with(
            "the stream is paused in RequestHeaders, and nothing is pending that could resume it; \
             nothing answers callout 4 (GET /check to \"authz\")"
        ),
        "{message}"
    );
    host.exchange(Request::get("/")).trap().unwrap();
    host.clock().advance(ms(1000));
    assert!(host.timeline().callbacks().is_empty());
}

#[test]
fn a_trap_in_the_callback_of_an_answer_leaves_the_stream_waiting() {
    let script = Script::new()
        .on(Callback::RequestHeaders, |host, _, _| {
            CHECK.send(host).unwrap();
            PAUSE
        })
        .on(Callback::HttpCallResponse, |_, _, _| panic!("boom"));
    let host = script.host().cluster("authz", |_| Response::new(200).into()).start();
    let stream = host.open(Request::get("/"));
    stream.assert_paused(Phase::RequestHeaders);
    let message = failure(|| stream.finish());
    assert!(message.contains("its VM is dead: trap in on_http_call_response"), "{message}");
    stream.disconnect();
    assert!(stream.has_ended());
}

#[test]
fn the_end_of_the_root_context_cancels_what_it_has_under_way() {
    let (script, ends) = calling(Call { timeout: 100, ..CHECK });
    let host = script.host().start();
    host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(10));
    let stream = host.open(Request::get("/"));
    host.shutdown();
    host.clock().advance(ms(1000));
    assert!(stream.has_ended() && ends.borrow().is_empty());
}

#[test]
fn each_worker_has_its_own_tokens_and_gets_its_own_answers() {
    let (script, ends) = calling(CHECK);
    let host = script.host().workers(2).start();
    let authz = host.upstream("authz");
    authz.on(any()).reply(Response::new(200)).delay(ms(10));
    let first = host.worker(0).open(Request::get("/"));
    host.worker(1).exchange(Request::get("/"));
    assert!(first.has_ended());
    assert_eq!(ends.borrow().iter().map(|end| end.1).collect::<Vec<_>>(), [4, 4]);
    assert_eq!(authz.calls().len(), 2);
}
