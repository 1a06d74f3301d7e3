//! The ways in which hosts say that a callout has failed.

use super::*;

/// How a host says it: the headers that it has, and the body.
struct Said {
    by: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    means: Option<CallError>,
}

const WAYS: [Said; 9] = [
    Said { by: "Envoy: nothing at all", headers: &[], body: "", means: Some(CallError::Reset) },
    Said {
        by: "Envoy: a timeout",
        headers: &[(":status", "504")],
        body: "upstream request timeout",
        means: Some(CallError::Timeout),
    },
    Said {
        by: "Envoy: no host",
        headers: &[(":status", "503")],
        body: "no healthy upstream",
        means: Some(CallError::NoUpstream),
    },
    Said { by: "an upstream's own", headers: &[(":status", "503")], body: "closed today", means: None },
    Said { by: "an upstream's own", headers: &[(":status", "504")], body: "", means: None },
    Said {
        by: "ngx_wasm_module: a timeout",
        headers: &[(":dispatch_status", "timeout")],
        body: "",
        means: Some(CallError::Timeout),
    },
    Said {
        by: "ngx_wasm_module: no address",
        headers: &[(":dispatch_status", "resolver failure")],
        body: "",
        means: Some(CallError::NoUpstream),
    },
    Said {
        by: "ngx_wasm_module: reset",
        headers: &[(":dispatch_status", "broken connection")],
        body: "",
        means: Some(CallError::Reset),
    },
    Said {
        by: "a status that is none",
        headers: &[(":status", "OK")],
        body: "",
        means: Some(CallError::Reset),
    },
];

/// ngx_wasm_module 622 and 625: a callout that timed out had no headers, no body and no error; proxy-wasm-go-sdk 217:
/// what read its `:status` failed.
#[test]
fn each_hosts_way_to_say_that_a_callout_failed_is_understood() {
    for said in WAYS {
        let host = ScriptedHost::start(
            Script::default()
                .request_headers(|request| {
                    HttpCall::get("authz", "/").send(request)?;
                    Ok(Action::Pause)
                })
                .answer(move |_, response, stream| {
                    assert_eq!(response.error()?, said.means, "{}", said.by);
                    assert_eq!(response.status().is_err(), said.means.is_some(), "{}", said.by);
                    stream.log(LogLevel::Info, "understood");
                    Ok(Action::Continue)
                }),
        );
        for (name, value) in said.headers {
            host.answer_header(name, value.as_bytes());
        }
        host.answer("proxy_get_buffer_bytes", Ok(said.body.as_bytes()));
        host.open([2]);
        host.run(|guest| guest.on_http_call_response(1, 1, 0, 0, 0));
        assert_eq!(host.lines(), ["understood"], "{}", said.by);
    }
}

/// envoy 33600: the host refuses the call itself, and says so with a status.
#[test]
fn a_callout_that_the_host_does_not_make_is_an_error_at_once() {
    for (status, error) in [
        (Status::INTERNAL_FAILURE, CallError::NoUpstream),
        (Status::BAD_ARGUMENT, CallError::Refused(Status::BAD_ARGUMENT)),
        (Status::UNIMPLEMENTED, CallError::Refused(Status::UNIMPLEMENTED)),
    ] {
        let host = ScriptedHost::start(Script::default().request_headers(move |request| {
            let refused = HttpCall::get("authz", "/").send(request);
            assert!(
                matches!(refused, Err(Error::Call { error: refused, .. }) if refused == error),
                "{refused:?}"
            );
            let refused = GrpcCall::new("authz", "acme.Auth", "Check").send(request);
            assert!(
                matches!(refused, Err(Error::Call { error: refused, .. }) if refused == error),
                "{refused:?}"
            );
            Ok(Action::Continue)
        }));
        host.answer("proxy_http_call", Err(status));
        host.answer("proxy_grpc_call", Err(status));
        assert_eq!(host.open([2]), CONTINUE);
        // Envoy tells of a gRPC call that it has refused, too.
        host.run(|guest| guest.on_grpc_close(1, 1, 14));
        assert_eq!(host.lines(), [""; 0]);
    }
}
