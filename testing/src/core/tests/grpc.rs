//! gRPC calls and streams: what the conformance tests cannot ask Envoy, and how mocks fail.

use super::*;
use crate::matching::grpc::{any, message, metadata, method, service};
use crate::{GrpcAnswer, GrpcUpstream};
use std::cell::Cell;
use waxwing::__private::{GrpcCallParts, Host as Calls};

const CALL: GrpcCallParts<'_> =
    GrpcCallParts { upstream: b"authz", service: b"acme.Auth", method: b"Check", metadata: b"" };

/// What a guest was told.
#[derive(Debug, PartialEq)]
enum Told {
    Message(u32, Vec<u8>),
    Initial(u32, usize),
    Trailing(u32, usize),
    Close(u32, u32, String),
}

/// A guest that does this for each request, and what it was told then.
fn calling(start: impl Fn(&dyn Calls) + 'static) -> (Script, Notes<Told>) {
    let told = notes();
    let note = move |told: &Notes<Told>| told.clone();
    let (a, b, c, d) = (note(&told), note(&told), note(&told), note(&told));
    let script = Script::new()
        .on(Callback::RequestHeaders, move |host, _, _| {
            start(host);
            CONTINUE
        })
        .on(Callback::GrpcReceive, move |host, _, arguments| {
            let Arguments::Grpc { token, size } = arguments else { unreachable!() };
            let message = host.buffer_bytes(BufferType::GRPC_MESSAGE, 0, 1000).unwrap();
            assert_eq!(message.len(), size);
            a.borrow_mut().push(Told::Message(token, message));
            0
        })
        .on(Callback::GrpcReceiveInitialMetadata, move |_, _, arguments| {
            let Arguments::Grpc { token, size } = arguments else { unreachable!() };
            b.borrow_mut().push(Told::Initial(token, size));
            0
        })
        .on(Callback::GrpcReceiveTrailingMetadata, move |_, _, arguments| {
            let Arguments::Grpc { token, size } = arguments else { unreachable!() };
            c.borrow_mut().push(Told::Trailing(token, size));
            0
        })
        .on(Callback::GrpcClose, move |host, context, arguments| {
            assert_eq!(context, 1);
            let Arguments::GrpcClose { token, status } = arguments else { unreachable!() };
            let (code, message) = host.status().unwrap();
            assert_eq!(code, status);
            d.borrow_mut().push(Told::Close(token, status, String::from_utf8(message).unwrap()));
            0
        });
    (script, told)
}

fn check(host: &dyn Calls) {
    host.grpc_call(CALL, b"t0", 200).unwrap();
}

#[test]
fn the_first_rule_that_holds_answers_and_sees_the_whole_call() {
    let (script, told) = calling(check);
    let host = script.host().start();
    let authz = host.grpc_upstream("authz");
    authz.on(service("acme.Auth").and(method("Check")).and(message("t1"))).reply("other").times(0);
    let rule = authz.on(message("t0")).reply_with(|call| [call.messages()[0].as_slice(), b"!"].concat());
    authz.on(any()).error(7, "no").times(0);
    host.exchange(Request::get("/"));
    assert_eq!(*told.borrow(), [Told::Message(5, b"t0!".to_vec())]);
    assert_eq!(rule.calls(), authz.calls());
    assert_eq!(rule.calls()[0].messages(), [b"t0"]);
    assert!(host.timeline().to_string().contains("* gRPC call 5 (acme.Auth/Check): a message"));
}

#[test]
fn answers_come_one_after_the_other_and_take_their_time() {
    let (script, told) = calling(check);
    let host = script.host().start();
    host.grpc_upstream("authz")
        .on(any())
        .error(16, "who?")
        .then(GrpcAnswer::reply("yes"))
        .delay(ms(30))
        .hang();
    for _ in 0..3 {
        drop(host.open(Request::get("/")));
    }
    assert_eq!(told.borrow().len(), 1);
    host.clock().advance(ms(30));
    assert_eq!(told.borrow().len(), 2);
    host.clock().advance(ms(169));
    assert_eq!(told.borrow().len(), 2);
    host.clock().advance(ms(1));
    let timeout = "upstream request timeout{response_timeout}".to_owned();
    assert_eq!(
        *told.borrow(),
        [
            Told::Close(5, 16, "who?{via_upstream}".to_owned()),
            Told::Message(9, b"yes".to_vec()),
            Told::Close(13, 14, timeout),
        ]
    );
}

