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

// It waits for the metadata while a timer runs, and looks at those at the end.
exchange!(Reading, |exchange| {
    let request = exchange.request_headers().await?;
    let mut talk = GrpcCall::new("chat", "acme.Chat", "Talk").message("a").open(&request)?;
    let initial = request.timeout(ms(30), talk.initial_metadata()).await??;
    assert!(!format!("{initial:?}").contains("shard"), "a value may be a secret");
    let shards: Vec<_> = initial.get_all("x-shard")?.map(<[u8]>::to_vec).collect();
    request.headers_mut().set("x-shards", shards.join(&b','))?;
    request.headers_mut().set("x-entries", initial.iter()?.len().to_string())?;
    // It is there until the end, however often it is asked for.
    assert_eq!(talk.next_message().await?.as_deref(), Some(&b"a"[..]));
    assert_eq!(talk.initial_metadata().await?.get("X-SHARD")?, initial.get("x-shard")?);
    assert!(talk.trailing_metadata().is_none());
    talk.close()?;
    assert_eq!(talk.next_message().await?, None);
    let trailing = talk.trailing_metadata().and_then(|metadata| metadata.get("x-count").ok().flatten());
    request.headers_mut().set("x-count", trailing)
});

#[test]
fn the_metadata_of_a_stream_are_awaited_and_stay() {
    for (pause, is_in_time) in [(0, true), (20, true), (40, false)] {
        let host = Host::builder::<Reading>().start();
        let answer = GrpcAnswer::stream().wait(ms(pause)).metadata("x-shard", "7").metadata("x-shard", "8");
        let answer = answer.echo().await_end().trailer("x-count", "1").end(0, "");
        host.grpc_upstream("chat").on(any()).answer_with(move |_| answer.clone());
        let stream = host.open(Request::get("/"));
        host.clock().advance(ms(100));
        if is_in_time {
            let request = stream.upstream_request();
            request.assert_header("x-shards", "7,8").assert_header("x-entries", "4");
            request.assert_header("x-count", "1");
        } else {
            stream.local_response().assert_status(500);
        }
    }
}

#[test]
fn metadata_of_a_stream_that_fails_before_they_come_are_empty_and_its_failure_is_told() {
    exchange!(Failing, |exchange| {
        let request = exchange.request_headers().await?;
        let mut talk = GrpcCall::new("chat", "acme.Chat", "Talk").message("a").open(&request)?;
        let initial = talk.initial_metadata().await?;
        assert_eq!(initial.iter()?.len(), 0);
        match talk.next_message().await {
            Err(Error::Call { .. }) => request.headers_mut().set("x-failed", "1"),
            other => Err(Error::new(format!("{other:?}"))),
        }
    });
    let host = Host::builder::<Failing>().start();
    host.grpc_upstream("chat").on(any()).reset();
    host.exchange(Request::get("/")).upstream_request().assert_header("x-failed", "1");
}
