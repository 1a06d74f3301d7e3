//! The stages of the response.

use super::*;

exchange!(Rewriting, |exchange| {
    let request = exchange.request_headers().await?;
    let kind = request.headers().get("x-kind")?.unwrap_or_default().to_vec();
    let response = request.forward().await?;
    match &*kind {
        b"whole" => {
            let mut body = response.buffer(100).await?;
            let upper = body.bytes()?.to_ascii_uppercase();
            body.replace(upper)
        }
        b"pieces" => {
            let mut pieces = response.transform()?;
            while let Some(mut piece) = pieces.next_piece().await? {
                let upper = piece.bytes()?.to_ascii_uppercase();
                piece.replace(upper)?;
            }
            Ok(())
        }
        b"late" => {
            // The response waits for the answer, and then for the time.
            let reply = HttpCall::get("tags", "/").send(&response).await?;
            response.headers_mut().set("x-tag", reply.headers().get("x-tag")?)?;
            response.sleep(ms(5)).await
        }
        b"instead" => response.respond(LocalResponse::new(502)),
        _ => Err(Error::new("no kind")),
    }
});

fn answered(kind: &str, response: &Response) -> (Host, waxwing_testing::Exchange) {
    let response = response.clone();
    let host = Host::builder::<Rewriting>().origin(move |_| response.clone()).start();
    host.upstream("tags").on(any()).reply(Response::new(200).header("x-tag", "blue")).delay(ms(10));
    let stream = host.open(Request::get("/").header("x-kind", kind));
    host.clock().advance(ms(10));
    host.clock().advance(ms(5));
    let exchange = stream.finish();
    (host, exchange)
}

#[test]
fn a_response_is_changed_as_a_whole_or_by_pieces() {
    let response = Response::new(200).header("content-length", "4").chunks(["ab", "cd"]);
    for kind in ["whole", "pieces"] {
        let (_host, exchange) = answered(kind, &response);
        exchange.response().assert_body("ABCD").assert_no_header("content-length");
    }
    let (_host, exchange) = answered("whole", &Response::new(204));
    exchange.response().assert_status(204);
}

#[test]
fn a_response_waits_for_what_the_function_awaits() {
    let (_host, exchange) = answered("late", &Response::new(200).chunks(["ab", "cd"]));
    exchange.response().assert_header("x-tag", "blue").assert_body("abcd");
}

#[test]
fn a_response_can_be_answered_otherwise_while_it_is_held() {
    let (_host, exchange) = answered("instead", &Response::new(200));
    exchange.response().assert_status(502);
    // Also a host that does as it is told after an answer lets nothing of the upstream's go on.
    let timeline = exchange.timeline().to_string();
    let answer = timeline.split("send_local_response").nth(1).unwrap_or_default();
    assert!(answer.lines().nth(1).is_some_and(|line| line.contains("= Pause")), "{timeline}");
    let (_host, exchange) = answered("none", &Response::new(200));
    exchange.response().assert_status(500);
    exchange.logs().assert_contains("at the response headers: no kind");
}

thread_local! {
    static LOGGED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn the_end_can_be_logged() {
    exchange!(Logging, |exchange| {
        let end = exchange.request_headers().await?.forward().await?.end().await?;
        let status = end.response_headers().get_str(":status")?.unwrap_or_default().to_owned();
        let path = end.request_headers().get_str(":path")?.unwrap_or_default().to_owned();
        LOGGED.with_borrow_mut(|logged| logged.push(format!("{path} {status}")));
        Ok(())
    });
    let host = Host::builder::<Logging>().start();
    host.exchange(Request::get("/orders")).response().assert_status(200);
    assert_eq!(LOGGED.take(), ["/orders 200"]);
    let stream = host.begin();
    stream.send_request_headers(&Request::get("/orders"), EndOfStream::No);
    stream.disconnect();
    assert_eq!(LOGGED.take(), [""; 0]);
}
