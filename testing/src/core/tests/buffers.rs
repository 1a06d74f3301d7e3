//! Buffers: what is there in which callback, and what a change does.

use super::*;

const BODY: BufferType = BufferType::HTTP_REQUEST_BODY;

#[test]
fn a_body_outside_its_callback_reads_as_empty_and_cannot_be_set() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        for buffer in [BODY, BufferType::HTTP_RESPONSE_BODY] {
            assert_eq!(host.buffer_bytes(buffer, 0, 9), Ok(Vec::new()));
            assert_eq!(host.buffer_status(buffer), Ok(0));
            assert_eq!(host.set_buffer_bytes(buffer, 0, 0, b"x"), Err(Status::BAD_ARGUMENT));
        }
        CONTINUE
    });
    script.host().start().exchange(Request::post("/").body("abc")).upstream_request().assert_body("abc");
}

#[test]
fn the_size_of_a_buffer_is_that_of_all_that_can_be_read() {
    let sizes = notes();
    let noted = sizes.clone();
    let script = Script::new().on(Callback::RequestBody, move |host, _, arguments| {
        noted.borrow_mut().push(host.buffer_status(BODY));
        let Arguments::Body { end_of_stream, .. } = arguments else { unreachable!() };
        if end_of_stream { CONTINUE } else { PAUSE }
    });
    script.host().start().exchange(Request::post("/").chunks(["ab", "cde"]));
    assert_eq!(*sizes.borrow(), [Ok(2), Ok(5)]);
}

#[test]
fn buffers_of_other_callbacks_are_empty_absent_or_unknown() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        for number in [2, 3, 5, 8] {
            assert_eq!(host.buffer_bytes(BufferType(number), 0, 9), Ok(Vec::new()), "{number}");
        }
        assert_eq!(host.buffer_bytes(BufferType(4), 0, 9), Err(Status::NOT_FOUND));
        assert_eq!(host.buffer_status(BufferType(4)), Err(Status::NOT_FOUND));
        assert_eq!(host.buffer_status(BufferType(9)), Err(Status::BAD_ARGUMENT));
        assert_eq!(host.buffer_bytes(BufferType(9), 0, 9), Err(Status::BAD_ARGUMENT));
        for number in 0..10 {
            // A buffer that does not exist now, and one that cannot be changed.
            let refusal = if [4, 7].contains(&number) { Status::NOT_FOUND } else { Status::BAD_ARGUMENT };
            assert_eq!(host.set_buffer_bytes(BufferType(number), 0, 0, b"x"), Err(refusal), "{number}");
        }
        CONTINUE
    });
    script.host().start().exchange(Request::get("/"));
}

#[test]
fn a_changed_piece_is_what_is_forwarded() {
    let script = Script::new().on(Callback::RequestBody, |host, _, _| {
        assert_eq!(host.buffer_bytes(BODY, 1, 1).map(|bytes| bytes.len()), Ok(1));
        assert_eq!(host.set_buffer_bytes(BODY, 0, usize::MAX, b"new"), Ok(()));
        assert_eq!(host.set_buffer_bytes(BODY, 3, 0, b">"), Ok(()));
        assert_eq!(host.set_buffer_bytes(BODY, 0, 0, b"<"), Ok(()));
        assert_eq!(host.set_buffer_bytes(BODY, 2, 1, b"?"), Err(Status::BAD_ARGUMENT));
        CONTINUE
    });
    let exchange = script.host().start().exchange(Request::post("/").chunks(["abc", "de"]));
    exchange.upstream_request().assert_body("<new><new>");
}

#[test]
fn a_change_of_a_collected_body_is_kept_while_it_waits() {
    let script = Script::new().on(Callback::RequestBody, |host, _, arguments| {
        let Arguments::Body { end_of_stream, .. } = arguments else { unreachable!() };
        if end_of_stream {
            assert_eq!(host.buffer_bytes(BODY, 0, 99), Ok(b"+abcde".to_vec()));
        } else {
            host.set_buffer_bytes(BODY, 0, 0, b"+").unwrap();
        }
        u32::from(!end_of_stream)
    });
    let exchange = script.host().start().exchange(Request::post("/").chunks(["abc", "de"]));
    exchange.upstream_request().assert_body("+abcde");
}

#[test]
fn a_paused_body_can_be_read_and_changed_from_another_callback_if_it_is_collected() {
    for (value, expected) in [(1, &b"abc"[..]), (2, b"")] {
        let script = Script::new().returning(value, [Callback::RequestBody]).on(
            Callback::RequestHeaders,
            move |host, context, _| {
                if context == 3 {
                    host.set_effective_context(2).unwrap();
                    assert_eq!(host.buffer_bytes(BODY, 0, 99), Ok(expected.to_vec()));
                    host.set_buffer_bytes(BODY, 99, 0, b"!").unwrap();
                    host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
                }
                CONTINUE
            },
        );
        let host = script.host().start();
        let stream = host.open(Request::post("/").body("abc"));
        host.exchange(Request::get("/"));
        let expected = if value == 1 { "abc!" } else { "abc" };
        stream.finish().upstream_request().assert_body(expected);
    }
}

#[test]
fn an_emptied_body_still_ends_the_message() {
    let script = Script::new().on(Callback::RequestBody, |host, _, _| {
        host.set_buffer_bytes(BODY, 0, usize::MAX, b"").unwrap();
        CONTINUE
    });
    let exchange = script.host().start().exchange(Request::post("/").chunks(["abc", "de"]));
    exchange.upstream_request().assert_body("");
    exchange.response().assert_status(200);
}
