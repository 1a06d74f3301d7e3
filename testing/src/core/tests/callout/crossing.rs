//! Answers that act on another stream than the one that asked.

use super::*;
use waxwing::__private::LocalResponseParts;

/// A guest that holds each request with a call of its own, and lets an answer resume the last stream, or answer it.
fn resuming_the_last(resume: fn(&dyn Calls)) -> Script {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        CHECK.send(host).unwrap();
        PAUSE
    });
    script.on(Callback::HttpCallResponse, move |host, _, _| {
        let last = (2..10).rev().find(|context| host.set_effective_context(*context).is_ok());
        if last.is_some() {
            resume(host);
        }
        0
    })
}

fn crossings(host: &Host) -> Vec<String> {
    host.worker(0).core().crossings()
}

#[test]
fn an_answer_that_resumes_a_stream_with_a_call_of_its_own_is_noted() {
    let script = resuming_the_last(|host| host.continue_stream(StreamType::HTTP_REQUEST).unwrap());
    let host = script.host().start();
    host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(10));
    let streams = [(); 2].map(|()| host.open(Request::get("/")));
    host.clock().advance(ms(10));
    let expected = "callout 4 (GET /check to \"authz\") was made for stream #2, and its answer resumes stream #3, which waits \
                    for callout 8 (GET /check to \"authz\")";
    assert_eq!(crossings(&host), [expected]);
    assert!(streams[1].timeline().to_string().contains(expected));
}

#[test]
fn so_is_one_that_answers_it() {
    let script = resuming_the_last(|host| {
        host.send_local_response(LocalResponseParts {
            status: 403,
            details: b"",
            body: b"",
            headers: b"",
            grpc_status: u32::MAX,
        })
        .unwrap();
    });
    let host = script.host().start();
    host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(10));
    let _streams = [(); 2].map(|()| host.open(Request::get("/")));
    host.clock().advance(ms(10));
    let [text] = &crossings(&host)[..] else { panic!("{:?}", crossings(&host)) };
    assert!(text.contains("its answer answers stream #3"), "{text}");
}

#[test]
fn streams_that_share_a_call_cross_nothing() {
    let script = Script::new().on(Callback::RequestHeaders, |host, context, _| {
        if context == 2 {
            CHECK.send(host).unwrap();
        }
        PAUSE
    });
    let script = script.on(Callback::HttpCallResponse, |host, _, _| {
        for context in [2, 3] {
            host.set_effective_context(context).unwrap();
            host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
        }
        0
    });
    let host = script.host().start();
    host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(10));
    let streams = [(); 2].map(|()| host.open(Request::get("/")));
    host.clock().advance(ms(10));
    assert!(streams.iter().all(|stream| stream.has_ended()));
    assert!(crossings(&host).is_empty());
}
