//! Traps, and what they leave.

use super::*;

/// A guest that traps in this callback of the stream with id 2.
fn trapping_in(callback: Callback) -> Script {
    let others = WAY.into_iter().chain(END).filter(move |other| *other != callback);
    Script::new().returning(CONTINUE, others).on(callback, |_, context, _| {
        assert!(context != 2, "boom");
        CONTINUE
    })
}

fn with_origin(script: Script) -> crate::HostBuilder {
    script.host().origin(|_| Response::new(200).body("ok").trailer("x-end", "1"))
}

#[test]
fn failing_closed_answers_503_until_the_response_has_begun_and_resets_it_after() {
    for callback in WAY {
        let host = with_origin(trapping_in(callback)).start();
        let exchange = host.exchange(full_request());
        assert_eq!(exchange.outcome(), Outcome::FailedClosed);
        assert_eq!(exchange.details(), "wasm_fail_stream");
        if [WAY[4], WAY[5]].contains(&callback) {
            assert!(!exchange.reached_client(), "{callback}");
            assert!(exchange.timeline().to_string().contains("the stream is reset"), "{callback}");
        } else {
            assert!(exchange.reached_client(), "{callback}");
            exchange.local_response().assert_status(503).assert_body("").assert_no_header("content-type");
        }
        // Dead is dead: nothing is called any more, not even to end the stream.
        assert_eq!(exchange.timeline().callbacks().last(), Some(&callback));
        let trap = exchange.trap().unwrap();
        assert_eq!((trap.message.as_str(), trap.during), ("boom", Some(callback)));
        assert!(trap.location.as_ref().unwrap().starts_with(file!()), "{trap}");
        assert_eq!(host.open_streams(), 0);
    }
}

#[test]
fn failing_open_is_for_the_streams_that_come_later() {
    for callback in WAY {
        let host = with_origin(trapping_in(callback)).fail_open().start();
        let exchange = host.exchange(full_request());
        assert_eq!(exchange.outcome(), Outcome::FailedClosed, "{callback}");
        let exchange = host.exchange(full_request());
        assert_eq!(exchange.outcome(), Outcome::FailedOpen);
        assert_eq!(*exchange.upstream_request(), full_request());
        exchange.response().assert_status(200).assert_body("ok").assert_trailer("x-end", "1");
        assert!(exchange.timeline().callbacks().is_empty());
        assert!(exchange.trap().is_some());
    }
}

#[test]
fn later_streams_fail_or_pass_without_any_callback() {
    let host = with_origin(trapping_in(WAY[0])).start();
    host.exchange(Request::get("/"));
    let exchange = host.exchange(Request::get("/"));
    exchange.local_response().assert_status(503);
    assert!(exchange.timeline().callbacks().is_empty());
    assert!(exchange.trap().is_some());

    let host = with_origin(trapping_in(WAY[0])).fail_open().start();
    host.exchange(Request::get("/"));
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(200);
    assert!(exchange.timeline().callbacks().is_empty());
    host.expect_trap("boom");
}

#[test]
fn a_trap_in_one_stream_fails_another_at_its_next_event() {
    let host = with_origin(trapping_in(WAY[1])).start();
    let first = host.begin();
    let second = host.begin();
    second.send_request_headers(&Request::post("/"), EndOfStream::No);
    first.send_request(&Request::post("/").body("x"));
    assert!(!second.has_ended());
    second.send_request_body("y", EndOfStream::No);
    second.finish().local_response().assert_status(503);
    host.expect_trap("boom");
}

#[test]
fn a_paused_stream_of_a_dead_vm_waits_for_ever_and_says_so() {
    let script = Script::new().on(WAY[0], |_, context, _| {
        assert!(context != 3, "boom");
        PAUSE
    });
    let host = script.host().start();
    let first = host.open(Request::post("/").body("x"));
    host.exchange(Request::get("/"));
    first.assert_paused(Phase::RequestHeaders);
    let message = failure(|| first.finish());
    assert!(message.contains("its VM is dead: trap in on_request_headers"), "{message}");
}

#[test]
fn what_was_asked_for_before_the_trap_still_happens_in_a_vm_that_is_dead() {
    let script = Script::new().on(WAY[0], |host, context, _| {
        if context == 2 {
            return PAUSE;
        }
        host.set_effective_context(2).unwrap();
        host.send_local_response(reply(418, b"")).unwrap();
        panic!("boom");
    });
    let host = script.host().start();
    let first = host.open(Request::get("/"));
    let second = host.exchange(Request::get("/"));
    second.local_response().assert_status(503);
    // The answer to the first stream starts, and meets the dead VM on its way to the client.
    let first = first.finish();
    first.local_response().assert_status(503);
    assert!(first.timeline().to_string().contains("the local response 418 starts"));
    host.expect_trap("boom");
    // For the stream that failed itself it is too late.
    let script = Script::new().on(WAY[0], |host, _, _| {
        host.send_local_response(reply(418, b"")).unwrap();
        panic!("boom");
    });
    let exchange = script.host().start().exchange(Request::get("/"));
    exchange.local_response().assert_status(503);
    assert!(exchange.trap().is_some());
}

#[test]
fn a_trap_at_the_end_of_a_stream_does_not_change_its_answer() {
    for callback in END {
        let host = with_origin(trapping_in(callback)).start();
        let exchange = host.exchange(Request::get("/"));
        assert_eq!(exchange.outcome(), Outcome::Forwarded);
        exchange.response().assert_status(200);
        assert_eq!(exchange.timeline().callbacks().last(), Some(&callback));
        assert!(exchange.trap().is_some());
    }
}

#[test]
fn a_trap_while_the_host_starts_is_a_start_error() {
    for callback in [Callback::ContextCreate, Callback::VmStart, Callback::Configure] {
        let error = Script::new().on(callback, |_, _, _| panic!("boom")).host().try_start().unwrap_err();
        assert_eq!(error.trap().unwrap().during, Some(callback));
        assert!(error.to_string().contains("boom"), "{error}");
    }
}

#[test]
fn a_trap_in_a_streams_creation_fails_that_stream() {
    let script = Script::new().on(Callback::ContextCreate, |_, context, _| {
        assert!(context != 2, "boom");
        0
    });
    let host = script.returning(CONTINUE, WAY).host().start();
    let exchange = host.exchange(Request::get("/"));
    exchange.local_response().assert_status(503);
    assert_eq!(exchange.trap().unwrap().during, Some(Callback::ContextCreate));
}

#[test]
fn a_trap_that_nobody_looked_at_fails_the_test() {
    let message = failure(|| drop(with_origin(trapping_in(WAY[0])).start().exchange(Request::get("/"))));
    assert!(message.starts_with("the extension trapped, and the test did not expect it"), "{message}");
    assert!(message.contains("boom"), "{message}");
}
