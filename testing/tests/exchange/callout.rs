//! HTTP callouts that are awaited.

use super::*;
use waxwing_testing::Misuse;

// It asks two upstreams, and answers with what both say.
exchange!(Joined, |exchange| {
    let request = exchange.request_headers().await?;
    let (a, b) = join(HttpCall::get("a", "/").send(&request), HttpCall::get("b", "/").send(&request)).await;
    let (a, b) = (a?, b?);
    let text = |reply: &waxwing::exchange::HttpReply| -> Result<String> {
        let name = reply.headers().get_str("x-name")?.unwrap_or("nobody").to_owned();
        Ok(format!("{} {name} {}", reply.status(), String::from_utf8_lossy(reply.body()?)))
    };
    request.respond(LocalResponse::new(200).body(format!("{}, {}", text(&a)?, text(&b)?)))
});

#[test]
fn both_answers_can_be_read_whichever_comes_first() {
    for (a, b) in [(10, 20), (20, 10), (10, 10)] {
        let host = Host::builder::<Joined>().start();
        let answer = |name: &'static str| Response::new(200).header("x-name", name).body(format!("{name}!"));
        host.upstream("a").on(any()).reply(answer("ann")).delay(ms(a));
        host.upstream("b").on(any()).reply(answer("bob")).delay(ms(b));
        let stream = host.open(Request::get("/"));
        host.clock().advance(ms(20));
        stream.local_response().assert_body("200 ann ann!, 200 bob bob!");
    }
}

#[test]
fn a_reply_lasts_over_later_awaits() {
    exchange!(Lasting, |exchange| {
        let request = exchange.request_headers().await?;
        let reply = HttpCall::get("a", "/").send(&request).await?;
        let early = reply.headers().get("x-name")?;
        request.sleep(ms(5)).await?;
        request.headers_mut().set("x-early", early)?;
        request.headers_mut().set("x-late", reply.headers().get("X-Name")?)?;
        request.headers_mut().set("x-end", reply.trailers().get("x-end")?)?;
        let response = request.forward().await?;
        response.headers_mut().set("x-body", reply.body()?)
    });
    let host = Host::builder::<Lasting>().start();
    host.upstream("a")
        .on(any())
        .reply(Response::new(200).header("x-name", "ann").chunks(["bo", "dy"]).trailer("x-end", "1"));
    let exchange = host.exchange(Request::get("/"));
    let request = exchange.upstream_request();
    request.assert_header("x-early", "ann").assert_header("x-late", "ann").assert_header("x-end", "1");
    exchange.response().assert_header("x-body", "body");
}

#[test]
fn a_callout_that_is_dropped_is_made_and_its_answer_ignored() {
    exchange!(Reporting, |exchange| {
        let request = exchange.request_headers().await?;
        drop(HttpCall::post("reports", "/", "seen").send(&request));
        Ok(())
    });
    let host = Host::builder::<Reporting>().allow(Misuse::DroppedCallout).start();
    let reports = host.upstream("reports");
    reports.on(any()).reply(Response::new(200)).delay(ms(10));
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(200);
    host.clock().advance(ms(20));
    assert_eq!(reports.calls().len(), 1);
    assert!(exchange.logs().lines().is_empty());
}
