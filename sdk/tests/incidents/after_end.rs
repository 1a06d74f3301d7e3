//! What comes for a context that has ended.

use super::*;
use std::time::Duration;

/// A script whose streams wait for everything that there is, and say if it comes.
fn waiting() -> Script {
    Script::default()
        .request_headers(|request| {
            HttpCall::get("authz", "/").send(request)?;
            GrpcCall::new("authz", "acme.Auth", "Check").send(request)?;
            GrpcCall::new("chat", "acme.Chat", "Talk").open(request)?;
            request.set_timer(Duration::from_millis(10))?;
            Ok(Action::Pause)
        })
        .answer(|_, _, stream| said(stream, "answer"))
        .grpc_answer(|_, _, stream| said(stream, "gRPC answer"))
        .grpc_message(|_, _, stream| said(stream, "gRPC message"))
        .grpc_close(|_, _, stream| said(stream, "gRPC close"))
        .timer(|_, stream| said(stream, "timer"))
}

fn said(stream: &StreamView<'_>, what: &str) -> Result<Action> {
    stream.log(LogLevel::Info, what);
    Ok(Action::Pause)
}

/// Answers to the callouts 1 to 3, and a tick.
fn come(host: &ScriptedHost) {
    host.run(|guest| {
        guest.on_http_call_response(1, 1, 1, 0, 0);
        guest.on_grpc_receive(1, 2, 0);
        guest.on_grpc_receive(1, 3, 0);
        guest.on_grpc_close(1, 3, 14);
    });
    host.advance(20);
}

/// proxy-wasm-go-sdk 217 and 261: a client left while its stream waited, and the answer came to a context
/// that was gone.
#[test]
fn nothing_that_a_stream_waited_for_comes_after_its_end() {
    let host = ScriptedHost::start(waiting());
    host.open([2]);
    host.end(2);
    host.calls();
    come(&host);
    assert_eq!(host.lines(), [""; 0]);
    assert_eq!(
        of(&host.calls(), "proxy_set_effective_context"),
        [""; 0],
        "the host is not asked to act on it"
    );
}

/// Tokens were never purged in `proxy-wasm`: they stayed until the host answered, if ever. A gRPC stream that
/// nobody listens to is cancelled, because it might go on for ever.
#[test]
fn a_grpc_stream_ends_with_its_context() {
    let host = ScriptedHost::start(waiting());
    host.open([2]);
    host.calls();
    host.end(2);
    assert_eq!(of(&host.calls(), "proxy_grpc_cancel"), ["(3)"]);
}

/// The same id, used again by the host for another stream.
#[test]
fn a_stream_does_not_get_what_one_with_its_id_had_waited_for() {
    let host = ScriptedHost::start(waiting());
    host.open([2]);
    host.end(2);
    host.run(|guest| guest.on_context_create(2, 1));
    come(&host);
    assert_eq!(host.lines(), [""; 0]);
}

/// The same for a root context, whose callouts, timers and queues the host goes on about after its end.
#[test]
fn nothing_that_a_root_context_waited_for_comes_after_its_end() {
    let said = |root: &RootView<'_>, what: &str| {
        root.log(LogLevel::Info, what);
        Ok(())
    };
    let host = ScriptedHost::start(
        Script::default()
            .configure(|cx| {
                HttpCall::get("keys", "/").send(cx)?;
                Queue::register(cx, "jobs")?;
                cx.set_interval(Duration::from_millis(5)).map(drop)
            })
            .root_answer(move |_, _, root| said(root, "answer"))
            .root_timer(move |_, root| said(root, "timer"))
            .queue_ready(move |_, root| said(root, "queue")),
    );
    host.run(|guest| guest.on_queue_ready(1, 2));
    host.advance(5);
    assert_eq!(host.lines(), ["queue", "timer"]);
    host.run(|guest| {
        guest.on_done(1);
        guest.on_delete(1);
        guest.on_http_call_response(1, 1, 0, 0, 0);
        guest.on_queue_ready(1, 2);
    });
    host.advance(5);
    let lines = host.lines();
    assert!(lines.iter().all(|line| line.contains("the context is unknown")), "{lines:?}");
}

/// proxy-wasm-rust-sdk 82: the last callbacks of a stream whose client had left asked for headers that were gone.
#[test]
fn the_last_callbacks_of_a_stream_whose_client_has_left_can_ask_for_what_is_gone() {
    let host = ScriptedHost::start(
        waiting()
            .log(|stream| {
                stream.response_headers().get(":status")?;
                Ok(())
            })
            .done(|stream| {
                stream.property(&["request", "path"])?;
                Ok(())
            }),
    );
    host.open([2]);
    host.answer("proxy_get_header_map_value", Err(Status::BAD_ARGUMENT));
    host.answer("proxy_get_property", Err(Status::INTERNAL_FAILURE));
    host.end(2);
    assert_eq!(
        host.lines(),
        [
            "on_log (context 2): proxy_get_header_map_value: bad argument",
            "on_done (context 2): proxy_get_property: internal failure"
        ]
    );
}
