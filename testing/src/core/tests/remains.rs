//! What is left when all is over.

use super::*;
use crate::matching::grpc;
use waxwing::__private::GrpcCallParts;

const CHAT: GrpcCallParts<'_> =
    GrpcCallParts { upstream: b"chat", service: b"acme.Chat", method: b"Talk", metadata: b"" };

/// A guest whose streams open a gRPC stream each, and give it up when they are deleted if they should.
fn chatting(gives_up: bool) -> Host {
    let token = notes();
    let opened = token.clone();
    let script = Script::new()
        .on(Callback::RequestHeaders, move |host, _, _| {
            let token = host.grpc_stream(CHAT).unwrap();
            host.grpc_send(token, b"hello", true).unwrap();
            opened.borrow_mut().push(token);
            CONTINUE
        })
        .on(Callback::Delete, move |host, _, _| {
            let token = token.borrow_mut().pop();
            if let (true, Some(token)) = (gives_up, token) {
                host.grpc_cancel(token).unwrap();
            }
            0
        });
    script.host().start()
}

#[test]
fn a_grpc_stream_that_outlives_its_stream_is_left_behind() {
    for (gives_up, left) in [
        (true, &[][..]),
        (false, &["gRPC stream 6 (acme.Chat/Talk) is open, and #2, which made it, has ended"]),
    ] {
        let host = chatting(gives_up);
        host.grpc_upstream("chat").on(grpc::any()).hang();
        host.exchange(Request::get("/")).response().assert_status(200);
        assert_eq!(host.left_behind(&[]), left);
        assert_eq!(host.left_behind(&[6]), [""; 0]);
    }
}

#[test]
fn a_grpc_stream_that_has_ended_is_left_behind_until_it_is_closed() {
    let host = chatting(false);
    host.grpc_upstream("chat").on(grpc::any()).error(7, "not you");
    host.exchange(Request::get("/")).response().assert_status(200);
    assert_eq!(host.left_behind(&[]), ["gRPC stream 6 (acme.Chat/Talk) has ended, and was never closed"]);
}

#[test]
fn a_stream_is_left_behind_as_long_as_it_is_open() {
    let script = Script::new().returning(PAUSE, [Callback::RequestHeaders]);
    let host = script.host().start();
    let streams = [(); 2].map(|()| host.open(Request::get("/")));
    assert_eq!(host.left_behind(&[]), ["2 streams have not ended"]);
    streams[0].disconnect();
    assert_eq!(host.left_behind(&[]), ["a stream has not ended"]);
}

#[test]
fn a_root_context_that_asks_for_time_stays_until_it_is_done() {
    let script = Script::new()
        .returning(0, [Callback::Done])
        .on(Callback::Configure, |host, _, _| u32::from(host.set_tick_period(10).is_ok()))
        .on(Callback::Tick, |host, _, _| {
            let _ = host.done();
            0
        });
    let host = script.host().start();
    assert_eq!(host.not_shut_down(), [""; 0]);
    host.shutdown();
    assert_eq!(host.not_shut_down().len(), 1);
    host.clock().advance(Duration::from_millis(10));
    assert_eq!(host.not_shut_down(), [""; 0]);
}
