//! VMs that take the place of others.

use super::*;
use crate::FailurePolicy;

/// A guest that traps when it is asked to, in this callback.
fn trapping_in(callback: Callback) -> Script {
    let others = WAY.into_iter().filter(move |other| *other != callback);
    Script::new().returning(1, [Callback::VmStart, Callback::Configure]).returning(CONTINUE, others).on(
        callback,
        |host, _, _| {
            let path = host.property(b"request\0path").unwrap();
            assert!(path != b"/boom", "boom");
            CONTINUE
        },
    )
}

/// As after a trap in the first stream, with another one open.
fn dead(builder: crate::HostBuilder) -> (Host, HttpStream) {
    let host = builder.start();
    let open = host.begin();
    open.send_request_headers(&Request::post("/"), EndOfStream::No);
    assert_eq!(host.exchange(Request::get("/boom")).outcome(), Outcome::FailedClosed);
    host.expect_trap("boom");
    (host, open)
}

#[test]
fn the_back_off_counts_from_the_start_of_the_vm() {
    let policy = FailurePolicy::Reload(ms(100));
    let (host, open) = dead(trapping_in(WAY[0]).host().failure_policy(policy));
    host.clock().advance(ms(99));
    let too_early = host.exchange(Request::get("/"));
    too_early.local_response().assert_status(503);
    assert!(too_early.timeline().to_string().contains("not old enough to be reloaded"));
    host.clock().advance(ms(1));
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(200);
    assert_eq!((exchange.outcome(), exchange.trap()), (Outcome::Forwarded, None));
    assert!(exchange.timeline().to_string().contains("this stream is the first of a new one"));
    // Contexts are counted anew; a stream of the old VM stays with that, whatever its number is.
    let beside = host.begin();
    beside.send_request_headers(&Request::post("/"), EndOfStream::No);
    assert_eq!((open.context(), beside.context()), (2, 3));
    open.send_request_body("x", EndOfStream::Yes);
    open.finish().local_response().assert_status(503);
    beside.send_request_body("x", EndOfStream::Yes);
    beside.send_response(&Response::new(200));
    beside.finish().response().assert_status(200);
}

#[test]
fn an_old_vm_reloads_at_its_first_stream_after_the_trap_and_the_new_one_starts_the_time_again() {
    let host = trapping_in(WAY[0]).host().failure_policy(FailurePolicy::Reload(ms(100))).start();
    host.clock().advance(ms(500));
    host.exchange(Request::get("/boom"));
    host.exchange(Request::get("/boom")).local_response().assert_status(503);
    host.exchange(Request::get("/")).local_response().assert_status(503);
    host.clock().advance(ms(100));
    host.exchange(Request::get("/")).response().assert_status(200);
    assert_eq!(host.traps().len(), 2);
    assert_eq!(host.worker(0).traps().len(), 2);
}

#[test]
fn each_of_several_traps_has_to_be_expected() {
    let host = || trapping_in(WAY[0]).host().failure_policy(FailurePolicy::Reload(Duration::ZERO)).start();
    let boom = |host: &Host| drop(host.exchange(Request::get("/boom")));
    let message = failure(|| {
        let host = host();
        boom(&host);
        boom(&host);
        host.expect_trap("boom");
    });
    assert!(message.starts_with("the extension trapped, and the test did not expect it"), "{message}");
    let host = host();
    boom(&host);
    boom(&host);
    assert!(failure(|| host.expect_trap("fizz")).contains("and there was:\n  trap in on_request_headers"));
    host.worker(0).expect_trap("boom");
    host.worker(0).expect_trap("boom");
}

#[test]
fn a_trap_where_no_stream_is_kills_the_vm_until_the_next_one() {
    let script = Script::new().returning(1, [Callback::VmStart]).on(Callback::Configure, |host, _, _| {
        host.set_tick_period(100).unwrap();
        1
    });
    let ticks = notes();
    let noted = ticks.clone();
    let script = script.on(Callback::Tick, move |host, _, _| {
        noted.borrow_mut().push(host.current_time_nanoseconds().unwrap());
        assert!(noted.borrow().len() != 2, "boom");
        0
    });
    let host = script.host().failure_policy(FailurePolicy::Reload(ms(1))).start();
    host.clock().advance(ms(1000));
    assert_eq!(ticks.borrow().len(), 2);
    host.expect_trap("boom");
    host.exchange(Request::get("/")).response().assert_status(200);
    host.clock().advance(ms(250));
    assert_eq!(ticks.borrow().len(), 4);
}

