//! Contexts: their ids, their order, their configuration, and which one a call acts on.

use super::*;

#[test]
fn the_root_context_is_created_started_and_configured_and_has_id_1() {
    let script =
        Script::new().returning(1, [Callback::ContextCreate, Callback::VmStart, Callback::Configure]);
    let host = script.host().config("abc").vm_config("de").start();
    let events: Vec<_> = host.timeline().events().iter().map(ToString::to_string).collect();
    assert_eq!(
        events,
        [
            "on_context_create #1 root",
            "=",
            "on_vm_start #1 2 bytes",
            "= true",
            "on_configure #1 3 bytes",
            "= true"
        ]
    );
}

#[test]
fn either_start_callback_can_refuse() {
    for callback in [Callback::VmStart, Callback::Configure] {
        let error = Script::new().returning(0, [callback]).host().try_start().unwrap_err();
        assert_eq!(error.refused_by(), Some(callback));
    }
}

#[test]
fn a_host_without_a_single_callback_passes_everything() {
    let host = Script::new().host().start();
    let exchange = host.exchange(full_request());
    assert_eq!(*exchange.upstream_request(), full_request());
    assert!(exchange.timeline().callbacks().is_empty());
}

#[test]
fn streams_are_created_with_their_first_headers_and_share_the_ids_of_root_contexts() {
    let host = Script::new().returning(0, [Callback::ContextCreate, Callback::RequestHeaders]).host().start();
    let first = host.begin();
    assert!(first.timeline().callbacks().is_empty());
    let second = host.open(Request::get("/"));
    first.send_request(&Request::get("/"));
    assert_eq!((first.context(), second.context()), (2, 3));
    assert_eq!(
        shown(&first)[..2],
        [(Callback::ContextCreate, Arguments::Parent(1)), (WAY[0], headers(4, true))]
    );
}

#[test]
fn a_stream_is_logged_then_done_then_deleted_whatever_done_answers() {
    let host = Script::new().returning(0, END).host().start();
    let exchange = host.exchange(Request::get("/"));
    assert_eq!(exchange.timeline().callbacks(), END);
    assert_eq!(host.open_streams(), 0);
}

#[test]
fn a_stream_that_never_had_request_headers_is_created_to_be_logged() {
    let host = Script::new()
        .returning(0, WAY)
        .returning(0, [Callback::ContextCreate])
        .returning(0, END)
        .host()
        .start();
    let stream = host.begin();
    // Another filter has answered: this one sees nothing of it.
    stream.send_response(&Response::new(400));
    assert_eq!(stream.timeline().callbacks()[..2], [Callback::ContextCreate, Callback::Log]);
    stream.finish().response().assert_status(400);
}

#[test]
fn the_plugin_configuration_can_be_read_where_it_is_given_and_nowhere_else() {
    type Read = Answer<Vec<u8>>;
    let read: Notes<(Callback, Read, Read)> = notes();
    let mut script = Script::new();
    for callback in
        [Callback::ContextCreate, Callback::VmStart, Callback::Configure, Callback::RequestHeaders]
    {
        let read = read.clone();
        script = script.on(callback, move |host, context, _| {
            let plugin = host.buffer_bytes(BufferType::PLUGIN_CONFIGURATION, 0, 100);
            let vm = host.buffer_bytes(BufferType::VM_CONFIGURATION, 1, 100);
            read.borrow_mut().push((callback, plugin, vm));
            u32::from(context == 1)
        });
    }
    script.host().config("abc").vm_config("de").start().exchange(Request::get("/"));
    let vm = || Ok(b"e".to_vec());
    assert_eq!(
        *read.borrow(),
        [
            (Callback::ContextCreate, Ok(b"abc".to_vec()), vm()),
            (Callback::VmStart, Err(Status::NOT_FOUND), vm()),
            (Callback::Configure, Ok(b"abc".to_vec()), vm()),
            (Callback::ContextCreate, Err(Status::NOT_FOUND), vm()),
            (Callback::RequestHeaders, Err(Status::NOT_FOUND), vm()),
        ]
    );
}

