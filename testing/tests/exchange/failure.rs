//! What becomes of a function that fails.

use super::*;

exchange!(Closed, |exchange| { asking(exchange).await });
exchange!(Open, FailOpen, |exchange| { asking(exchange).await });
exchange!(ResetIt, Reset, |exchange| { asking(exchange).await });

/// Fails where the header says.
async fn asking(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let fails_at = request.headers().get("x-fail")?.unwrap_or_default().to_vec();
    let fail = |at: &str| match fails_at == at.as_bytes() {
        true => Err(Error::new(format!("failed at {at}"))),
        false => Ok(()),
    };
    fail("headers")?;
    if fails_at == b"callout" {
        HttpCall::get("authz", "/").timeout(ms(20)).send(&request).await?;
    }
    let body = request.buffer(100).await?;
    fail("body")?;
    let response = body.forward().await?;
    fail("response")?;
    let mut pieces = response.inspect();
    while pieces.next_piece().await?.is_some() {
        fail("piece")?;
    }
    fail("end")
}

fn send<E: waxwing::__private::Module>(at: &str) -> waxwing_testing::Exchange {
    let origin = |_: &Request| Response::new(200).chunks(["ef", "gh"]);
    let host = Host::builder::<E>().origin(origin).start();
    host.upstream("authz").on(any()).hang();
    let stream = host.open(Request::post("/").header("x-fail", at.to_owned()).chunks(["ab", "cd"]));
    host.clock().advance(ms(20));
    stream.finish()
}

#[test]
fn failing_closed_answers_500_or_resets() {
    for at in ["headers", "callout", "body", "response"] {
        let exchange = send::<Closed>(at);
        exchange.response().assert_status(500);
    }
    for at in ["headers", "callout"] {
        send::<Closed>(at).assert_not_forwarded();
    }
    assert_eq!(send::<Closed>("piece").outcome(), Outcome::Reset);
}

#[test]
fn failing_open_lets_everything_pass() {
    for at in ["headers", "callout", "body", "response", "piece", "end"] {
        let exchange = send::<Open>(at);
        exchange.upstream_request().assert_body("abcd");
        exchange.response().assert_status(200).assert_body("efgh");
        assert!(!exchange.logs().lines().is_empty(), "{at}");
    }
}

#[test]
fn resetting_resets() {
    for at in ["headers", "callout", "body", "response", "piece"] {
        assert_eq!(send::<ResetIt>(at).outcome(), Outcome::Reset, "{at}");
    }
}

#[test]
fn the_log_line_names_the_stage_and_the_await_that_failed() {
    send::<Closed>("body")
        .logs()
        .assert_contains("on_request_body (context 2): at the request body: failed at body");
    let exchange = send::<Closed>("callout");
    exchange.logs().assert_contains(
        "on_http_call_response (context 2): at the request headers, awaiting an HTTP callout \
         (testing/tests/exchange/failure.rs:",
    );
    exchange.logs().assert_contains("): the upstream did not answer in time");
}

#[test]
fn an_await_that_failed_and_was_handled_is_not_blamed() {
    exchange!(Handled, |exchange| {
        let request = exchange.request_headers().await?;
        let _ = HttpCall::get("nobody", "/").send(&request).await;
        Err(Error::new("another reason"))
    });
    let exchange = Host::builder::<Handled>().start().exchange(Request::get("/"));
    exchange.logs().assert_contains("at the request headers: another reason");
}

#[test]
fn a_panic_in_the_function_is_a_trap() {
    exchange!(Bomb, |exchange| {
        let request = exchange.request_headers().await?;
        HttpCall::get("authz", "/").send(&request).await?;
        panic!("boom")
    });
    let host = Host::builder::<Bomb>().start();
    host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(10));
    let (first, second) = (host.open(Request::get("/")), host.open(Request::get("/")));
    host.clock().advance(ms(10));
    for stream in [first, second] {
        stream.assert_not_forwarded();
    }
    host.expect_trap("boom");
}

thread_local! {
    static STASHED: RefCell<Option<Error>> = const { RefCell::new(None) };
}

// It keeps the error of an exchange that the proxy has answered, and gives it to those that come after.
exchange!(Stashing, |exchange| {
    let request = exchange.request_headers().await?;
    if let Some(error) = STASHED.with_borrow(Clone::clone) {
        return Err(error);
    }
    request.headers_mut().remove(":path")?;
    if let Err(error) = request.inspect().next_piece().await {
        STASHED.set(Some(error));
    }
    Ok(())
});

#[test]
fn the_error_of_another_exchange_that_was_answered_lets_nothing_pass() {
    let host = Host::builder::<Stashing>().start();
    let first = host.begin();
    first.send_request_headers(&Request::post("/"), EndOfStream::No);
    first.finish().response().assert_status(404);
    let second = host.exchange(Request::get("/"));
    assert!(matches!(STASHED.take(), Some(Error::ResponseBegun { .. })));
    second.assert_not_forwarded();
    second.response().assert_status(500);
}
