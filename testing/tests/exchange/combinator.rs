//! Combinators of others, some of which have wakers of their own.

use super::*;
use futures_util::future::{join_all, try_join};
use futures_util::stream::{FuturesUnordered, StreamExt};

fn upstreams(host: &Host, delays: &[u64]) {
    for (number, delay) in delays.iter().enumerate() {
        let name = ["a", "b", "c"][number];
        host.upstream(name).on(any()).reply(Response::new(200).header("x-name", name)).delay(ms(*delay));
    }
}

#[test]
fn all_of_many_and_each_as_it_comes() {
    exchange!(Many, |exchange| {
        let request = exchange.request_headers().await?;
        let ask = |name: &'static str| {
            let call = HttpCall::get(name, "/").send(&request);
            async move {
                let reply = call.await?;
                Ok::<_, Error>(reply.headers().get_str("x-name")?.unwrap_or_default().to_owned())
            }
        };
        let mut unordered: FuturesUnordered<_> = ["a", "b", "c"].map(ask).into_iter().collect();
        let mut order = String::new();
        while let Some(name) = unordered.next().await {
            order.push_str(&name?);
        }
        // More than thirty, which it keeps in another way.
        let all = join_all((0..40).map(|_| ask("a"))).await;
        assert!(all.into_iter().all(|name| name.as_deref() == Ok("a")));
        let (b, c) = try_join(ask("b"), ask("c")).await?;
        request.respond(LocalResponse::new(200).body(format!("{order} {b}{c}")))
    });
    for (delays, order) in [([10, 20, 30], "abc"), ([30, 20, 10], "cba"), ([20, 30, 10], "cab")] {
        let host = Host::builder::<Many>().start();
        upstreams(&host, &delays);
        let stream = host.open(Request::get("/"));
        host.clock().advance(ms(200));
        stream.local_response().assert_body(format!("{order} bc"));
    }
}

#[test]
fn a_message_can_be_awaited_beside_a_callout() {
    exchange!(Beside, |exchange| {
        let request = exchange.request_headers().await?;
        let call = HttpCall::get("a", "/").send(&request);
        let (reply, body) = join(call, request.buffer(100)).await;
        reply?;
        let mut body = body?;
        body.replace("both")
    });
    for delay in [0, 10] {
        let host = Host::builder::<Beside>().start();
        upstreams(&host, &[delay]);
        let exchange = host.exchange(Request::post("/").chunks(["ab", "cd"]));
        exchange.upstream_request().assert_body("both");
    }
}