#[test]
fn calls_act_on_the_effective_context_until_the_callback_ends() {
    let script = Script::new().returning(PAUSE, [Callback::RequestHeaders]).on(
        Callback::ResponseHeaders,
        |host, context, _| {
            if context == 3 {
                assert_eq!(host.set_effective_context(99), Err(Status::BAD_ARGUMENT));
                assert_eq!(host.set_effective_context(2), Ok(()));
                let map = MapType::HTTP_REQUEST_HEADERS;
                assert_eq!(host.header_map_value(map, b":path"), Ok(b"/first".to_vec()));
                assert_eq!(host.add_header_map_value(map, b"x-from", b"3"), Ok(()));
                assert_eq!(host.continue_stream(StreamType::HTTP_REQUEST), Ok(()));
                assert_eq!(host.set_effective_context(0), Ok(()));
                assert_eq!(
                    host.header_map_value(MapType::HTTP_RESPONSE_HEADERS, b":status"),
                    Ok(b"204".to_vec())
                );
            }
            CONTINUE
        },
    );
    let host = script.host().start();
    let first = host.open(Request::get("/first"));
    let second = host.begin();
    second.send_request(&Request::get("/second"));
    second.send_response(&Response::new(204));
    first.upstream_request().assert_header("x-from", "3");
    first.assert_flowing();
    assert!(second.has_ended());
    second.assert_not_forwarded();
}

#[test]
fn a_stream_call_on_a_root_context_does_nothing() {
    let script = Script::new().on(Callback::Configure, |host, _, _| {
        let map = MapType::HTTP_REQUEST_HEADERS;
        assert_eq!(host.continue_stream(StreamType::HTTP_REQUEST), Ok(()));
        assert_eq!(host.close_stream(StreamType::HTTP_REQUEST), Ok(()));
        assert_eq!(host.send_local_response(reply(500, b"")), Ok(()));
        assert_eq!(host.header_map_value(map, b"a"), Err(Status::BAD_ARGUMENT));
        assert_eq!(host.header_map_pairs(map), Ok(Vec::new()));
        assert_eq!(host.add_header_map_value(map, b"a", b"b"), Err(Status::BAD_ARGUMENT));
        assert_eq!(host.buffer_bytes(BufferType::HTTP_REQUEST_BODY, 0, 9), Ok(Vec::new()));
        assert_eq!(
            host.set_buffer_bytes(BufferType::HTTP_REQUEST_BODY, 0, 0, b"x"),
            Err(Status::BAD_ARGUMENT)
        );
        assert_eq!(host.set_property(b"a", b"b"), Err(Status::NOT_FOUND));
        1
    });
    script.host().start();
}

#[test]
fn the_time_is_the_tests() {
    let times: Notes<u64> = notes();
    let noted = times.clone();
    let script = Script::new().on(Callback::RequestHeaders, move |host, _, _| {
        noted.borrow_mut().push(host.current_time_nanoseconds().unwrap());
        CONTINUE
    });
    let host = script.host().start();
    host.exchange(Request::get("/"));
    host.clock().set(host.clock().now() + Duration::from_nanos(5));
    host.exchange(Request::get("/"));
    assert_eq!(*times.borrow(), [1_767_225_600_000_000_000, 1_767_225_600_000_000_005]);
}

#[test]
fn a_log_level_above_5_is_refused() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        assert_eq!(host.log(6, b"never"), Err(Status::BAD_ARGUMENT));
        assert_eq!(host.log(3, b"caf\xe9"), Ok(()));
        CONTINUE
    });
    let host = script.host().start();
    let exchange = host.exchange(Request::get("/"));
    assert_eq!(exchange.logs().at(crate::LogLevel::Warn), ["caf\u{fffd}"]);
    assert_eq!(host.logs(), *exchange.logs());
}
