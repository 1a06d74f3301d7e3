//! Shared data and metrics.

use super::*;

/// istio-ecosystem wasm-extensions 43 and 53, higress 686: values that several workers change were lost, because they
/// were set whatever they were meanwhile. proxytest of proxy-wasm-go-sdk refuses that for a value that exists.
#[test]
fn a_shared_value_is_set_in_any_case_or_only_if_nobody_was_faster() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        let data = request.shared_data();
        data.set("a", "x")?;
        data.update("a", |value| Ok(Some(value.unwrap_or_default().to_vec())))?;
        Ok(Action::Continue)
    }));
    host.answer("proxy_get_shared_data", Ok(b"1"));
    assert_eq!(host.open([2]), CONTINUE);
    // 0 is "in any case" in Envoy, 7 is the number of the value that was read.
    assert_eq!(of(&host.calls(), "proxy_set_shared_data"), ["(a, 0)", "(a, 7)"]);
}

/// Retrying for ever, or giving up in silence: higress 686 counts to ten by hand. Here it is an error in the end.
#[test]
fn a_shared_value_that_others_always_change_first_is_an_error() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        let error = request.shared_data().increment("a", 1).unwrap_err();
        assert!(matches!(error, Error::SharedData { error: SharedDataError::Contended, .. }), "{error:?}");
        Ok(Action::Continue)
    }));
    host.answer("proxy_set_shared_data", Err(Status::CAS_MISMATCH));
    assert_eq!(host.open([2]), CONTINUE, "{:?}", host.lines());
}

/// Metrics panic in proxy-wasm-go-sdk where the host refuses them, and are host calls alone in `proxy-wasm`
/// (proxy-wasm-rust-sdk 4, 36, 49, 229, 242 and 322).
#[test]
fn a_metric_that_the_host_refuses_is_an_error() {
    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        let refused = Counter::define(request, "refused", &[]);
        assert_eq!(
            refused.err(),
            Some(Error::Host { call: "proxy_define_metric", status: Status::BAD_ARGUMENT })
        );
        Ok(Action::Continue)
    }));
    host.answer("proxy_define_metric", Err(Status::BAD_ARGUMENT));
    assert_eq!(host.open([2]), CONTINUE, "{:?}", host.lines());

    let host = ScriptedHost::start(Script::default().request_headers(|request| {
        let requests = Counter::define(request, "requests", &[])?;
        assert!(requests.increment(1).is_err());
        assert!(requests.value().is_err());
        Ok(Action::Continue)
    }));
    host.answer("proxy_increment_metric", Err(Status::BAD_ARGUMENT));
    host.answer("proxy_get_metric", Err(Status::NOT_FOUND));
    assert_eq!(host.open([2]), CONTINUE, "{:?}", host.lines());
}
