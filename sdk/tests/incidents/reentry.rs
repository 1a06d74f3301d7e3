//! Hosts that call back while they are being called.

use super::*;
use std::cell::Cell;
use std::rc::Rc;

/// Imports from inside of which a host has called back, or may.
const CALLS: [&str; 10] = [
    "proxy_continue_stream",
    "proxy_close_stream",
    "proxy_send_local_response",
    "proxy_http_call",
    "proxy_grpc_call",
    "proxy_grpc_stream",
    "proxy_grpc_cancel",
    "proxy_set_effective_context",
    "proxy_enqueue_shared_queue",
    "proxy_log",
];

/// A script that makes all of these calls, and ends with an answer.
fn calling() -> Script {
    Script::default().request_headers(|request| {
        request.log(LogLevel::Info, "begun");
        request.resume_response()?;
        HttpCall::get("authz", "/").send(request)?;
        GrpcCall::new("authz", "acme.Auth", "Check").send(request)?;
        GrpcCall::new("chat", "acme.Chat", "Talk").open(request)?.cancel(request)?;
        Queue::register(request, "jobs")?.enqueue(request, "job")?;
        request.reset()?;
        Ok(LocalResponse::new(403).into())
    })
}

/// Has the host do this from inside each of the calls, once in each.
fn from_inside_each(act: impl Fn(&ScriptedHost) + Clone + 'static) {
    for call in CALLS {
        let host = ScriptedHost::start(calling());
        let (act, inside, times) = (act.clone(), Cell::new(false), Rc::new(Cell::new(0)));
        let count = times.clone();
        host.inside(move |host, import| {
            if import == call && !inside.replace(true) {
                act(host);
                count.set(count.get() + 1);
                inside.set(false);
            }
        });
        host.open([2]);
        host.run(|guest| guest.on_http_call_response(1, 1, 1, 0, 0));
        host.end(2);
        assert!(times.get() > 0, "{call} was not called: {:?}", host.lines());
    }
}

/// proxy-wasm-rust-sdk 40, 43, 70, 56 and 240; apisix-ingress-controller 1004; envoy-wasm 426: a host that ran the next
/// callback from inside `proxy_continue_stream`, or from inside a local response, met "already borrowed".
#[test]
fn a_callback_of_the_same_stream_from_inside_a_call_is_held_back_and_no_panic() {
    from_inside_each(|host| {
        host.run(|guest| {
            host.lines();
            let actions = [guest.on_request_body(2, 5, true), guest.on_response_headers(2, 5, true)];
            // Where the stream runs, its next callback cannot, and the policy is to fail closed.
            let refused = host.lines().iter().filter(|line| line.contains("runs already")).count();
            assert!(matches!((actions, refused), ([PAUSE, PAUSE], 2) | ([CONTINUE, CONTINUE], 0)));
        });
    });
}

/// The borrow was of all streams, so that another stream's callback died too.
#[test]
fn a_callback_of_another_stream_from_inside_a_call_runs() {
    from_inside_each(|host| {
        host.run(|guest| {
            guest.on_context_create(3, 1);
            assert_eq!(guest.on_response_headers(3, 1, true), CONTINUE);
            assert_eq!(guest.on_request_body(3, 1, true), CONTINUE);
            guest.on_done(3);
            guest.on_delete(3);
        });
    });
}

/// The end of the stream from inside the call that ends it: `proxy-wasm` drops the stream while its table is borrowed.
#[test]
fn the_end_of_the_stream_from_inside_a_call_ends_it() {
    from_inside_each(|host| host.end(2));
}

/// proxy-wasm-rust-sdk 154 and 159: an answer from inside the call that asks.
#[test]
fn answers_from_inside_a_call_are_no_panic() {
    from_inside_each(|host| {
        host.run(|guest| {
            for token in 0..4 {
                guest.on_http_call_response(1, token, 0, 0, 0);
                guest.on_grpc_receive_initial_metadata(1, token, 0);
                guest.on_grpc_receive(1, token, 0);
                guest.on_grpc_receive_trailing_metadata(1, token, 0);
                guest.on_grpc_close(1, token, 13);
            }
        });
    });
}

/// proxytest of proxy-wasm-go-sdk calls `on_queue_ready` from inside the call that enqueues.
#[test]
fn root_callbacks_and_a_configuration_from_inside_a_call_run() {
    from_inside_each(|host| {
        host.run(|guest| {
            guest.on_tick(1);
            guest.on_queue_ready(1, 3);
            assert!(guest.on_configure(1, 0));
            guest.on_context_create(5, 0);
            assert!(guest.on_configure(5, 0));
            guest.on_delete(5);
        });
    });
}

/// proxy-wasm-rust-sdk 43: what is resumed from an answer goes on at once, to the next callback, inside the resume.
#[test]
fn a_stream_that_goes_on_from_inside_its_resume_gets_its_next_callback_afterwards() {
    let host = ScriptedHost::start(
        Script::default()
            .request_headers(|request| {
                HttpCall::get("authz", "/").send(request)?;
                Ok(Action::Pause)
            })
            .answer(|_, _, stream| {
                stream.log(LogLevel::Info, "answered");
                Ok(Action::Continue)
            })
            .request_body(|body| {
                body.log(LogLevel::Info, "body");
                Ok(Action::Continue)
            }),
    );
    host.open([2]);
    host.inside(|host, import| {
        if import == "proxy_continue_stream" {
            host.run(|guest| assert_eq!(guest.on_request_body(2, 3, true), CONTINUE));
        }
    });
    host.run(|guest| guest.on_http_call_response(1, 1, 1, 0, 0));
    // The SDK resumes when the stream is back in its place, so nothing is lost.
    assert_eq!(host.lines(), ["answered", "body"]);
}
