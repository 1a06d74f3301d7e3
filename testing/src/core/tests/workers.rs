//! Several workers of one host.

use super::*;

#[test]
fn each_worker_has_a_vm_of_its_own_with_its_own_context_ids() {
    let host = Script::new().returning(1, [Callback::VmStart, Callback::Configure]).host().workers(3).start();
    for index in 0..3 {
        let worker = host.worker(index);
        assert_eq!(worker.index(), index);
        assert_eq!(worker.timeline().callbacks(), [Callback::VmStart, Callback::Configure]);
        let stream = worker.begin();
        assert_eq!(stream.context(), 2);
    }
    assert_eq!(host.open_streams(), 3);
    assert_eq!(host.worker(1).open_streams(), 1);
}

#[test]
fn a_trap_kills_the_vm_of_its_worker_and_no_other() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        let path = host.header_map_value(MapType::HTTP_REQUEST_HEADERS, b":path").unwrap();
        assert!(path != b"/boom", "boom");
        CONTINUE
    });
    let host = script.host().workers(2).start();
    host.worker(1).exchange(Request::get("/boom")).local_response().assert_status(503);
    host.worker(0).exchange(Request::get("/")).response().assert_status(200);
    host.worker(1).exchange(Request::get("/")).local_response().assert_status(503);
    assert!(host.worker(0).trap().is_none());
    assert_eq!(host.expect_trap("boom").during, Some(Callback::RequestHeaders));
}

#[test]
fn a_trap_of_any_worker_that_nobody_looked_at_fails_the_test() {
    let script = Script::new().on(Callback::RequestHeaders, |_, _, _| panic!("boom"));
    let message = failure(|| {
        let host = script.host().workers(2).start();
        drop(host.worker(1).exchange(Request::get("/")));
    });
    assert!(message.starts_with("the extension trapped, and the test did not expect it"), "{message}");
}

#[test]
fn a_worker_that_does_not_start_is_the_hosts_failure() {
    let starts: Notes<()> = notes();
    let script = Script::new().on(Callback::VmStart, move |host, _, _| {
        starts.borrow_mut().push(());
        host.log(2, b"starting").unwrap();
        u32::from(starts.borrow().len() < 2)
    });
    let error = script.host().workers(3).try_start().unwrap_err();
    assert_eq!(error.refused_by(), Some(Callback::VmStart));
    assert_eq!(error.logs().lines().len(), 1);
}

#[test]
fn all_log_into_one_log_in_the_order_of_what_happens() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        let path = host.header_map_value(MapType::HTTP_REQUEST_HEADERS, b":path").unwrap();
        host.log(2, &path).unwrap();
        CONTINUE
    });
    let host = script.host().workers(2).start();
    host.worker(1).exchange(Request::get("/a"));
    host.exchange(Request::get("/b"));
    host.worker(1).exchange(Request::get("/c"));
    assert_eq!(host.logs().at(crate::LogLevel::Info), ["/a", "/b", "/c"]);
    assert_eq!(host.worker(1).logs().at(crate::LogLevel::Info), ["/a", "/c"]);
}

#[test]
fn the_timers_of_workers_that_are_due_at_one_moment_fire_in_the_order_in_which_they_were_started() {
    let script = Script::new()
        .on(Callback::Configure, |host, _, _| u32::from(host.set_tick_period(10).is_ok()))
        .on(Callback::Tick, |host, _, _| {
            host.log(2, b"tick").unwrap();
            0
        })
        .on(Callback::RequestHeaders, |host, _, _| {
            host.set_tick_period(10).unwrap();
            CONTINUE
        });
    let host = script.host().workers(2).start();
    host.clock().advance(ms(25));
    assert_eq!(host.logs().lines().len(), 4);
    host.worker(0).exchange(Request::get("/"));
    host.clock().advance(ms(5));
    assert_eq!((host.worker(0).logs().lines().len(), host.worker(1).logs().lines().len()), (2, 3));
}

#[test]
fn a_worker_that_is_not_there_is_the_tests_mistake() {
    let message = failure(|| Script::new().host().start().worker(1));
    assert!(message.contains("there is no worker 1: the host has 1"), "{message}");
    let message = failure(|| Script::new().host().workers(0));
    assert!(message.contains("at least one"), "{message}");
}
