use super::*;

extension!(Bomb, BombStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        assert!(request.headers().get("x-bomb")?.is_none(), "boom");
        Ok(Action::Continue)
    }
});

#[test]
fn a_panic_becomes_a_503_with_message_and_place_and_the_test_goes_on() {
    let host = Host::builder::<Bomb>().start();
    let exchange = host.exchange(Request::get("/").header("x-bomb", "1"));
    exchange.local_response().assert_status(503).assert_body("");
    assert_eq!(exchange.outcome(), Outcome::FailedClosed);
    let trap = exchange.trap().unwrap();
    assert_eq!(trap.message, "boom");
    assert!(trap.location.as_deref().unwrap().contains("trap.rs:"), "{trap}");
    exchange.logs().assert_contains("boom");
    assert_eq!(exchange.logs().at(LogLevel::Critical).len(), 1);
    // The VM is dead: the next stream meets that, without a callback.
    let next = host.exchange(Request::get("/"));
    next.local_response().assert_status(503);
    assert!(next.timeline().callbacks().is_empty());
}

#[test]
fn failing_open_lets_later_streams_pass_without_the_extension() {
    let host = Host::builder::<Bomb>().fail_open().start();
    host.exchange(Request::get("/").header("x-bomb", "1")).local_response().assert_status(503);
    let next = host.exchange(Request::get("/").header("x-bomb", "1"));
    next.response().assert_status(200);
    assert_eq!(next.outcome(), Outcome::FailedOpen);
    host.expect_trap("boom");
}

#[test]
fn two_hosts_on_one_thread_share_nothing() {
    let dead = Host::builder::<Bomb>().start();
    let alive = Host::builder::<Bomb>().start();
    dead.exchange(Request::get("/").header("x-bomb", "1"));
    alive.exchange(Request::get("/")).response().assert_status(200);
    dead.expect_trap("boom");
    assert_eq!(alive.trap(), None);
}

#[test]
fn a_trap_that_the_test_does_not_look_at_fails_it() {
    let message = failure(|| {
        let host = Host::builder::<Bomb>().start();
        host.exchange(Request::get("/").header("x-bomb", "1")).local_response().assert_status(503);
    });
    assert!(message.contains("the extension trapped, and the test did not expect it"), "{message}");
    assert!(message.contains("[critical] panicked at"), "{message}");
}

#[test]
fn expecting_another_trap_says_which_one_there_was() {
    let host = Host::builder::<Bomb>().start();
    assert!(failure(|| drop(host.expect_trap("boom"))).contains("there was none"));
    host.exchange(Request::get("/").header("x-bomb", "1"));
    assert!(failure(|| drop(host.expect_trap("fizz"))).contains("boom"));
}
