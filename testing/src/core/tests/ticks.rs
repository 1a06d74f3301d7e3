//! The timer of the root context, and the time itself.

use super::*;

/// A guest with this period from its configuration on, and the milliseconds at which its ticks came.
fn ticking(period: u32) -> (Script, Notes<u64>) {
    let ticks: Notes<u64> = notes();
    let noted = ticks.clone();
    let script = Script::new()
        .on(Callback::Configure, move |host, _, _| {
            assert_eq!(host.set_tick_period(period), Ok(()));
            1
        })
        .on(Callback::Tick, move |host, context, _| {
            assert_eq!(context, 1);
            noted.borrow_mut().push(millisecond(host));
            0
        });
    (script, ticks)
}

/// Since the host was made, if nobody has set the clock.
fn millisecond(host: &dyn waxwing::__private::Host) -> u64 {
    host.current_time_nanoseconds().unwrap() / 1_000_000 - 1_767_225_600_000
}

#[test]
fn a_tick_comes_after_each_period_at_its_own_time() {
    let (script, ticks) = ticking(100);
    let host = script.host().start();
    host.clock().advance(ms(99));
    assert!(ticks.borrow().is_empty());
    host.clock().advance(ms(201));
    assert_eq!(*ticks.borrow(), [100, 200, 300]);
    assert_eq!(
        host.timeline().callbacks(),
        [Callback::Configure, Callback::Tick, Callback::Tick, Callback::Tick]
    );
}

#[test]
fn a_period_of_0_stops_the_timer_also_inside_a_tick() {
    let (script, ticks) = ticking(100);
    let script = script.on(Callback::RequestHeaders, |host, _, _| {
        host.set_tick_period(0).unwrap();
        CONTINUE
    });
    let host = script.host().start();
    host.clock().advance(ms(100));
    // From a stream it is the root context's timer all the same.
    host.exchange(Request::get("/"));
    host.clock().advance(ms(1000));
    assert_eq!(*ticks.borrow(), [100]);

    let ticks: Notes<u64> = notes();
    let noted = ticks.clone();
    let script = Script::new().on(Callback::VmStart, |host, _, _| u32::from(host.set_tick_period(5).is_ok()));
    let script = script.on(Callback::Tick, move |host, _, _| {
        noted.borrow_mut().push(millisecond(host));
        host.set_tick_period(0).unwrap();
        0
    });
    script.host().start().clock().advance(ms(1000));
    assert_eq!(*ticks.borrow(), [5]);
}

#[test]
fn another_period_replaces_the_old_one_and_begins_anew() {
    let (script, ticks) = ticking(100);
    let script = script.on(Callback::RequestHeaders, |host, _, _| {
        host.set_tick_period(30).unwrap();
        CONTINUE
    });
    let host = script.host().start();
    host.clock().advance(ms(90));
    host.exchange(Request::get("/"));
    host.clock().advance(ms(70));
    assert_eq!(*ticks.borrow(), [120, 150]);
}

#[test]
fn a_period_that_is_set_in_a_tick_holds_from_there_on() {
    let ticks: Notes<u64> = notes();
    let noted = ticks.clone();
    let script = Script::new()
        .on(Callback::VmStart, |host, _, _| u32::from(host.set_tick_period(10).is_ok()))
        .on(Callback::Tick, move |host, _, _| {
            noted.borrow_mut().push(millisecond(host));
            host.set_tick_period(100).unwrap();
            0
        });
    script.host().start().clock().advance(ms(210));
    assert_eq!(*ticks.borrow(), [10, 110, 210]);
}

#[test]
fn a_timer_whose_guest_has_no_callback_fires_once_and_for_nobody() {
    let script = Script::new()
        .on(Callback::VmStart, |host, _, _| u32::from(host.set_tick_period(10).is_ok()))
        .returning(PAUSE, [Callback::RequestHeaders]);
    let host = script.host().start();
    let stream = host.open(Request::get("/"));
    let message = failure(|| stream.finish());
    assert!(
        message.starts_with(
            "the stream is paused in RequestHeaders after 10ms, and nothing is pending that could resume it"
        ),
        "{message}"
    );
}

