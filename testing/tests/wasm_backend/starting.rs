//! What happens before the first callback.

use super::*;

const WORDS: &str = r#"(data (i32.const 16) "initialize,") (data (i32.const 32) "main,")
    (data (i32.const 48) "start,")"#;

/// An export that logs the bytes at an address.
fn says(export: &str, ty: &str, at: u32, len: u32, result: &str) -> String {
    format!(
        r#"(func (export "{export}") {ty}
            (drop (call $log (i32.const 2) (i32.const {at}) (i32.const {len}))) {result})"#
    )
}

/// What a module with these exports logs before its first callback.
fn log_of(exports: &[&str]) -> String {
    let guest = guest(&format!("{LOG} {BASICS} {WORDS} {}", exports.concat()));
    let host = Rc::new(Recorder::default());
    guest.enter(host.clone(), &mut |_| {}).unwrap();
    let calls = host.calls.borrow();
    calls.iter().map(|call| call.strip_prefix("log 2 ").expect("it only logs")).collect()
}

#[test]
fn initialize_comes_before_main_and_instead_of_start() {
    let initialize = says("_initialize", "", 16, 11, "");
    let main = says("main", "(param i32 i32) (result i32)", 32, 5, "(i32.const 0)");
    let main_void = says("__main_void", "(result i32)", 32, 5, "(i32.const 0)");
    let start = says("_start", "", 48, 6, "");
    assert_eq!(log_of(&[&initialize, &main, &main_void, &start]), "initialize,main,");
    assert_eq!(log_of(&[&initialize, &main_void]), "initialize,main,");
    assert_eq!(log_of(&[&start, &main]), "start,");
    assert_eq!(log_of(&[&main]), "");
}

#[test]
fn lines_of_the_start_reach_the_first_host_once() {
    let guest = guest(&format!("{LOG} {BASICS} {WORDS} {}", says("_start", "", 48, 6, "")));
    for expected in [&["log 2 start,"][..], &[]] {
        let host = Rc::new(Recorder::default());
        guest.enter(host.clone(), &mut |_| {}).unwrap();
        assert_eq!(*host.calls.borrow(), expected);
    }
}

#[test]
fn a_restricted_call_while_starting_traps() {
    let refused = refusal(&format!(
        r#"(import "env" "proxy_set_effective_context" (func $f (param i32) (result i32))) {BASICS}
        (func (export "_initialize") (drop (call $f (i32.const 1))))"#
    ));
    assert_eq!(
        refused,
        "trap while it starts: the module calls proxy_set_effective_context while it starts: hosts allow \
         proxy_log and WASI only"
    );
}

#[test]
fn a_panic_while_starting_says_its_last_words() {
    let refused = refusal(&format!(
        r#"{LOG} {BASICS} (data (i32.const 16) "boom")
        (func (export "_start") (drop (call $log (i32.const 5) (i32.const 16) (i32.const 4))) unreachable)"#
    ));
    assert!(refused.starts_with("trap while it starts: boom (wasm `unreachable`"), "{refused}");
}
