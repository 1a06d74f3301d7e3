//! gRPC that is awaited.

use super::*;
use waxwing_testing::GrpcAnswer;
use waxwing_testing::matching::grpc::any;

// It asks, with a deadline of its own.
exchange!(Asking, |exchange| {
    let request = exchange.request_headers().await?;
    let call = GrpcCall::new("authz", "acme.Auth", "Check").message("who").send(&request);
    let reply = request.timeout(ms(30), call).await??;
    request.headers_mut().set("x-reply", reply.message())
});

#[test]
fn a_unary_call_is_awaited_and_its_failure_is_an_error() {
    let host = Host::builder::<Asking>().start();
    host.grpc_upstream("authz").on(any()).reply("ann").delay(ms(10));
    host.exchange(Request::get("/")).upstream_request().assert_header("x-reply", "ann");

    let host = Host::builder::<Asking>().start();
    host.grpc_upstream("authz").on(any()).error(7, "not you");
    let exchange = host.exchange(Request::get("/"));
    exchange.local_response().assert_status(500);
    exchange.logs().assert_contains("awaiting a gRPC call (");
    exchange.logs().assert_contains("permission denied");
}

#[test]
fn a_unary_call_that_is_dropped_is_cancelled_on_the_host() {
    let host = Host::builder::<Asking>().start();
    host.grpc_upstream("authz").on(any()).hang();
    let stream = host.open(Request::get("/"));
    host.clock().advance(ms(30));
    stream.local_response().assert_status(500);
    assert!(stream.waiting_on().is_empty());
    let exchange = stream.finish();
    exchange.logs().assert_contains("it did not come in time");
    assert!(exchange.timeline().to_string().contains("grpc_cancel"), "{}", exchange.timeline());
}

// It sends two messages, and answers with all that comes.
exchange!(Talking, |exchange| {
    let request = exchange.request_headers().await?;
    let mut talk = GrpcCall::new("chat", "acme.Chat", "Talk").message("a").open(&request)?;
    talk.send_last("b")?;
    // What comes meanwhile is kept, in its order.
    request.sleep(ms(20)).await?;
    let mut heard = Vec::new();
    while let Some(message) = talk.next_message().await? {
        heard.extend(message);
    }
    assert_eq!(talk.next_message().await?, None);
    request.respond(LocalResponse::new(200).body(heard))
});

#[test]
fn the_messages_of_a_stream_come_in_order_whenever_they_come() {
    for pause in [0, 50] {
        let host = Host::builder::<Talking>().start();
        let answer = GrpcAnswer::stream().echo().await_end().wait(ms(pause)).message("c").end(0, "");
        host.grpc_upstream("chat").on(any()).answer_with(move |_| answer.clone());
        let stream = host.open(Request::get("/"));
        host.clock().advance(ms(100));
        stream.local_response().assert_body("abc");
    }
}

#[test]
fn a_stream_that_fails_is_an_error_and_one_that_is_dropped_is_cancelled() {
    let host = Host::builder::<Talking>().start();
    let answer = GrpcAnswer::stream().await_end().message("c").end(14, "down");
    host.grpc_upstream("chat").on(any()).answer_with(move |_| answer.clone());
    let stream = host.open(Request::get("/"));
    host.clock().advance(ms(100));
    stream.local_response().assert_status(500);
    stream.finish().logs().assert_contains("awaiting a message of a gRPC stream (");

    exchange!(Dropping, |exchange| {
        let request = exchange.request_headers().await?;
        drop(GrpcCall::new("chat", "acme.Chat", "Talk").open(&request)?);
        Ok(())
    });
    let host = Host::builder::<Dropping>().start();
    host.grpc_upstream("chat").on(any()).hang();
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(200);
    assert!(exchange.timeline().to_string().contains("grpc_cancel"), "{}", exchange.timeline());
}
