//! Imports and callbacks that are not in the ABI.

use super::assembled;
use std::sync::{Arc, Mutex};
use waxwing::Status;
use waxwing_testing::wasm::{Loader, WasmModule};
use waxwing_testing::{Event, Host, HostCall, Phase, Request};

/// Registers calls of Redis that succeed, and keeps what was asked for.
fn redis(queries: &Arc<Mutex<Vec<String>>>) -> Loader {
    let queries = queries.clone();
    WasmModule::loader()
        .import("env", "proxy_redis_init", |call| match (&*call.bytes(0)?, call.number(6)) {
            (b"redis", 1000) => Ok(()),
            _ => Err(Status::BAD_ARGUMENT),
        })
        .import("env", "proxy_redis_call", move |call| {
            let query = String::from_utf8_lossy(&call.bytes(2)?).into_owned();
            queries.lock().unwrap().push(query);
            call.write_u32(4, 7)
        })
}

#[test]
fn a_call_of_redis_is_answered() {
    let queries = Arc::default();
    let module = redis(&queries).bytes("redis.wasm", &assembled("redis")).unwrap();
    let host = Host::wasm(&module).start();

    let stream = host.open(Request::get("/cart"));
    stream.assert_paused(Phase::RequestHeaders);
    assert_eq!(*queries.lock().unwrap(), ["GET user"]);
    host.worker(0).call_export("proxy_on_redis_call_response", &[1, 7, 0, 3], (9, b"ana".to_vec()));

    stream.finish().upstream_request().assert_header("x-user", "ana");
}

#[test]
fn a_registered_function_is_in_the_timeline() {
    let module = redis(&Arc::default()).bytes("redis.wasm", &assembled("redis")).unwrap();
    let host = Host::wasm(&module).start();
    let stream = host.open(Request::get("/cart"));

    let timeline = stream.timeline();
    let call = timeline.events().iter().find_map(|event| match event {
        Event::Call { call: HostCall::Import { name, arguments }, answer } => {
            Some((name.clone(), arguments.clone(), answer.is_ok()))
        }
        _ => None,
    });
    assert_eq!(call, Some(("proxy_redis_call".to_owned(), vec![16, 5, 32, 8, 0], true)));
    assert!(timeline.to_string().contains("proxy_redis_call 16 5 32 8 0"), "{timeline}");
}

#[test]
fn its_status_reaches_the_module() {
    let refuse = WasmModule::loader().import("env", "proxy_redis_init", |_| Ok(())).import(
        "env",
        "proxy_redis_call",
        |_| Err(Status::UNIMPLEMENTED),
    );
    let module = refuse.bytes("redis.wasm", &assembled("redis")).unwrap();
    // Which lets the request pass then.
    Host::wasm(&module).start().exchange(Request::get("/")).upstream_request().assert_no_header("x-user");
}

#[test]
fn its_trap_is_the_modules() {
    let trap = WasmModule::loader().import("env", "proxy_redis_init", |_| Ok(())).import(
        "env",
        "proxy_redis_call",
        |call| {
            call.trap("redis is not there");
            Ok(())
        },
    );
    let module = trap.bytes("redis.wasm", &assembled("redis")).unwrap();
    let host = Host::wasm(&module).start();
    host.exchange(Request::get("/")).response().assert_status(503);
    host.expect_trap("redis is not there");
}

#[test]
fn its_result_can_be_any_number() {
    let returning = r#"(module
        (import "env" "answer" (func $answer (param i64) (result i64)))
        (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (i64.eq (call $answer (i64.const 0x1_0000_0000)) (i64.const 0x2_0000_0000))))"#;
    let module = WasmModule::loader()
        .import("env", "answer", |call| {
            call.returns(call.number_64(0) * 2);
            Ok(())
        })
        .bytes("answer.wasm", &wat::parse_str(returning).unwrap());
    Host::wasm(&module.unwrap()).start();
}

#[test]
fn a_missing_import_is_named_with_what_to_do() {
    let error = WasmModule::from_bytes("redis.wasm", &assembled("redis")).unwrap_err().to_string();
    assert!(error.contains("missing import: env.proxy_redis_init of type (i32, i32, i32"), "{error}");
    assert!(error.contains("WasmModule::loader().import(…)"), "{error}");

    let misspelled = WasmModule::loader().import("env", "proxy_redis_start", |_| Ok(()));
    let error = misspelled.bytes("redis.wasm", &assembled("redis")).unwrap_err().to_string();
    assert!(error.contains("the test has registered env.proxy_redis_start"), "{error}");
}

#[test]
fn a_function_of_the_abi_is_not_registered() {
    let loader = WasmModule::loader().import("env", "proxy_log", |_| Ok(()));
    let error = loader.bytes("tinygo.wasm", &assembled("tinygo")).unwrap_err().to_string();
    assert!(error.contains("env.proxy_log cannot be registered"), "{error}");
}

#[test]
fn an_export_that_is_not_there_is_named() {
    let module = WasmModule::from_bytes("tinygo.wasm", &assembled("tinygo")).unwrap();
    let host = Host::wasm(&module).start();
    let called = |name: &str, arguments: &[u32]| {
        let call = std::panic::AssertUnwindSafe(|| host.worker(0).call_export(name, arguments, None));
        let panic = std::panic::catch_unwind(call).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    assert_eq!(
        called("proxy_on_redis_call_response", &[1]),
        "`tinygo.wasm` has no export proxy_on_redis_call_response"
    );
    let wrong = called("free", &[1, 2]);
    assert_eq!(wrong, "`tinygo.wasm` exports free as (i32) -> (), which 2 numbers of 32 bits do not fit");
}
