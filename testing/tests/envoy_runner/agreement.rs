//! The mock host and Envoy, on the same extensions.
#![cfg(feature = "wasm")]

use waxwing_testing::envoy::Envoy;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Request, Response, Runner, Scenario, Wasm};

use crate::module::Module;

/// Runs a scenario with this module on both hosts, and fails if they differ.
#[track_caller]
fn agree(module: &str, scenario: &Scenario) {
    let module = Module::new(module);
    let (wasm, envoy) = hosts(&module);
    scenario.compare(&[&wasm, &envoy]);
}

/// As [`agree`], for the responses only. When a callback of the request's body answers, the upstream may or may
/// not have seen the headers in Envoy.
#[track_caller]
fn agree_on_responses(module: &str, scenario: &Scenario) {
    let module = Module::new(module);
    let (wasm, envoy) = hosts(&module);
    let (expected, actual) = (wasm.run(scenario), envoy.run(scenario));
    assert_eq!(expected.exchanges().len(), actual.exchanges().len());
    for (expected, actual) in expected.exchanges().iter().zip(actual.exchanges()) {
        let seen = |response: &Response| (response.status(), response.body_bytes());
        assert_eq!(seen(&actual.response()), seen(&expected.response()), "{:?}", actual.sent());
    }
}

fn hosts(module: &Module) -> (Wasm, Envoy) {
    (Wasm::new(WasmModule::from_file(module.path()).unwrap()), module.runner())
}

/// Requests and responses of all shapes. Bodies end as they do over HTTP/1.1, with an empty piece.
fn shapes(name: &str) -> Scenario {
    Scenario::new(name)
        .request(Request::get("/"))
        .request(Request::head("/length").header("a", "1").header("a", "2"))
        .request(Request::post("/").body("apples").empty_end())
        .request(Request::post("/").chunks(["one", "two", "three"]).empty_end())
        .request(Request::post("/trailers").chunks(["one", "two"]).trailer("sum", "6"))
        .request(Request::post("/").header("content-length", "6").chunks(["one", "two"]).empty_end())
        .origin(|request| match request.path().as_str() {
            "/length" => Response::new(200).header("content-length", "12"),
            "/trailers" => Response::new(200).chunks(["uno", "due"]).trailer("total", "6"),
            _ if request.body_bytes().is_empty() => Response::new(204),
            _ => Response::new(200).header("x-kind", "echo").chunks(["you said ", "something"]).empty_end(),
        })
}

#[test]
fn on_one_that_does_nothing() {
    agree("", &shapes("nothing"));
}

#[test]
fn on_one_that_logs_each_piece_of_a_body() {
    let module = r#"
        (data (i32.const 64) "end")
        (func $log_end (param $end i32)
            (if (local.get $end) (then (drop (call $log (i32.const 3) (i32.const 64) (i32.const 3))))))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $log_end (local.get 2)) (i32.const 0))
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (call $log_end (local.get 2)) (i32.const 0))
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
            (call $log_buffer (i32.const 1) (i32.const 0)) (call $log_end (local.get 2)) (i32.const 0))
        (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
            (call $log_buffer (i32.const 2) (i32.const 1)) (call $log_end (local.get 2)) (i32.const 0))
        (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
            (call $log_pairs (i32.const 1) (i32.const 1)) (i32.const 0))
        (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
            (call $log_pairs (i32.const 1) (i32.const 3)) (i32.const 0))
    "#;
    agree(module, &shapes("logs"));
}

#[test]
fn on_one_that_buffers_bodies_and_appends() {
    let module = r#"
        (data (i32.const 64) "...more") (data (i32.const 80) "content-length")
        (func $unmeasure (param $map i32)
            (drop (call $remove (local.get $map) (i32.const 80) (i32.const 14))))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $unmeasure (i32.const 0)) (i32.const 0))
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (if (i32.eqz (local.get 2)) (then (call $unmeasure (i32.const 2)))) (i32.const 0))
        (func $edit (param $type i32) (param $end i32) (result i32)
            (call $log_buffer (i32.const 1) (local.get $type))
            (if (i32.eqz (local.get $end)) (then (return (i32.const 1))))
            (drop (call $set_buffer (local.get $type) (i32.const 1000000) (i32.const 0) (i32.const 64) (i32.const 7)))
            (i32.const 0))
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
            (call $edit (i32.const 0) (local.get 2)))
        (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
            (call $edit (i32.const 1) (local.get 2)))
    "#;
    agree(module, &shapes("appends"));
}

#[test]
fn on_one_that_answers_by_itself_at_each_phase() {
    let respond = |callback: &str| {
        format!(
            r#"
            (data (i32.const 64) "denied")
            (func (export "{callback}") (param i32 i32 i32) (result i32)
                (drop (call $respond (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 6)
                    (i32.const 0) (i32.const 0) (i32.const -1)))
                (i32.const 1))
            "#
        )
    };
    for callback in ["proxy_on_request_headers", "proxy_on_response_headers"] {
        agree(&respond(callback), &shapes(callback));
    }
    agree_on_responses(&respond("proxy_on_request_body"), &shapes("proxy_on_request_body"));
}

#[test]
fn on_one_that_traps_and_fails_closed() {
    let trap = |callback: &str| {
        format!(r#"(func (export "{callback}") (param i32 i32 i32) (result i32) (unreachable))"#)
    };
    for callback in ["proxy_on_request_headers", "proxy_on_response_headers"] {
        agree(&trap(callback), &shapes(callback).expect_trap("unreachable"));
    }
    let scenario = shapes("proxy_on_request_body").expect_trap("unreachable");
    agree_on_responses(&trap("proxy_on_request_body"), &scenario);
}

#[test]
fn on_one_that_reads_what_is_not_there() {
    let module = r#"
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
            (call $log_pairs (i32.const 1) (i32.const 0)) (call $log_buffer (i32.const 2) (i32.const 1)) (i32.const 0))
        (func (export "proxy_on_log") (param i32)
            (call $log_buffer (i32.const 2) (i32.const 0)) (call $log_buffer (i32.const 2) (i32.const 7)))
    "#;
    agree(module, &shapes("out of phase"));
}
