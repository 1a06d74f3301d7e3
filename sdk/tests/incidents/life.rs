//! Contexts whose life is not as it should be.

use super::*;

/// `proxy-wasm` panics on an id that it does not know, in each callback.
#[test]
fn callbacks_of_unknown_contexts_are_logged_and_hold_back() {
    let host = ScriptedHost::start(Script::default());
    host.calls();
    let held_back = host.run(|guest| {
        guest.on_log(77);
        guest.on_done(77);
        guest.on_delete(77);
        guest.on_tick(77);
        guest.on_queue_ready(77, 1);
        guest.on_foreign_function(77, 1, 1);
        guest.on_downstream_connection_close(77, 1);
        guest.on_upstream_connection_close(77, 1);
        guest.on_resolve_dns(77, 1, 1);
        [
            guest.on_request_headers(77, 1, true),
            guest.on_request_body(77, 1, true),
            guest.on_request_trailers(77, 1),
            guest.on_response_headers(77, 1, true),
            guest.on_response_body(77, 1, true),
            guest.on_response_trailers(77, 1),
        ]
    });
    assert_eq!(held_back, [PAUSE; 6], "the policy is to fail closed");
    assert!(host.lines().iter().all(|line| line.contains("77")));
    // Envoy crashes if a context that it has deleted is answered.
    assert_eq!(of(&host.calls(), "proxy_send_local_response"), [""; 0]);
}

/// The same for an id that is there already, and for a parent that is no root context.
#[test]
fn a_context_that_cannot_be_made_is_logged_and_the_others_go_on() {
    let host = ScriptedHost::start(Script::default());
    host.open([2]);
    host.run(|guest| {
        guest.on_context_create(1, 0);
        guest.on_context_create(3, 77);
        guest.on_context_create(4, 2);
        guest.on_context_create(0, 1);
        guest.on_context_create(5, 0);
        guest.on_context_create(6, 5);
        assert_eq!(guest.on_request_headers(6, 1, true), PAUSE, "its root context is not configured");
        assert_eq!(guest.on_response_headers(2, 1, true), CONTINUE);
    });
    let lines = host.lines();
    for what in ["exists already", "is not a root context", "is not configured"] {
        assert!(lines.iter().any(|line| line.contains(what)), "{what}: {lines:?}");
    }
}

/// Probe 2 of `proxy-wasm` 0.2.5 once more: a configuration for a context that is a stream would ask for things that are
/// answered to the stream.
#[test]
fn a_configuration_for_what_is_no_root_context_is_refused() {
    let host = ScriptedHost::start(
        Script::default()
            .configure(|cx| HttpCall::get("keys", "/").send(cx).map(drop))
            .answer(|_, _, _| Err(Error::new("it did not ask"))),
    );
    host.open([2]);
    host.calls();
    host.run(|guest| {
        for context in [0, 2, 77] {
            assert!(!guest.on_configure(context, 0));
        }
        guest.on_http_call_response(1, 2, 0, 0, 0);
    });
    assert_eq!(host.calls(), [""; 0]);
    assert!(host.lines().iter().all(|line| line.starts_with("on_configure")));
}

/// Envoy logs requests that it has refused itself: the stream saw nothing else, and its headers are not there.
#[test]
fn a_stream_that_saw_nothing_else_can_be_logged() {
    let host = ScriptedHost::start(Script::default().log(|stream| {
        assert_eq!(stream.response_headers().get(":status")?, None);
        assert_eq!(stream.request_headers().iter()?.count(), 0);
        stream.log(LogLevel::Info, "logged");
        Ok(())
    }));
    host.answer("proxy_get_header_map_pairs", Ok(b""));
    host.run(|guest| guest.on_context_create(2, 1));
    host.end(2);
    assert_eq!(host.lines(), ["logged"]);
}

/// envoy 27336, proxy-wasm-go-sdk 360: a new configuration leaked the old one, or was not told apart from the first.
#[test]
fn a_root_context_can_be_configured_again() {
    let host = ScriptedHost::start(
        Script::default()
            .configure(|cx| {
                HttpCall::get("keys", "/").send(cx)?;
                cx.set_interval(std::time::Duration::from_millis(10)).map(drop)
            })
            .root_timer(|_, root| {
                root.log(LogLevel::Info, "timer");
                Ok(())
            }),
    );
    host.open([2]);
    host.run(|guest| assert!(guest.on_configure(1, 0)));
    host.advance(10);
    assert_eq!(host.lines(), ["timer"], "the timer of the first configuration has ended");

    host.answer("configuration", Ok(b"refused"));
    host.run(|guest| {
        assert!(!guest.on_configure(1, 7));
        assert_eq!(guest.on_response_headers(2, 1, true), CONTINUE);
        guest.on_context_create(3, 1);
        assert_eq!(guest.on_request_headers(3, 1, true), CONTINUE, "the last good configuration holds");
    });
    host.advance(10);
    assert_eq!(host.lines()[1..], ["timer"]);
}

/// proxy-wasm-rust-sdk 14, proxy-wasm-go-sdk 117: a message without a body, or with an empty end.
#[test]
fn a_body_may_be_empty_and_come_without_an_end() {
    let host = ScriptedHost::start(Script::default().request_body(|body| {
        let bytes = body.bytes()?;
        body.log(LogLevel::Info, &format!("{} of {}", bytes.len(), body.size()));
        Ok(Action::Continue)
    }));
    host.answer("proxy_get_buffer_bytes", Ok(b""));
    host.open([2]);
    host.run(|guest| {
        assert_eq!(guest.on_request_body(2, 0, false), CONTINUE);
        assert_eq!(guest.on_request_body(2, usize::MAX, true), CONTINUE);
        assert_eq!(guest.on_request_trailers(2, 0), CONTINUE);
        assert_eq!(guest.on_request_body(2, 0, true), CONTINUE);
    });
    assert_eq!(host.lines()[0], "0 of 0");
}
