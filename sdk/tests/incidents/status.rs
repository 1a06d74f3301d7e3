//! Statuses that nobody expected, from any host call.

use super::*;
use std::time::Duration;

/// Asks for everything, and gives how much of it succeeded.
fn ask_everything(request: &mut RequestHeaders<'_>) -> usize {
    let key = "key";
    let data = request.shared_data();
    let mut answers = vec![
        request.headers().get("a").is_ok(),
        request.headers().iter().is_ok(),
        request.headers_mut().set("a", "b").is_ok(),
        request.headers_mut().add("a", "b").is_ok(),
        request.headers_mut().remove("a").is_ok(),
        request.headers_mut().replace_all([("a", "b")]).is_ok(),
        request.property(&["request", "path"]).is_ok(),
        request.set_property(&["own"], "x").is_ok(),
        request.current_time().is_ok(),
        request.call_foreign_function("f", "x").is_ok(),
        request.resume_response().is_ok(),
        request.reset().is_ok(),
        request.set_timer(Duration::from_secs(1)).is_ok(),
        data.get(key).is_ok(),
        data.set(key, "x").is_ok(),
        data.increment(key, 1).is_ok(),
        Counter::define(request, "c", &[]).and_then(|counter| counter.increment(1)).is_ok(),
        Gauge::define(request, "g", &[]).and_then(Gauge::value).is_ok(),
        Queue::register(request, "q").is_ok(),
        Queue::resolve(request, "vm", "q").is_ok(),
        HttpCall::get("authz", "/").send(request).is_ok(),
        GrpcCall::new("authz", "acme.Auth", "Check").send(request).is_ok(),
    ];
    match GrpcCall::new("authz", "acme.Auth", "Check").open(request) {
        Ok(grpc) => answers.extend([true, grpc.send("x").is_ok(), grpc.close().is_ok()]),
        Err(_) => answers.push(false),
    }
    answers.into_iter().filter(|succeeded| *succeeded).count()
}

fn asking() -> Script {
    Script::default().request_headers(|request| {
        let succeeded = ask_everything(request);
        request.log(LogLevel::Info, &format!("{succeeded} succeeded"));
        request.headers().get("a")?;
        Ok(Action::Continue)
    })
}

/// proxy-wasm-rust-sdk 82, 83, 185, 237, 282 and 310; envoy 26485, 33600 and 38801: a status that the SDK had no
/// name for, or did not expect of that call, panicked; as an enum it was undefined behaviour before that. One request
/// was enough to take the plugin out of service.
#[test]
fn no_status_of_any_host_call_panics() {
    let numbers = (1..=20).chain([255, 256, 65_536, u32::MAX - 1, u32::MAX]);
    for status in numbers.filter_map(Status::new) {
        let host = ScriptedHost::start(asking());
        host.answer_everything(status);
        // Its policy is to answer 500, which this host refuses like everything else: the request does not go on.
        let went_on = status == Status::NOT_FOUND;
        assert_eq!(host.open([2]), if went_on { CONTINUE } else { PAUSE }, "{status:?}");
        let answers = of(&host.calls(), "proxy_send_local_response").len();
        assert_eq!(answers, usize::from(!went_on), "{status:?}");
        host.run(|guest| {
            guest.on_response_headers(2, 1, false);
            guest.on_http_call_response(1, 1, 0, 0, 0);
            guest.on_tick(1);
        });
        host.end(2);
        assert!(host.lines().iter().any(|line| line.ends_with("succeeded")), "{status:?}");
    }
}

