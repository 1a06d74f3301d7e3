//! The life of the root context after its start.

use super::*;

fn configurations() -> (Script, Notes<Vec<u8>>) {
    let seen: Notes<Vec<u8>> = notes();
    let noted = seen.clone();
    let script = Script::new().on(Callback::Configure, move |host, _, arguments| {
        let bytes = host.buffer_bytes(BufferType::PLUGIN_CONFIGURATION, 0, 100).unwrap();
        assert_eq!(arguments, Arguments::Size(bytes.len()));
        assert_ne!(bytes, b"boom");
        noted.borrow_mut().push(bytes.clone());
        u32::from(bytes != b"bad")
    });
    (script, seen)
}

#[test]
fn a_new_configuration_is_tried_and_comes_to_a_new_root_context_of_every_worker() {
    let (script, seen) = configurations();
    let host = script.host().config("one").workers(2).start();
    host.reconfigure("two").unwrap();
    assert_eq!(*seen.borrow(), [b"one", b"one", b"two", b"two", b"two"]);
    let configured = [Callback::Configure, Callback::Configure];
    assert_eq!(host.worker(1).timeline().callbacks(), configured);
}

#[test]
fn a_configuration_that_is_refused_or_traps_is_an_error() {
    let (script, seen) = configurations();
    let host = script.host().config("one").start();
    let error = host.reconfigure("bad").unwrap_err();
    assert_eq!(error.refused_by(), Some(Callback::Configure));
    host.exchange(Request::get("/")).response().assert_status(200);
    assert_eq!(*seen.borrow(), [b"one", b"bad"]);
    let error = host.reconfigure("boom").unwrap_err();
    assert_eq!(error.trap().unwrap().during, Some(Callback::Configure));
    host.exchange(Request::get("/")).response().assert_status(200);
    assert_eq!(host.timeline().callbacks(), [Callback::Configure]);
}

#[test]
fn a_configuration_that_only_a_worker_refuses_leaves_the_one_before() {
    let times = std::cell::Cell::new(0);
    let script = Script::new().on(Callback::Configure, move |_, _, _| {
        times.set(times.get() + 1);
        // The start, the trial, and the worker.
        u32::from(times.get() != 3)
    });
    let host = script.returning(PAUSE, [Callback::RequestHeaders]).host().config("one").start();
    assert_eq!(host.reconfigure("two").unwrap_err().refused_by(), Some(Callback::Configure));
    host.open(Request::get("/")).assert_paused(Phase::RequestHeaders);
    host.shutdown();
    assert!(host.is_shut_down());
}

#[test]
fn a_root_context_that_was_replaced_ends_with_its_last_stream() {
    let happened: Notes<(Callback, u32)> = notes();
    let mut script = Script::new().returning(PAUSE, [Callback::RequestHeaders]);
    for callback in [Callback::Tick, Callback::Done, Callback::Delete] {
        let noted = happened.clone();
        script = script.on(callback, move |_, context, _| {
            noted.borrow_mut().push((callback, context));
            1
        });
    }
    script = script.on(Callback::Configure, |host, _, _| u32::from(host.set_tick_period(100).is_ok()));
    let host = script.host().config("one").start();
    let old = [host.open(Request::get("/")), host.open(Request::get("/"))];
    host.reconfigure("two").unwrap();
    let new = host.open(Request::get("/"));
    host.clock().advance(Duration::from_millis(100));
    old[0].disconnect();
    assert_eq!(happened.take()[..2], [(Callback::Tick, 1), (Callback::Tick, 4)]);
    old[1].disconnect();
    let ends = [(Callback::Done, 3), (Callback::Delete, 3), (Callback::Done, 1), (Callback::Delete, 1)];
    assert_eq!(happened.take(), ends);
    host.clock().advance(Duration::from_millis(100));
    assert_eq!(happened.take(), [(Callback::Tick, 4)]);
    new.disconnect();
    assert!(!host.is_shut_down());
}

#[test]
fn a_root_context_that_is_done_is_deleted_at_once() {
    for script in [Script::new(), Script::new().returning(1, [Callback::Done])] {
        let host = script.returning(0, [Callback::Delete]).host().start();
        host.shutdown();
        assert!(host.is_shut_down());
        assert_eq!(host.timeline().callbacks().last(), Some(&Callback::Delete));
        host.shutdown();
        assert_eq!(host.timeline().callbacks().iter().filter(|other| **other == Callback::Delete).count(), 1);
    }
}

#[test]
fn streams_end_before_the_root_context_does() {
    let deleted: Notes<u32> = notes();
    let noted = deleted.clone();
    let script = Script::new().returning(PAUSE, [Callback::RequestHeaders]).on(
        Callback::Delete,
        move |_, context, _| {
            noted.borrow_mut().push(context);
            0
        },
    );
    let host = script.host().start();
    let streams = [host.open(Request::get("/")), host.open(Request::get("/"))];
    host.shutdown();
    assert_eq!(*deleted.borrow(), [2, 3, 1]);
    assert!(streams.iter().all(|stream| stream.finish().outcome() == Outcome::Reset));
    let message = failure(|| host.open(Request::get("/")));
    assert!(message.contains("has been shut down"), "{message}");
}

#[test]
fn a_root_context_that_is_not_done_lives_until_it_says_so() {
    let script = Script::new()
        .on(Callback::Configure, |host, _, _| {
            assert_eq!(host.done(), Err(Status::NOT_FOUND));
            host.set_tick_period(100).unwrap();
            1
        })
        .on(Callback::Tick, |host, _, _| {
            let time = host.current_time_nanoseconds().unwrap();
            if time >= 1_767_225_600_200_000_000 {
                assert_eq!(host.done(), Ok(()));
                assert_eq!(host.done(), Err(Status::NOT_FOUND));
            }
            0
        })
        .returning(0, [Callback::Done, Callback::Delete]);
    let host = script.host().start();
    host.shutdown();
    assert!(!host.is_shut_down());
    host.clock().advance(ms(100));
    assert!(!host.is_shut_down());
    host.clock().advance(ms(1000));
    assert!(host.is_shut_down());
    let [.., tick, delete] = host.timeline().callbacks()[..] else { panic!("{}", host.timeline()) };
    assert_eq!((tick, delete), (Callback::Tick, Callback::Delete));
    // After the callback in which it said so, and there is no tick after that.
    let text = host.timeline().to_string();
    assert!(text.contains("the root context is not done"), "{text}");
}
