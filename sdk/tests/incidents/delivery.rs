//! Answers that reached the wrong context.

use super::*;
use std::time::Duration;

/// A script whose streams call and say which of them was answered.
fn calling() -> Script {
    Script::default()
        .request_headers(|request| {
            HttpCall::get("authz", "/").send(request)?;
            Ok(Action::Pause)
        })
        .answer(|call, _, stream| {
            stream.log(LogLevel::Info, &format!("answer {}", call.as_u32()));
            Ok(Action::Continue)
        })
}

/// proxy-wasm-cpp-sdk 188, proxy-wasm-go-sdk 228: hosts answer callouts for the root context, and what was done in that
/// callback was done to no stream, or to the one that ran last. The stream is the effective context meanwhile.
#[test]
fn an_answer_acts_on_the_stream_that_asked_and_goes_back_to_the_context_that_was_called() {
    let host = ScriptedHost::start(calling());
    host.open([2, 3]);
    host.calls();
    host.run(|guest| guest.on_http_call_response(1, 1, 1, 0, 0));
    assert_eq!(
        host.calls(),
        [
            "proxy_set_effective_context(2)",
            "proxy_continue_stream(HTTP_REQUEST)",
            "proxy_set_effective_context(1)"
        ]
    );
}

/// Envoy calls for the root context, ngx_wasm_module for the stream itself: what relied on either broke on the other.
#[test]
fn either_context_may_be_called_with_an_answer() {
    let host = ScriptedHost::start(calling());
    host.open([2, 3]);
    host.calls();
    host.run(|guest| {
        guest.on_http_call_response(3, 2, 1, 0, 0);
        guest.on_http_call_response(1, 1, 1, 0, 0);
    });
    assert_eq!(host.lines(), ["answer 2", "answer 1"]);
    assert_eq!(of(&host.calls(), "proxy_set_effective_context"), ["(2)", "(1)"]);
}

/// proxytest of proxy-wasm-go-sdk numbers callouts by how many are open, so answers out of order met the wrong ones.
#[test]
fn answers_in_any_order_reach_those_that_asked() {
    let host = ScriptedHost::start(calling());
    host.open([2, 3, 4, 5]);
    host.calls();
    for token in [3, 1, 4, 2] {
        host.run(|guest| guest.on_http_call_response(1, token, 1, 0, 0));
        let owner = format!("({})", token + 1);
        assert_eq!(of(&host.calls(), "proxy_set_effective_context")[0], owner);
    }
}

/// Probe 2 of `proxy-wasm` 0.2.5: a callout that was made where no callback of its own context ran was credited to the
/// context that had run last, and one request got the answer of another. When a configuration is read, streams of the
/// old one exist; in `HttpContext::new` a callout does not compile. The root context of the old one is gone then, and the
/// new one does not get the answers to it.
#[test]
fn a_callout_of_a_configuration_is_answered_to_the_root_context_that_was_made_of_it() {
    let host = ScriptedHost::start(
        calling().configure(|cx| HttpCall::get("keys", "/").send(cx).map(drop)).root_answer(
            |call, _, root| {
                root.log(LogLevel::Info, &format!("root answer {}", call.as_u32()));
                Ok(())
            },
        ),
    );
    host.open([2]);
    host.run(|guest| {
        assert!(guest.on_configure(1, 0));
        guest.on_request_headers(2, 1, true);
        for token in 1..=4 {
            guest.on_http_call_response(1, token, 1, 0, 0);
        }
    });
    assert_eq!(host.lines(), ["answer 2", "root answer 3", "answer 4"]);
}

/// proxy-wasm-rust-sdk 385, probe 3 of `proxy-wasm` 0.2.5: a stream's callout that was made from a tick was answered
/// to the root context.
#[test]
fn a_callout_from_a_tick_is_answered_to_the_context_for_which_it_was_made() {
    let host = ScriptedHost::start(
        Script::default()
            .configure(|cx| cx.set_timer(Duration::from_millis(5)).map(drop))
            .root_timer(|_, root| HttpCall::get("keys", "/").send(root).map(drop))
            .root_answer(|call, _, root| {
                root.log(LogLevel::Info, &format!("root answer {}", call.as_u32()));
                Ok(())
            })
            .request_headers(|request| {
                request.set_timer(Duration::from_millis(10))?;
                Ok(Action::Pause)
            })
            .timer(|_, stream| {
                HttpCall::get("authz", "/").send(stream)?;
                Ok(Action::Pause)
            })
            .answer(|call, _, stream| {
                stream.log(LogLevel::Info, &format!("answer {}", call.as_u32()));
                Ok(Action::Continue)
            }),
    );
    host.open([2]);
    host.advance(10);
    host.calls();
    host.run(|guest| {
        guest.on_http_call_response(1, 2, 1, 0, 0);
        guest.on_http_call_response(1, 1, 1, 0, 0);
    });
    assert_eq!(host.lines(), ["answer 2", "root answer 1"]);
    assert_eq!(of(&host.calls(), "proxy_continue_stream"), ["(HTTP_REQUEST)"]);
}

/// envoy 17576: nothing but a message of its own could wake a paused stream. A timer of the stream's does, and acts on
/// it although the host called for the root context.
#[test]
fn a_timer_resumes_the_stream_that_set_it_and_no_other() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        request.set_timer(Duration::from_millis(10))?;
        Ok(Action::Pause)
    }));
    host.open([2]);
    host.advance(5);
    host.open([3]);
    host.calls();
    host.advance(5);
    let calls = host.calls();
    assert_eq!(of(&calls, "proxy_set_effective_context"), ["(2)", "(1)"]);
    assert_eq!(of(&calls, "proxy_continue_stream"), ["(HTTP_REQUEST)"]);
}

/// A host that numbers HTTP and gRPC callouts alike: `proxy-wasm` keeps them apart, and so must this.
#[test]
fn callouts_of_different_kinds_may_have_the_same_token() {
    let host = ScriptedHost::start(
        calling()
            .request_headers(|request| {
                HttpCall::get("authz", "/").send(request)?;
                GrpcCall::new("authz", "acme.Auth", "Check").send(request)?;
                Ok(Action::Pause)
            })
            .grpc_answer(|call, _, stream| {
                stream.log(LogLevel::Info, &format!("gRPC answer {}", call.as_u32()));
                Ok(Action::Pause)
            }),
    );
    host.say_nothing();
    host.open([2]);
    host.run(|guest| {
        guest.on_grpc_receive(1, 0, 0);
        guest.on_http_call_response(1, 0, 0, 0, 0);
        guest.on_grpc_receive(1, 0, 0);
    });
    assert_eq!(host.lines(), ["gRPC answer 0", "answer 0"]);
}
