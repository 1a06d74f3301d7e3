//! Times that are awaited.

use super::*;

#[test]
fn a_sleep_holds_the_exchange_for_its_time() {
    exchange!(Slow, |exchange| { exchange.request_headers().await?.sleep(ms(50)).await });
    let host = Host::builder::<Slow>().start();
    let (first, second) = (host.open(Request::get("/")), host.open(Request::get("/")));
    host.clock().advance(ms(49));
    first.assert_paused(Phase::RequestHeaders);
    second.disconnect();
    host.clock().advance(ms(1));
    assert!(first.reached_upstream());
    assert!(!second.reached_upstream());
}

// A deadline for what it asks.
exchange!(Deadline, |exchange| {
    let request = exchange.request_headers().await?;
    let asked = HttpCall::get("authz", "/").send(&request);
    match request.timeout(ms(30), asked).await {
        Ok(reply) => request.headers_mut().set("x-status", reply?.status().to_string()),
        Err(Error::TimedOut { .. }) => request.headers_mut().set("x-status", "late"),
        Err(error) => Err(error),
    }
});

#[test]
fn a_timeout_ends_what_takes_too_long_and_nothing_else() {
    for (delay, expected) in [(10, "200"), (40, "late")] {
        let host = Host::builder::<Deadline>().start();
        host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(delay));
        let stream = host.open(Request::get("/"));
        host.clock().advance(ms(30));
        stream.upstream_request().assert_header("x-status", expected);
        host.clock().advance(ms(100));
        assert!(stream.finish().logs().lines().is_empty());
    }
}

#[test]
fn a_time_of_zero_passes_with_the_next_tick_and_the_longest_never() {
    exchange!(Zero, |exchange| {
        let request = exchange.request_headers().await?;
        let _never = request.sleep(Duration::MAX);
        request.sleep(Duration::ZERO).await?;
        let late = request.timeout(Duration::ZERO, core::future::pending::<()>()).await;
        assert!(matches!(late, Err(Error::TimedOut { .. })), "{late:?}");
        // What is ready is not late.
        request.timeout(Duration::ZERO, core::future::ready(())).await
    });
    let host = Host::builder::<Zero>().start();
    let stream = host.open(Request::get("/"));
    host.clock().advance(ms(1));
    stream.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(1));
    assert!(stream.reached_upstream());
    assert!(stream.finish().logs().lines().is_empty());
}
