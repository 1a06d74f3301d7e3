//! Bytes that are not text: the most reported crash of all.

use super::*;

/// proxy-wasm-rust-sdk 25, 187, 188, 217, 263, 328; envoy 26485; higress 1280: a header value with one byte that is
/// not UTF-8 panicked the module, and took a worker down.
#[test]
fn a_header_value_that_is_not_text_is_bytes_and_an_error_only_where_text_is_asked_for() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        let headers = request.headers();
        assert_eq!(headers.get("x-name")?, Some(&b"caf\xe9"[..]));
        assert_eq!(headers.get_str("x-name"), Err(Error::NotText));
        Ok(Action::Continue)
    }));
    host.answer("proxy_get_header_map_value", Ok(b"caf\xe9"));
    assert_eq!(host.open([2]), CONTINUE);
}

/// proxy-wasm-rust-sdk 25 and 287: the same byte in a *name* panicked even the functions that are for bytes.
#[test]
fn a_header_name_that_is_not_text_is_listed_found_and_set_as_bytes() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        let headers = request.headers();
        assert_eq!(headers.iter()?.collect::<Vec<_>>(), [(&b"x-\xff"[..], &b"\xfe"[..])]);
        assert_eq!(headers.get_all(b"x-\xff")?.collect::<Vec<_>>(), [b"\xfe"]);
        request.headers_mut().set(b"x-\xff", b"\xfd")?;
        Ok(Action::Continue)
    }));
    host.answer("proxy_get_header_map_pairs", Ok(&block(b"x-\xff", b"\xfe")));
    assert_eq!(host.open([2]), CONTINUE);
    assert_eq!(
        of(&host.calls(), "proxy_replace_header_map_value"),
        ["(HTTP_REQUEST_HEADERS, x-\\xff, \\xfd)"]
    );
}

/// proxy-wasm-rust-sdk 26: headers of a callout and of a local response had to be text, so a header that was read
/// could not be passed on.
#[test]
fn bytes_that_were_read_go_into_a_callout_and_into_a_local_response() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        let value = request.headers().get("x-name")?.unwrap_or_default();
        HttpCall::get("authz", "/").header("x-name", value).send(request)?;
        Ok(LocalResponse::new(403).header("x-name", value.to_vec()).into())
    }));
    host.answer("proxy_get_header_map_value", Ok(b"\xe9"));
    assert_eq!(host.open([2]), PAUSE);
    let calls = host.calls();
    for import in ["proxy_http_call", "proxy_send_local_response"] {
        let [call] = of(&calls, import)[..] else { panic!("{calls:?}") };
        assert!(call.contains("x-name\\x00\\xe9\\x00"), "{call}");
    }
}

/// envoy 26485: a replica stayed broken after a callout was answered with a header that the module could not read.
#[test]
fn an_answer_to_a_callout_that_is_not_text_is_bytes() {
    let host = ScriptedHost::start(
        Script::default()
            .request_headers(|request| {
                HttpCall::get("authz", "/").send(request)?;
                Ok(Action::Pause)
            })
            .answer(|_, response, stream| {
                assert_eq!(response.headers().get("x-user")?, Some(&b"\xff"[..]));
                assert_eq!(response.headers().iter()?.count(), 1);
                assert_eq!(response.trailers().get_str("x-sum"), Err(Error::NotText));
                assert_eq!(response.body()?, b"\xff");
                assert_eq!(response.error()?, Some(CallError::Reset), "its status is no number");
                stream.log(LogLevel::Info, "it was read");
                Ok(Action::Continue)
            }),
    );
    host.answer("proxy_get_header_map_value", Ok(b"\xff"));
    host.answer("proxy_get_header_map_pairs", Ok(&block(b"\xff", b"\xff")));
    host.answer("proxy_get_buffer_bytes", Ok(b"\xff"));
    host.open([2]);
    host.run(|guest| guest.on_http_call_response(1, 1, 1, 1, 1));
    assert_eq!(host.lines(), ["it was read"]);
    assert_eq!(of(&host.calls(), "proxy_continue_stream"), ["(HTTP_REQUEST)"]);
}