#[test]
fn setting_the_clock_neither_loses_nor_moves_an_event() {
    let (script, ticks) = ticking(100);
    let host = script.host().start();
    let start = host.clock().now();
    host.clock().advance(ms(60));
    host.clock().set(start);
    host.clock().advance(ms(40));
    host.clock().set(start + ms(5_000_000));
    assert_eq!(*ticks.borrow(), [40]);
    host.clock().advance(ms(100));
    assert_eq!(*ticks.borrow(), [40, 5_000_100]);
    assert_eq!(host.clock().now(), start + ms(5_000_100));
    host.clock().set(SystemTime::UNIX_EPOCH);
    assert_eq!(host.clock().now(), SystemTime::UNIX_EPOCH);
}

#[test]
fn a_paused_stream_goes_on_when_a_tick_resumes_it_and_only_an_exchange_waits() {
    let script = Script::new()
        .on(Callback::RequestHeaders, |host, _, _| {
            host.set_tick_period(250).unwrap();
            PAUSE
        })
        .on(Callback::Tick, |host, _, _| {
            // The tick itself acts on the root context, where that does nothing.
            host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
            for context in [2, 3] {
                if host.set_effective_context(context).is_ok() {
                    host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
                }
            }
            0
        });
    let host = script.host().start();
    let start = host.clock().now();
    let stream = host.open(Request::get("/"));
    stream.assert_paused(Phase::RequestHeaders);
    assert_eq!(host.clock().now(), start);
    host.exchange(Request::get("/")).response().assert_status(200);
    assert_eq!(host.clock().now(), start + ms(250));
    let exchange = stream.finish();
    exchange.response().assert_status(200);
    assert!(exchange.timeline().to_string().contains("in on_tick of #1"), "{}", exchange.timeline());
}

#[test]
fn a_timer_that_resumes_nothing_does_not_spin() {
    let (script, ticks) = ticking(60_000);
    let host = script.returning(PAUSE, [Callback::RequestHeaders]).host().start();
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(
        message.starts_with(
            "the stream is paused in RequestHeaders after 3600s, and what is pending does not resume it (on_tick in 60s)"
        ),
        "{message}"
    );
    assert_eq!(ticks.borrow().len(), 60);

    let (script, ticks) = ticking(1);
    let host = script.returning(PAUSE, [Callback::RequestHeaders]).host().start();
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(
        message.contains("after 10s, and what is pending does not resume it (on_tick in 1ms)"),
        "{message}"
    );
    assert_eq!(ticks.borrow().len(), 10_000);
}

#[test]
fn the_clock_is_not_advanced_while_an_event_is_dealt_with() {
    let clock: Rc<RefCell<Option<crate::Clock>>> = Rc::default();
    let at = clock.clone();
    let host = Script::new()
        .host()
        .origin(move |_| {
            at.borrow().as_ref().expect("the host has started").advance(ms(1));
            Response::new(200)
        })
        .start();
    *clock.borrow_mut() = Some(host.clock());
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(message.starts_with("the clock cannot be advanced here"), "{message}");
    // That is over.
    host.clock().advance(ms(1));
}

#[test]
fn a_dead_vm_has_no_ticks() {
    let script = Script::new()
        .on(Callback::VmStart, |host, _, _| u32::from(host.set_tick_period(10).is_ok()))
        .on(Callback::Tick, |_, _, _| panic!("boom"));
    let host = script.host().start();
    host.clock().advance(ms(100));
    assert_eq!(host.timeline().callbacks(), [Callback::VmStart, Callback::Tick]);
    assert_eq!(host.expect_trap("boom").during, Some(Callback::Tick));
}
