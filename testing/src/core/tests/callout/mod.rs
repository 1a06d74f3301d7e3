//! HTTP callouts: how they start.

mod crossing;
mod end;
mod order;

use super::*;
use crate::matching::{any, method, path};
use crate::{Answer as Reaction, Response, Upstream};
use waxwing::__private::{Host as Calls, HttpCallParts};

const HEADERS: MapType = MapType::HTTP_CALL_RESPONSE_HEADERS;
const TRAILERS: MapType = MapType::HTTP_CALL_RESPONSE_TRAILERS;
const BODY: BufferType = BufferType::HTTP_CALL_RESPONSE_BODY;

/// What a guest sends.
pub(super) struct Call {
    upstream: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    timeout: u32,
}

pub(super) const CHECK: Call = Call {
    upstream: "authz",
    headers: &[(":method", "GET"), (":path", "/check"), (":authority", "authz.example")],
    body: b"",
    timeout: 0,
};

impl Call {
    pub(super) fn send(&self, host: &dyn Calls) -> Answer<u32> {
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