/// The same in trailers, in which `proxy-wasm` has the same conversion.
#[test]
fn trailers_that_are_not_text_are_bytes() {
    let host = ScriptedHost::start(Script::default().response_trailers(|response| {
        assert_eq!(response.trailers().iter()?.collect::<Vec<_>>(), [(&b"\xff"[..], &b"\xfe"[..])]);
        response.trailers_mut().add(b"\xfd", b"\xfc")?;
        Ok(Flow::Continue)
    }));
    host.answer("proxy_get_header_map_pairs", Ok(&block(b"\xff", b"\xfe")));
    host.open([2]);
    assert_eq!(host.run(|guest| guest.on_response_trailers(2, 1)), CONTINUE);
}

/// The message of a gRPC status, at `hostcalls.rs:1036` of `proxy-wasm` 0.2.5, which comes from a server.
#[test]
fn a_grpc_status_message_and_metadata_that_are_not_text_are_bytes() {
    let host = ScriptedHost::start(
        Script::default()
            .request_headers(|request| {
                GrpcCall::new("authz", "acme.Auth", "Check").open(request)?;
                Ok(Action::Pause)
            })
            .grpc_metadata(|_, metadata, _| {
                assert_eq!(metadata.iter()?.collect::<Vec<_>>(), [(&b"\xff"[..], &b"\xfe"[..])]);
                Ok(Action::Pause)
            })
            .grpc_close(|_, close, stream| {
                assert_eq!(close.status_message()?, b"\xff");
                assert_eq!(close.error(), Some(CallError::Grpc(GrpcStatus::PERMISSION_DENIED)));
                stream.log(LogLevel::Info, "it was read");
                Ok(Action::Continue)
            }),
    );
    host.answer("proxy_get_header_map_pairs", Ok(&block(b"\xff", b"\xfe")));
    host.answer("proxy_get_status", Ok(b"\xff"));
    host.open([2]);
    host.run(|guest| {
        guest.on_grpc_receive_initial_metadata(1, 1, 1);
        guest.on_grpc_close(1, 1, 7);
    });
    assert_eq!(host.lines(), ["it was read"]);
}

/// proxy-wasm-go-sdk 396: what bytes a property has was a guess. One that is not of its type is an error with its name.
#[test]
fn a_property_that_is_not_text_is_bytes_and_an_error_only_where_its_type_is_text() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        assert_eq!(request.property(&["request", "path"])?, Some(&b"/\xff"[..]));
        let error = request.attribute(waxwing::attributes::request::PATH).unwrap_err();
        assert!(error.to_string().contains("request.path"), "{error}");
        assert_eq!(request.attribute_bytes(waxwing::attributes::request::PATH)?, Some(&b"/\xff"[..]));
        Ok(Action::Continue)
    }));
    host.answer("proxy_get_property", Ok(b"/\xff"));
    assert_eq!(host.open([2]), CONTINUE);
}

/// Blocks whose lengths are wrong: `proxy-wasm` slices by them, and panics.
#[test]
fn a_block_whose_lengths_are_wrong_is_an_error() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        assert!(matches!(request.headers().iter(), Err(Error::Malformed { .. })));
        Ok(Action::Continue)
    }));
    let sound = block(b"x-a", b"b");
    for cut in 1..sound.len() {
        host.answer("proxy_get_header_map_pairs", Ok(&sound[..cut]));
        assert_eq!(host.open([2]), CONTINUE, "{cut} bytes");
        host.end(2);
    }
    for at in 0..12 {
        let mut wrong = sound.clone();
        wrong[at] = 0xff;
        host.answer("proxy_get_header_map_pairs", Ok(&wrong));
        assert_eq!(host.open([2]), CONTINUE, "byte {at}");
        host.end(2);
    }
}
