//! Local responses: twice, too late, and with the request going on.

use super::*;

/// The imports with which a request ends or goes on.
fn endings(host: &ScriptedHost) -> Vec<String> {
    let calls = host.calls();
    let ends = |call: &&String| {
        ["send_local_response", "continue_stream", "close_stream"].iter().any(|name| call.contains(name))
    };
    calls.iter().filter(ends).map(|call| call.split(',').next().unwrap_or(call).to_owned()).collect()
}

/// proxy-wasm-rust-sdk 44, proxy-wasm-go-sdk 122, proxy-wasm-cpp-host 88 and 423, envoy 13873 and 28826: a second
/// answer, which the host accepts and then hangs or crashes of.
#[test]
fn a_stream_is_answered_once() {
    let host = ScriptedHost::start(
        Script::default()
            .request_headers(|request| {
                HttpCall::get("authz", "/").send(request)?;
                Ok(LocalResponse::new(403).into())
            })
            .response_headers(|_| Ok(LocalResponse::new(502).into()))
            .answer(|_, _, _| Ok(LocalResponse::new(401).into())),
    );
    assert_eq!(host.open([2]), PAUSE);
    host.run(|guest| {
        // Its own response passes on the way to the client, and must get through.
        assert_eq!(guest.on_response_headers(2, 1, true), CONTINUE);
        guest.on_http_call_response(1, 1, 1, 0, 0);
    });
    assert_eq!(endings(&host), ["proxy_send_local_response(403"]);
    let lines = host.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("the stream has been answered already")), "{lines:?}");
}

/// proxy-wasm-go-sdk 122: an answer, and "continue" for the request: both the client and the upstream got it. Here an
/// action is one or the other, and what is answered is not resumed later.
#[test]
fn a_stream_that_was_answered_does_not_go_on() {
    let host = ScriptedHost::start(
        Script::default()
            .request_headers(|request| {
                HttpCall::get("authz", "/").send(request)?;
                HttpCall::get("audit", "/").send(request)?;
                Ok(Action::Pause)
            })
            .answer(|call, _, _| match call.as_u32() {
                1 => Ok(LocalResponse::new(403).into()),
                _ => Ok(Action::Continue),
            }),
    );
    host.open([2]);
    host.run(|guest| {
        guest.on_http_call_response(1, 1, 1, 0, 0);
        guest.on_http_call_response(1, 2, 1, 0, 0);
    });
    assert_eq!(endings(&host), ["proxy_send_local_response(403"]);
}

/// proxy-wasm-go-sdk 364: an answer when the response had begun reset the stream. Here it is an error, and the policy
/// resets it; in the callbacks of the response's body it does not compile.
#[test]
fn a_stream_whose_response_has_begun_is_not_answered() {
    let host = ScriptedHost::start(
        Script::default()
            .request_headers(|request| {
                HttpCall::get("authz", "/").send(request)?;
                Ok(Action::Continue)
            })
            .answer(|_, _, _| Ok(LocalResponse::new(403).into())),
    );
    host.open([2]);
    host.run(|guest| {
        assert_eq!(guest.on_response_headers(2, 1, false), CONTINUE);
        guest.on_http_call_response(1, 1, 1, 0, 0);
    });
    assert_eq!(endings(&host), ["proxy_close_stream(HTTP_RESPONSE)"]);
}

/// Kuadrant's wasm-shim 366: the error path answered 500 and let the request go on.
#[test]
fn an_error_answers_and_holds_the_request_back() {
    let host = ScriptedHost::start(Script::default().request_headers(|_| Err(Error::new("it failed"))));
    assert_eq!(host.open([2]), PAUSE);
    assert_eq!(endings(&host), ["proxy_send_local_response(500"]);
}

/// An answer that the host refuses was taken for one that was given.
#[test]
fn an_answer_that_the_host_refuses_is_an_error_of_the_stream() {
    let host = ScriptedHost::start(Script::default().request_headers(|_| Ok(LocalResponse::new(403).into())));
    host.answer("proxy_send_local_response", Err(Status::INTERNAL_FAILURE));
    assert_eq!(host.open([2]), PAUSE, "it does not reach the upstream");
    assert_eq!(endings(&host), ["proxy_send_local_response(403", "proxy_send_local_response(500"]);
}

/// proxy-wasm-rust-sdk 211: a gRPC status in an answer could not be given, or was "none" by mistake.
#[test]
fn an_answer_without_a_grpc_status_says_so() {
    use std::cell::RefCell;
    use std::rc::Rc;
    use waxwing::__private::{Answer, Dispatcher, Host, LocalResponseParts, NO_GRPC_STATUS, enter};

    #[derive(Default)]
    struct Statuses(RefCell<Vec<u32>>);

    impl Host for Statuses {
        fn send_local_response(&self, response: LocalResponseParts<'_>) -> Answer {
            self.0.borrow_mut().push(response.grpc_status);
            Ok(())
        }
        fn buffer_bytes(&self, _: waxwing::__private::BufferType, _: usize, _: usize) -> Answer<Vec<u8>> {
            Ok(Vec::new())
        }
    }

    extension::set_script(Script::default().request_headers(|request| {
        let is_grpc = request.end_of_stream();
        let response = LocalResponse::new(200);
        Ok(if is_grpc { response.grpc_status(GrpcStatus::PERMISSION_DENIED).into() } else { response.into() })
    }));
    let host = Rc::new(Statuses::default());
    let guest = Rc::new(Dispatcher::<extension::Scripted>::new());
    enter(host.clone(), guest.clone(), || {
        guest.on_context_create(1, 0);
        assert!(guest.on_configure(1, 0));
        for (stream, is_grpc) in [(2, true), (3, false)] {
            guest.on_context_create(stream, 1);
            guest.on_request_headers(stream, 1, is_grpc);
        }
    });
    assert_eq!(*host.0.borrow(), [7, NO_GRPC_STATUS]);
}
