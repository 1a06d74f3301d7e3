//! Queues.

use super::*;

/// A guest that registers the queue `q` when it is configured, puts the path of each request in, and takes out all
/// that is in it when it is told of an item, and logs that.
fn queueing() -> Script {
    Script::new()
        .on(Callback::Configure, |host, _, _| {
            assert_eq!(host.register_shared_queue(b"q"), Ok(1));
            1
        })
        .on(Callback::RequestHeaders, |host, _, _| {
            let path = host.header_map_value(MapType::HTTP_REQUEST_HEADERS, b":path").unwrap();
            host.enqueue_shared_queue(1, &path).unwrap();
            CONTINUE
        })
        .on(Callback::QueueReady, |host, _, arguments| {
            assert_eq!(arguments, Arguments::Queue(1));
            host.log(2, b"ready").unwrap();
            while let Ok(item) = host.dequeue_shared_queue(1) {
                host.log(2, &item).unwrap();
            }
            assert_eq!(host.dequeue_shared_queue(1), Err(Status::EMPTY));
            0
        })
}

#[test]
fn an_item_is_told_of_after_the_callback_and_once() {
    let host = queueing()
        .on(Callback::ResponseHeaders, |host, _, _| {
            host.enqueue_shared_queue(1, b"first").unwrap();
            host.enqueue_shared_queue(1, b"second").unwrap();
            host.log(2, b"both are in").unwrap();
            CONTINUE
        })
        .host()
        .start();
    host.exchange(Request::get("/a"));
    let logs = host.logs();
    let lines = logs.at(crate::LogLevel::Info);
    let ready = lines.iter().filter(|line| **line == "ready").count();
    assert_eq!(ready, 3, "{lines:?}");
    let place = |wanted: &str| lines.iter().position(|line| *line == wanted);
    assert!(place("both are in") < place("first") && place("first") < place("second"), "{lines:?}");
    assert!(host.queue("q").items().is_empty());
}

#[test]
fn the_worker_that_has_registered_a_queue_last_is_told_of_items() {
    let host = queueing().host().workers(2).start();
    host.worker(0).exchange(Request::get("/a"));
    host.worker(1).exchange(Request::get("/b"));
    assert!(host.worker(0).logs().lines().is_empty());
    assert_eq!(host.worker(1).logs().at(crate::LogLevel::Info), ["ready", "/a", "ready", "/b"]);
}

#[test]
fn registering_a_queue_again_keeps_its_items_and_tells_another_of_the_next() {
    let script = Script::new()
        .on(Callback::RequestHeaders, |host, _, _| {
            assert_eq!(host.register_shared_queue(b"q"), Ok(1));
            assert_eq!(host.register_shared_queue(b"other"), Ok(2));
            host.enqueue_shared_queue(1, b"item").unwrap();
            CONTINUE
        })
        .on(Callback::QueueReady, |host, context, _| {
            assert_eq!(context, 1, "the root context");
            host.log(2, b"ready").unwrap();
            0
        });
    let host = script.host().workers(2).start();
    for worker in [1, 0, 1] {
        host.worker(worker).exchange(Request::get("/"));
    }
    assert_eq!(host.worker(0).logs().lines().len(), 1);
    assert_eq!(host.worker(1).logs().lines().len(), 2);
    assert_eq!(host.queue("q").items().len(), 3);
}

#[test]
fn a_queue_is_resolved_by_the_vm_and_the_name() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        assert_eq!(host.resolve_shared_queue(b"", b"q"), Err(Status::NOT_FOUND));
        let own = host.register_shared_queue(b"q").unwrap();
        assert_eq!(host.resolve_shared_queue(b"", b"q"), Ok(own));
        assert_eq!(host.resolve_shared_queue(b"mine", b"q"), Ok(own));
        let others = host.resolve_shared_queue(b"theirs", b"q").unwrap();
        assert_ne!(others, own);
        host.enqueue_shared_queue(others, b"for them").unwrap();
        assert_eq!(host.resolve_shared_queue(b"theirs", b"nothing"), Err(Status::NOT_FOUND));
        CONTINUE
    });
    let host = script.host().vm_id("mine").start();
    let theirs = host.queue_of("theirs", "q");
    host.exchange(Request::get("/"));
    assert_eq!(theirs.items(), [b"for them"]);
    assert!(host.queue("q").items().is_empty());
}

#[test]
fn a_queue_that_there_is_not_is_not_found() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        for queue in [0, 1, u32::MAX] {
            assert_eq!(host.enqueue_shared_queue(queue, b"item"), Err(Status::NOT_FOUND));
            assert_eq!(host.dequeue_shared_queue(queue), Err(Status::NOT_FOUND));
        }
        CONTINUE
    });
    script.host().start().exchange(Request::get("/"));
}

#[test]
fn a_test_puts_items_in_and_takes_them_out_as_another_vm_does() {
    let host = queueing().host().start();
    let queue = host.queue("q");
    queue.push("from outside");
    assert_eq!(host.logs().at(crate::LogLevel::Info), ["ready", "from outside"]);
    let unheard = host.queue("nobody has registered it");
    unheard.push("");
    unheard.push("2");
    assert_eq!(unheard.items(), [&b""[..], b"2"]);
    assert_eq!(unheard.pop(), Some(Vec::new()));
    assert_eq!(unheard.items().len(), 1);
}

#[test]
fn a_guest_that_puts_an_item_in_whenever_it_is_told_of_one_fails_the_test() {
    let script = Script::new()
        .on(Callback::Configure, |host, _, _| host.register_shared_queue(b"endless").unwrap())
        .on(Callback::QueueReady, |host, _, _| {
            host.enqueue_shared_queue(1, b"again").unwrap();
            0
        });
    let host = script.host().start();
    let message = failure(|| host.queue("endless").push("once"));
    assert!(message.contains("on_queue_ready of \"endless\""), "{message}");
}

#[test]
fn nobody_is_told_of_an_item_when_the_vm_is_dead() {
    let host = queueing().on(Callback::ResponseHeaders, |_, _, _| panic!("boom")).host().start();
    let _ = host.open(Request::get("/a"));
    host.expect_trap("boom");
    let before = host.logs().lines().len();
    host.queue("q").push("too late");
    assert_eq!(host.queue("q").items(), [&b"/a"[..], b"too late"]);
    assert_eq!(host.logs().lines().len(), before);
}