#[test]
fn a_call_without_a_rule_fails_the_test_and_names_the_closest_one() {
    let (script, _) = calling(check);
    let host = script.host().start();
    let authz = host.grpc_upstream("authz");
    authz.on(method("Ask").and(metadata("x-user", "ana")));
    authz.on(service("acme.Auth").and(message("t1"))).named("a known token");
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(
        message.starts_with(
            "upstream \"authz\": no rule is for this call\n  acme.Auth/Check\n  (message) \"t0\"\n\
             the closest is the rule \"a known token\" ("
        ),
        "{message}"
    );
    assert!(message.contains(r#"), but the message is "t0", not "t1""#), "{message}");

    let (script, _) = calling(check);
    let host = script.host().start();
    host.grpc_upstream("authz");
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(
        message.contains(r#"it has no rules; `host.grpc_upstream("authz").on(any())` adds one"#),
        "{message}"
    );
}

#[test]
fn fewer_calls_than_expected_fail_when_the_host_is_dropped() {
    let (script, _) = calling(check);
    let host = script.host().start();
    host.grpc_upstream("authz").on(any()).times(2);
    host.exchange(Request::get("/"));
    let message = failure(|| drop(host));
    assert!(
        message.ends_with(") expected 2 calls, and there were 1\nit received\n  acme.Auth/Check"),
        "{message}"
    );
}

#[test]
fn an_unhealthy_cluster_fails_at_once_and_tells_of_a_token_that_the_guest_never_got() {
    let (script, told) = calling(|host| {
        assert_eq!(host.grpc_call(CALL, b"", 0), Err(Status::INTERNAL_FAILURE));
        assert_eq!(host.grpc_stream(CALL), Err(Status::INTERNAL_FAILURE));
    });
    let authz = GrpcUpstream::grpc("authz");
    authz.on(any()).times(0);
    authz.set_healthy(false);
    let host = script.host().grpc_upstream(&authz).start();
    host.exchange(Request::get("/"));
    let text = "no healthy upstream{no_healthy_upstream}".to_owned();
    assert_eq!(*told.borrow(), [Told::Close(5, 14, text.clone()), Told::Close(6, 14, text)]);
}

#[test]
fn a_stream_has_metadata_messages_and_an_end_and_keeps_its_place_until_it_is_closed() {
    let (ends, opened) = (notes(), Cell::new(false));
    let noted = ends.clone();
    let (script, told) = calling(move |host| {
        if opened.replace(true) {
            let ends = [host.grpc_send(6, b"x", false), host.grpc_close(6), host.grpc_close(6)];
            noted.borrow_mut().extend(ends);
        } else {
            let token = host.grpc_stream(CALL).unwrap();
            host.grpc_send(token, b"one", false).unwrap();
            host.grpc_send(token, b"two", true).unwrap();
        }
    });
    let answer = || GrpcAnswer::stream().metadata("x-shard", "7").echo().trailer("x-count", "2").end(0, "");
    let host = script.host().grpc_cluster("authz", move |_| answer()).start();
    host.exchange(Request::get("/"));
    assert_eq!(
        *told.borrow(),
        [
            Told::Initial(6, 3),
            Told::Message(6, b"one".to_vec()),
            Told::Message(6, b"two".to_vec()),
            Told::Trailing(6, 2),
            Told::Close(6, 0, "via_upstream".to_owned()),
        ]
    );
    host.exchange(Request::get("/"));
    assert_eq!(*ends.borrow(), [Ok(()), Ok(()), Err(Status::NOT_FOUND)]);
}

#[test]
fn the_end_of_the_root_context_cancels_what_it_has_under_way() {
    let (script, told) = calling(|host| {
        check(host);
        host.grpc_stream(CALL).unwrap();
    });
    let script = script.returning(1, [Callback::Done]);
    let host = script.host().grpc_cluster("authz", |_| GrpcAnswer::reply("late").after(ms(10))).start();
    let _stream = host.open(Request::get("/"));
    host.shutdown();
    host.clock().advance(ms(1000));
    assert!(told.borrow().is_empty());
}

#[test]
fn a_stream_that_waits_for_ever_says_for_what() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        host.grpc_call(CALL, b"", 0).unwrap();
        host.grpc_stream(CALL).unwrap();
        PAUSE
    });
    let host = script.host().start();
    host.grpc_upstream("authz").on(any()).hang();
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(
        message.contains(
            "nothing answers gRPC call 5 (acme.Auth/Check); nothing answers gRPC stream 6 (acme.Auth/Check)"
        ),
        "{message}"
    );
}

#[test]
fn a_name_that_envoy_would_take_for_an_encoding_fails_the_test() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        host.grpc_call(GrpcCallParts { upstream: b"echo1", ..CALL }, b"", 0).unwrap_err();
        CONTINUE
    });
    let host = script.host().start();
    host.grpc_upstream("echo1").on(any());
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(message.starts_with(r#""echo1" is no name of a cluster to Envoy"#), "{message}");
}