#[test]
fn a_stream_that_waits_for_an_answer_whose_callback_traps_waits_on() {
    let calling = Script::new()
        .returning(1, [Callback::VmStart, Callback::Configure])
        .on(WAY[0], |host, context, _| {
            if context != 2 {
                return CONTINUE;
            }
            callout::CHECK.send(host).unwrap();
            PAUSE
        })
        .on(Callback::HttpCallResponse, |_, _, _| panic!("boom"));
    let host = calling.host().failure_policy(FailurePolicy::Reload(ms(1))).start();
    host.upstream("authz").on(crate::matching::any()).reply(Response::new(200)).delay(ms(10));
    let stream = host.open(Request::get("/"));
    host.clock().advance(ms(10));
    host.expect_trap("boom");
    stream.assert_paused(Phase::RequestHeaders);
    assert!(failure(|| stream.finish()).contains("its VM is dead"));
    // Not even the end of the stream is told of.
    stream.disconnect();
    assert_eq!(stream.timeline().callbacks().last(), Some(&WAY[0]));
    assert_eq!(stream.context(), 2);
    // The first stream of the new VM has that number again.
    let next = host.open(Request::get("/"));
    next.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(10));
    host.expect_trap("boom");
}

#[test]
fn a_vm_that_does_not_start_leaves_the_old_one_in_its_place() {
    let starts = Rc::new(RefCell::new(0));
    let counted = starts.clone();
    let script = Script::new()
        .returning(1, [Callback::VmStart])
        .returning(0, [Callback::Tick])
        .on(WAY[0], |host, _, _| {
            assert!(host.property(b"request\0path").unwrap() != b"/boom", "boom");
            CONTINUE
        })
        .on(Callback::Configure, move |host, _, _| {
            *counted.borrow_mut() += 1;
            host.set_tick_period(10).unwrap();
            assert!(*counted.borrow() != 2, "not this time");
            u32::from(*counted.borrow() != 3)
        });
    let (host, _) = dead(script.host().failure_policy(FailurePolicy::Reload(ms(1))));
    for _ in 0..2 {
        host.clock().advance(ms(1));
        host.exchange(Request::get("/")).local_response().assert_status(503);
        // What did not start does not tick either.
        host.clock().advance(ms(50));
    }
    assert!(!host.timeline().callbacks().contains(&Callback::Tick));
    host.expect_trap("not this time");
    host.exchange(Request::get("/")).response().assert_status(200);
    assert_eq!(*starts.borrow(), 4);
}

#[test]
fn a_worker_is_restarted_by_hand_also_if_its_vm_lives() {
    let host = trapping_in(WAY[0]).host().workers(2).start();
    host.set_shared_data("kept", "1");
    let open = host.begin();
    open.send_request_headers(&Request::post("/"), EndOfStream::No);
    let elsewhere = host.worker(1).begin();
    elsewhere.send_request_headers(&Request::post("/"), EndOfStream::No);
    host.worker(0).restart().unwrap();
    assert_eq!(host.worker(0).begin().context(), 2);
    for (stream, status) in [(open, 503), (elsewhere, 200)] {
        stream.send_request_body("x", EndOfStream::Yes);
        if !stream.has_ended() {
            stream.send_response(&Response::new(200));
        }
        stream.finish().response().assert_status(status);
    }
    assert_eq!(host.shared_data("kept"), Some(b"1".to_vec()));
    assert_eq!(host.traps(), []);
}

#[test]
fn a_restart_that_fails_says_why() {
    let starts = Rc::new(RefCell::new(0));
    let script = Script::new().returning(1, [Callback::VmStart]).on(Callback::Configure, move |_, _, _| {
        *starts.borrow_mut() += 1;
        u32::from(*starts.borrow() != 2)
    });
    let host = script.host().start();
    let error = host.worker(0).restart().unwrap_err();
    assert_eq!(error.refused_by(), Some(Callback::Configure));
    host.exchange(Request::get("/")).local_response().assert_status(503);
    host.worker(0).restart().unwrap();
    host.exchange(Request::get("/")).response().assert_status(200);
}

#[test]
fn connections_have_the_new_vm_as_well() {
    let script = Script::new()
        .returning(1, [Callback::VmStart, Callback::Configure])
        .returning(CONTINUE, [Callback::NewConnection])
        .on(Callback::DownstreamData, |host, _, _| {
            let data = host.buffer_bytes(BufferType::DOWNSTREAM_DATA, 0, usize::MAX).unwrap();
            assert!(data != b"boom", "boom");
            CONTINUE
        });
    let host = script.host().failure_policy(FailurePolicy::Reload(ms(10))).start();
    let connection = host.connect();
    connection.send("boom");
    assert!(connection.is_closed());
    host.expect_trap("boom");
    assert!(host.connect().is_closed());
    host.clock().advance(ms(10));
    let connection = host.connect();
    connection.send("hello");
    connection.assert_upstream_received("hello");
}
