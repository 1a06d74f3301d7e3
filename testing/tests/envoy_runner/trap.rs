//! Extensions that fail, and streams that hang.

use waxwing_testing::FailurePolicy;
use waxwing_testing::envoy::Observed;
use waxwing_testing::{Request, Response};

use crate::module::Module;

const TRAPS_AT_REQUEST_HEADERS: &str = r#"
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (unreachable))
"#;

fn two_exchanges(policy: FailurePolicy) -> [Observed; 2] {
    let module = Module::new(TRAPS_AT_REQUEST_HEADERS);
    let mut proxy = module.start(&module.config().failure_policy(policy)).unwrap();
    [(); 2].map(|()| proxy.exchange(&Request::get("/"), |_| Some(Response::new(200))).unwrap())
}

#[test]
fn failing_closed_answers_503_from_then_on() {
    let [first, second] = two_exchanges(FailurePolicy::Closed);
    let trap = first.trap.unwrap();
    assert!(trap.contains("proxy_on_request_headers"), "{trap}");
    assert!(trap.contains("unreachable"), "{trap}");
    assert_eq!(second.trap, None);
    for (forwarded, response) in [(first.forwarded, first.response), (second.forwarded, second.response)] {
        assert_eq!(forwarded, None);
        assert_eq!(response, Some(Response::new(503)));
    }
}

/// With `failure_policy: FAIL_OPEN`, Envoy 1.40.0 still fails the stream that met the trap. Its older setting
/// `fail_open: true` lets that one pass too.
#[test]
fn failing_open_lets_the_streams_after_the_trap_pass() {
    let [first, second] = two_exchanges(FailurePolicy::Open);
    assert_eq!(first.forwarded, None);
    assert_eq!(first.response, Some(Response::new(503)));
    assert_eq!(second.forwarded, Some(Request::get("/")));
    assert_eq!(second.response, Some(Response::new(200)));
}

#[test]
fn a_trap_after_the_response_headers_resets() {
    let module = Module::new(
        r#"(func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (unreachable))"#,
    );
    let mut proxy = module.start(&module.config()).unwrap();
    let observed =
        proxy.exchange(&Request::get("/"), |_| Some(Response::new(200).chunks(["one", "two"]))).unwrap();
    assert_eq!(observed.response, None);
    assert!(observed.trap.is_some());
}

#[test]
fn a_stream_that_stays_paused_is_an_error_that_says_so() {
    let module = Module::new(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))"#,
    );
    let mut proxy = module.start(&module.config()).unwrap();
    let error = proxy.exchange(&Request::get("/"), |_| Some(Response::new(200))).unwrap_err().to_string();
    assert!(error.contains("has the extension paused the stream"), "{error}");
}