/// proxy-wasm-rust-sdk 255, on APISIX: "unimplemented" was one of those statuses, and after it every request failed
/// with "already borrowed".
#[test]
fn a_host_that_implements_nothing_has_its_requests_go_on_or_fail_one_by_one() {
    let host = ScriptedHost::start(asking());
    host.answer_everything(Status::UNIMPLEMENTED);
    assert_eq!(host.open([2]), PAUSE);
    let lines = host.lines();
    assert!(lines.contains(&"0 succeeded".to_owned()), "{lines:?}");
    let report = "on_request_headers (context 2): proxy_get_header_map_value: unimplemented";
    assert!(lines.contains(&report.to_owned()), "{lines:?}");
    host.end(2);

    host.run(|guest| {
        guest.on_context_create(3, 1);
        assert_eq!(guest.on_response_headers(3, 1, false), CONTINUE, "what asks for nothing goes on");
        guest.on_delete(3);
    });
}

/// A host that says "ok" and writes none of its outputs: what stood there before was taken for an address.
#[test]
fn outputs_that_a_host_leaves_alone_are_empty() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        let headers = request.headers();
        assert_eq!(headers.get("a")?, Some(&b""[..]));
        assert_eq!(headers.iter()?.count(), 0);
        assert_eq!(request.property(&["a"])?, Some(&b""[..]));
        assert_eq!(request.shared_data().get("a")?.map(|(value, _)| value), Some(&b""[..]));
        assert_eq!(HttpCall::get("authz", "/").send(request)?.as_u32(), 0);
        Ok(Action::Pause)
    }));
    host.say_nothing();
    let bytes = Ok(&b"these are not shown"[..]);
    for import in ["proxy_get_header_map_value", "proxy_get_header_map_pairs", "proxy_get_property"] {
        host.answer(import, bytes);
    }
    host.answer("proxy_get_shared_data", bytes);
    assert_eq!(host.open([2]), PAUSE, "{:?}", host.lines());
    host.run(|guest| guest.on_http_call_response(1, 0, 0, 0, 0));
    assert_eq!(
        of(&host.calls(), "proxy_continue_stream"),
        ["(HTTP_REQUEST)"],
        "the token 0 is one like others"
    );
}

/// Hosts that count no headers, ngx_wasm_module's callouts among them: the count was believed, and nothing was read.
#[test]
fn headers_are_read_whatever_their_number_is_said_to_be() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        let count = request.headers().iter()?.count();
        request.log(LogLevel::Info, &count.to_string());
        Ok(Action::Continue)
    }));
    host.answer("proxy_get_header_map_pairs", Ok(&block(b"a", b"b")));
    host.run(|guest| {
        for (stream, count) in [(2, 0), (3, 1), (4, usize::MAX)] {
            guest.on_context_create(stream, 1);
            assert_eq!(guest.on_request_headers(stream, count, true), CONTINUE);
        }
    });
    assert_eq!(host.lines(), ["1", "1", "1"]);
}

/// proxy-wasm-rust-sdk 82: a buffer that was asked for where it does not exist is a panic there.
#[test]
fn a_buffer_and_headers_out_of_phase_are_errors() {
    let host = ScriptedHost::start(
        Script::default()
            .timer(|_, stream| {
                let refused = |import| Error::Host { call: import, status: Status::BAD_ARGUMENT };
                let buffer = "proxy_get_buffer_bytes";
                assert_eq!(stream.held_request_body(), Err(refused(buffer)));
                assert_eq!(stream.held_response_body(), Err(refused(buffer)));
                let value = "proxy_get_header_map_value";
                assert_eq!(stream.response_headers().get("a"), Err(refused(value)));
                assert!(stream.response_trailers_mut().set("a", "b").is_err());
                stream.log(LogLevel::Info, "refused");
                Ok(Action::Pause)
            })
            .request_headers(|request| {
                request.set_timer(Duration::from_millis(5))?;
                Ok(Action::Pause)
            }),
    );
    host.open([2]);
    for import in ["proxy_get_buffer_bytes", "proxy_get_header_map_value", "proxy_replace_header_map_value"] {
        host.answer(import, Err(Status::BAD_ARGUMENT));
    }
    host.advance(5);
    assert_eq!(host.lines(), ["refused"]);
}
