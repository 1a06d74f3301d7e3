//! Callbacks: their numbers, their traps, their cost.

use super::*;
use waxwing::__private::Guest;

#[test]
fn numbers_are_passed_on_as_they_are() {
    assert_eq!(run("", "(i32.const -7)", b"").0, (-7i32).cast_unsigned());
    assert_eq!(run("", "(i32.add (local.get 1) (local.get 2))", b"").0, 3 + 1);
}

#[test]
fn a_trap_ends_the_callback_and_tells_which() {
    let guest = guest(&format!(
        r#"{BASICS}
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable)
        (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))"#
    ));
    let host = Rc::new(Recorder::default());
    let trap = guest
        .enter(host.clone(), &mut |guest| {
            assert_eq!(guest.on_request_headers(2, 0, false), 0);
            assert!(!guest.on_done(2), "nothing runs after a trap");
        })
        .unwrap_err();
    assert_eq!(trap.to_string(), "trap in on_request_headers: wasm `unreachable` instruction executed");
    // What becomes of the VM is the host's to decide.
    guest.enter(host, &mut |guest| assert!(guest.on_done(2))).unwrap();
}

#[test]
fn a_panic_is_told_by_the_line_before_the_trap() {
    let says = "(drop (call $log (i32.const 5) (i32.const 16) (i32.const 20)))";
    let guest = guest(&format!(
        r#"{LOG} {BASICS} (data (i32.const 16) "panicked at lib.rs:3")
        (func (export "proxy_on_log") (param i32) {says})
        (func (export "proxy_on_delete") (param i32) {says} unreachable)
        (func (export "proxy_on_done") (param i32) (result i32) unreachable)"#
    ));
    let host = Rc::new(Recorder::default());
    let trap = guest.enter(host.clone(), &mut |guest| guest.on_delete(2)).unwrap_err();
    assert_eq!(trap.message, "panicked at lib.rs:3 (wasm `unreachable` instruction executed)");
    // A critical line of an earlier callback does not belong to this trap.
    guest.enter(host.clone(), &mut |guest| guest.on_log(2)).unwrap();
    let trap = guest.enter(host, &mut |guest| assert!(!guest.on_done(2))).unwrap_err();
    assert_eq!(trap.message, "wasm `unreachable` instruction executed");
}

#[test]
fn a_callback_that_hangs_traps() {
    let guest =
        guest(&format!(r#"{BASICS} (func (export "proxy_on_log") (param i32) (loop $again (br $again)))"#));
    guest.set_fuel_limit(10_000);
    let trap = guest.enter(Rc::new(Recorder::default()), &mut |guest| guest.on_log(2)).unwrap_err();
    assert_eq!(trap.message, "all fuel consumed by WebAssembly");
    assert!(guest.fuel() <= 10_000);
}

#[test]
fn endless_recursion_traps() {
    let guest = guest(&format!(
        r#"{BASICS} (func $f (export "proxy_on_log") (param i32) (call $f (i32.const 1)) (nop))"#
    ));
    let trap = guest.enter(Rc::new(Recorder::default()), &mut |guest| guest.on_log(2)).unwrap_err();
    assert_eq!(trap.message, "call stack exhausted");
}

#[test]
fn fuel_counts_instructions_and_bytes() {
    let guest = guest(&format!(
        r#"{BASICS}
        (func (export "proxy_on_context_create") (param i32 i32))
        (func (export "proxy_on_log") (param i32) (drop (i32.add (i32.const 1) (local.get 0))))
        (func (export "proxy_on_delete") (param i32)
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 100)))"#
    ));
    let host = Rc::new(Recorder::default());
    let fuel = |callback: fn(&dyn Guest)| {
        let before = guest.fuel();
        guest.enter(host.clone(), &mut |guest| callback(guest)).unwrap();
        guest.fuel() - before
    };
    assert_eq!(fuel(|guest| guest.on_context_create(2, 1)), 1);
    assert_eq!(fuel(|guest| guest.on_log(2)), 1 + 3);
    assert_eq!(fuel(|guest| guest.on_delete(2)), 1 + 4 + 100);
}

#[test]
fn a_call_outside_a_host_is_an_internal_failure() {
    let guest = guest(&format!(
        r#"{HEADER_VALUE} {BASICS}
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $value (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))"#
    ));
    assert_eq!(guest.on_request_headers(2, 0, false), Status::INTERNAL_FAILURE.as_u32());
}

#[test]
fn a_function_that_the_model_lacks_is_unimplemented() {
    let import = r#"(import "env" "proxy_record_metric" (func $f (param i32 i64) (result i32)))"#;
    assert_eq!(run(import, "(call $f (i32.const 1) (i64.const 1))", b"").0, 12);
}

#[test]
fn a_module_of_version_0_1_0_has_its_own_functions_and_shorter_callbacks() {
    let guest = guest(
        r#"(import "env" "proxy_get_configuration" (func $f (param i32 i32) (result i32)))
        (import "env" "proxy_continue_request" (func $g (result i32)))
        (memory (export "memory") 1)
        (func (export "malloc") (param i32) (result i32) (i32.const 1024))
        (func (export "proxy_abi_version_0_1_0"))
        (func (export "proxy_on_request_headers") (param i32 i32) (result i32)
            (drop (call $f (i32.const 4) (i32.const 8)))
            (drop (call $g))
            (i32.add (local.get 1) (i32.load (i32.const 8))))"#,
    );
    let host = Rc::new(Recorder::default());
    host.value.borrow_mut().extend(b"{}");
    assert_eq!(request_headers(&guest, &host), Ok(3 + 2));
    let calls = [
        "buffer_bytes PLUGIN_CONFIGURATION 0 4294967295",
        "buffer_bytes VM_CONFIGURATION 0 4294967295",
        "continue_stream HTTP_REQUEST",
    ];
    assert_eq!(*host.calls.borrow(), calls);
}
