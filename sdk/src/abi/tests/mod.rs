//! The seam from end to end: `call`, the imports, the native side, and a host. Miri runs these.

mod recorder;

use super::arena::Scope;
use super::call;
use super::host;
use super::wire::{BufferType, MapType, MetricType, StreamType};
use crate::{Error, Status};
use alloc::rc::Rc;
use alloc::vec;
use recorder::{Guest, Recorder};

/// Runs a callback of the guest on the host.
fn enter<T>(host: &Rc<Recorder>, guest: &Rc<Guest>, callback: impl FnOnce(Scope<'_>) -> T) -> T {
    host::enter(host.clone(), guest.clone(), || guest.arena.enter(callback))
}

#[test]
fn every_call_of_a_stream_reaches_the_host_with_its_arguments() {
    let (host, guest) = (Rc::new(Recorder::default()), Guest::new());
    *host.bytes.borrow_mut() = b"bytes".to_vec();
    let map = MapType::HTTP_REQUEST_TRAILERS;
    enter(&host, &guest, |scope| {
        call::log(3, b"line");
        assert_eq!(call::current_time_nanoseconds(), Ok(1_700_000_000_123_456_789));
        assert_eq!(call::buffer_bytes(scope, BufferType::HTTP_RESPONSE_BODY, 1, 2), Ok(&b"bytes"[..]));
        assert_eq!(call::set_buffer_bytes(BufferType::HTTP_REQUEST_BODY, 3, 4, b"new"), Ok(()));
        assert_eq!(call::header_map_pairs(scope, map), Ok(&b"bytes"[..]));
        assert_eq!(call::set_header_map_pairs(map, b"block"), Ok(()));
        assert_eq!(call::header_map_value(scope, map, b"key"), Ok(Some(&b"bytes"[..])));
        assert_eq!(call::add_header_map_value(map, b"key", b"value"), Ok(()));
        assert_eq!(call::replace_header_map_value(map, b"key", b""), Ok(()));
        assert_eq!(call::remove_header_map_value(map, b"key"), Ok(()));
        assert_eq!(call::continue_stream(StreamType::HTTP_REQUEST), Ok(()));
        assert_eq!(call::close_stream(StreamType::HTTP_RESPONSE), Ok(()));
        assert_eq!(call::send_local_response(403, b"why", b"body", b"block", Some(7)), Ok(()));
        assert_eq!(call::send_local_response(204, b"", b"", b"", None), Ok(()));
        assert_eq!(call::property(scope, b"a\0b"), Ok(Some(&b"bytes"[..])));
        assert_eq!(call::set_property(b"a", b"\xff"), Ok(()));
        assert_eq!(call::set_effective_context(9), Ok(()));
    });
    let expected = [
        "log 3 line",
        "time",
        "buffer HTTP_RESPONSE_BODY 1 2",
        "set buffer HTTP_REQUEST_BODY 3 4 new",
        "pairs HTTP_REQUEST_TRAILERS",
        "set pairs HTTP_REQUEST_TRAILERS block",
        "value HTTP_REQUEST_TRAILERS key",
        "add HTTP_REQUEST_TRAILERS key value",
        "replace HTTP_REQUEST_TRAILERS key ",
        "remove HTTP_REQUEST_TRAILERS key",
        "continue HTTP_REQUEST",
        "close HTTP_RESPONSE",
        "respond 403 why body block 7",
        "respond 204    4294967295",
        "property a\\x00b",
        "set property a \\xff",
        "effective 9",
    ];
    assert_eq!(*host.calls.borrow(), expected);
}

#[test]
fn every_other_call_reaches_the_host_with_its_arguments() {
    let (host, guest) = (Rc::new(Recorder::default()), Guest::new());
    *host.bytes.borrow_mut() = b"bytes".to_vec();
    let bytes = &b"bytes"[..];
    enter(&host, &guest, |scope| {
        assert_eq!(call::log_level(), Ok(7));
        assert_eq!(call::set_tick_period(20), Ok(()));
        assert_eq!(call::buffer_status(BufferType::UPSTREAM_DATA), Ok(7));
        assert_eq!(call::header_map_size(MapType::HTTP_REQUEST_HEADERS), Ok(7));
        assert_eq!(call::end_context(), Ok(()));
        assert_eq!(call::http_call(b"up", b"headers", b"", b"trailers", 30), Ok(7));
        assert_eq!(call::grpc_call(b"up", b"s", b"m", b"", b"message", 30), Ok(7));
        assert_eq!(call::grpc_stream(b"up", b"s", b"m", b"metadata"), Ok(7));
        assert_eq!(call::grpc_send(9, b"message", true), Ok(()));
        assert_eq!(call::grpc_close(9), Ok(()));
        assert_eq!(call::grpc_cancel(9), Ok(()));
        assert_eq!(call::status(scope), Ok((7, bytes)));
        assert_eq!(call::shared_data(scope, b"key"), Ok(Some((bytes, 7))));
        assert_eq!(call::set_shared_data(b"key", b"value", 8), Ok(()));
        assert_eq!(call::register_shared_queue(b"queue"), Ok(7));
        assert_eq!(call::resolve_shared_queue(b"vm", b"queue"), Ok(Some(7)));
        assert_eq!(call::enqueue_shared_queue(9, b"item"), Ok(()));
        assert_eq!(call::dequeue_shared_queue(scope, 9), Ok(Some(bytes)));
        assert_eq!(call::define_metric(MetricType::GAUGE, b"metric"), Ok(7));
        assert_eq!(call::increment_metric(9, -1), Ok(()));
        assert_eq!(call::record_metric(9, u64::MAX), Ok(()));
        assert_eq!(call::metric(9), Ok(7));
        assert_eq!(call::call_foreign_function(scope, b"f", b"x"), Ok(bytes));
        assert_eq!(call::tell_foreign_function(b"f", b""), Ok(()));
        assert_eq!(call::resolve_dns(b"name"), Ok(7));
    });
    let expected = [
        "log level",
        "tick 20",
        "buffer status UPSTREAM_DATA",
        "size HTTP_REQUEST_HEADERS",
        "done",
        "http call up headers  trailers 30",
        "grpc call up s m  message 30",
        "grpc stream up s m metadata",
        "grpc send 9 message true",
        "grpc close 9",
        "grpc cancel 9",
        "status",
        "shared key",
        "set shared key value 8",
        "register queue",
        "resolve vm queue",
        "enqueue 9 item",
        "dequeue 9",
        "define GAUGE metric",
        "increment 9 -1",
        "record 9 18446744073709551615",
        "metric 9",
        "foreign f x",
        "foreign f ",
        "resolve dns name",
    ];
    assert_eq!(*host.calls.borrow(), expected);
}

#[test]
fn a_refusal_is_an_error_with_the_name_of_the_call_and_any_number() {
    let (host, guest) = (Rc::new(Recorder::default()), Guest::new());
    for number in [2, 6, 12, 13, u32::MAX] {
        let status = Status::new(number).unwrap();
        host.refusal.set(Some(status));
        enter(&host, &guest, |scope| {
            let refused = |call| Error::Host { call, status };
            let map = MapType::HTTP_REQUEST_HEADERS;
            assert_eq!(call::header_map_value(scope, map, b"k"), Err(refused("proxy_get_header_map_value")));
            assert_eq!(call::property(scope, b"k"), Err(refused("proxy_get_property")));
            assert_eq!(call::current_time_nanoseconds(), Err(refused("proxy_get_current_time_nanoseconds")));
            assert_eq!(call::set_effective_context(1), Err(refused("proxy_set_effective_context")));
        });
    }
}

#[test]
fn absent_is_not_empty() {
    let (host, guest) = (Rc::new(Recorder::default()), Guest::new());
    let map = MapType::HTTP_REQUEST_HEADERS;
    enter(&host, &guest, |scope| {
        assert_eq!(call::header_map_value(scope, map, b"k"), Ok(Some(&[][..])));
        host.refusal.set(Some(Status::NOT_FOUND));
        assert_eq!(call::header_map_value(scope, map, b"k"), Ok(None));
        assert_eq!(call::property(scope, b"k"), Ok(None));
    });
}

#[test]
fn bytes_that_are_not_where_the_guest_allocated_them_are_refused() {
    let (host, guest) = (Rc::new(Recorder::default()), Guest::new());
    for size in [5, 10_000] {
        *host.bytes.borrow_mut() = vec![7; size];
        for place in [(0, 10_000), (-1, 0), (-1_000_000, 0), (isize::MAX, 0), (0, isize::MIN), (8_192, -2)] {
            host.place.set(place);
            let misplaced = enter(&host, &guest, |scope| call::property(scope, b"k").map(|_| ()));
            let problem = "not where the module allocated it";
            assert_eq!(misplaced, Err(Error::Malformed { call: "proxy_get_property", problem }), "{place:?}");
        }
        host.place.set((1, -2));
        enter(&host, &guest, |scope| {
            // Short, but inside: the host's word is good enough.
            assert_eq!(call::property(scope, b"k"), Ok(Some(&vec![7; size - 2][..])));
        });
    }
}

#[test]
fn a_guest_without_memory_makes_the_call_fail() {
    let (host, guest) = (Rc::new(Recorder::default()), Guest::new());
    *host.bytes.borrow_mut() = b"bytes".to_vec();
    guest.is_full.set(true);
    let status = Status::INVALID_MEMORY_ACCESS;
    enter(&host, &guest, |scope| {
        assert_eq!(call::property(scope, b"k"), Err(Error::Host { call: "proxy_get_property", status }));
    });
}

#[test]
fn outside_a_callback_every_call_fails_as_a_forbidden_one() {
    let status = Status::INTERNAL_FAILURE;
    call::log(2, b"nobody hears it");
    assert_eq!(
        call::continue_stream(StreamType::HTTP_REQUEST),
        Err(Error::Host { call: "proxy_continue_stream", status })
    );
    Guest::new().arena.enter(|scope| {
        assert_eq!(call::property(scope, b"k"), Err(Error::Host { call: "proxy_get_property", status }));
    });
}

#[test]
fn nested_callbacks_use_their_own_host_and_memory() {
    let (outer, inner) = (Rc::new(Recorder::default()), Rc::new(Recorder::default()));
    let (outer_guest, inner_guest) = (Guest::new(), Guest::new());
    *outer.bytes.borrow_mut() = b"outer".to_vec();
    *inner.bytes.borrow_mut() = b"inner".to_vec();
    enter(&outer, &outer_guest, |scope| {
        let before = call::property(scope, b"k").unwrap();
        enter(&inner, &inner_guest, |scope| {
            assert_eq!(call::property(scope, b"k"), Ok(Some(&b"inner"[..])));
        });
        // The same VM, entered again.
        enter(&outer, &outer_guest, |scope| {
            assert_eq!(call::property(scope, b"k"), Ok(Some(&b"outer"[..])));
        });
        assert_eq!(call::property(scope, b"k"), Ok(before));
        assert_eq!(before, Some(&b"outer"[..]));
    });
}

#[test]
fn a_callback_that_panics_leaves_its_host() {
    let (host, guest) = (Rc::new(Recorder::default()), Guest::new());
    *host.bytes.borrow_mut() = b"bytes".to_vec();
    let panicked = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
        enter(&host, &guest, |scope| {
            call::property(scope, b"k").unwrap();
            std::panic::resume_unwind(alloc::boxed::Box::new(()));
        });
    }));
    assert!(panicked.is_err());
    assert!(call::continue_stream(StreamType::HTTP_REQUEST).is_err());
    enter(&host, &guest, |scope| assert_eq!(call::property(scope, b"k"), Ok(Some(&b"bytes"[..]))));
}
