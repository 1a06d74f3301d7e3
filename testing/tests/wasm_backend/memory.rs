//! How bytes cross the boundary, and what cannot.

use super::*;

/// Reads the value of `key`, whose address and length the host writes to `outputs`.
fn value_of(key: (i64, i64), outputs: (i64, i64)) -> String {
    format!(
        "(call $value (i32.const 0) (i32.const {}) (i32.const {}) (i32.const {}) (i32.const {}))",
        key.0, key.1, outputs.0, outputs.1
    )
}

const KEY: (i64, i64) = (16, 3);
const OUTPUTS: (i64, i64) = (4, 8);

#[test]
fn bytes_cross_in_both_directions() {
    let body = format!(
        "(drop {})
        (i32.add (i32.mul (i32.load (i32.const 8)) (i32.const 1000)) (i32.load8_u (i32.load (i32.const 4))))",
        value_of(KEY, OUTPUTS)
    );
    let (answer, calls) = run(HEADER_VALUE, &body, b"A-value");
    assert_eq!(answer, 7 * 1000 + u32::from(b'A'));
    assert_eq!(calls, ["header_map_value HTTP_REQUEST_HEADERS key"]);
}

#[test]
fn several_inputs_are_read_in_their_order() {
    let add = r#"(import "env" "proxy_add_header_map_value"
        (func $add (param i32 i32 i32 i32 i32) (result i32)))"#;
    let body = "(call $add (i32.const 77) (i32.const 16) (i32.const 3) (i32.const 32) (i32.const 5))";
    assert_eq!(run(add, body, b""), (0, vec!["add_header_map_value MapType(77) key value".to_owned()]));
}

#[test]
fn an_empty_answer_is_null_and_allocates_nothing() {
    let body = format!(
        "(i32.store (i32.const 4) (i32.const -1)) (i32.store (i32.const 8) (i32.const -1)) (drop {})
        (i32.or (i32.load (i32.const 4)) (i32.load (i32.const 8)))",
        value_of(KEY, OUTPUTS)
    );
    let trapping = BASICS.replace("(i32.const 1024)", "unreachable");
    let guest = guest(&format!(
        r#"{HEADER_VALUE} {trapping}
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {body})"#
    ));
    assert_eq!(request_headers(&guest, &Rc::default()), Ok(0));
}

#[test]
fn inputs_outside_of_memory_are_refused_before_the_host_is_asked() {
    for key in [(65536, 1), (65535, 2), (0, 65537), (-1, 1), (1, -1), (-1, -1), (65537, 0)] {
        assert_eq!(run(HEADER_VALUE, &value_of(key, OUTPUTS), b"x"), (6, vec![]), "{key:?}");
    }
    assert_eq!(run(HEADER_VALUE, &value_of((65536, 0), OUTPUTS), b"x").0, 0);
}

#[test]
fn outputs_outside_of_memory_are_refused() {
    for outputs in [(65536, 8), (65533, 8), (4, -1), (4, 65534)] {
        assert_eq!(run(HEADER_VALUE, &value_of(KEY, outputs), b"x").0, 6, "{outputs:?}");
    }
    let time = r#"(import "env" "proxy_get_current_time_nanoseconds" (func $f (param i32) (result i32)))"#;
    assert_eq!(run(time, "(call $f (i32.const 65529))", b"").0, 6);
    assert_eq!(run(time, "(call $f (i32.const 65528))", b"").0, 0);
}

/// The address of a value that the module gets while it exports these allocators, or the host's refusal.
fn allocate_with(exports: &str) -> Result<u32, Trap> {
    let guest = guest(&format!(
        r#"{HEADER_VALUE} {LOG}
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        {exports}
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (local $status i32)
            (local.set $status {})
            (if (result i32) (local.get $status)
                (then (local.get $status)) (else (i32.load (i32.const 4)))))"#,
        value_of(KEY, OUTPUTS)
    ));
    let host = Rc::new(Recorder::default());
    host.value.borrow_mut().push(b'x');
    request_headers(&guest, &host)
}

#[test]
fn malloc_wins_over_the_other_allocator() {
    let malloc = r#"(func (export "malloc") (param i32) (result i32) (i32.const 1000))"#;
    let other = r#"(func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 2000))"#;
    assert_eq!(allocate_with(&format!("{other} {malloc}")), Ok(1000));
    assert_eq!(allocate_with(other), Ok(2000));
    assert_eq!(allocate_with(malloc), Ok(1000));
}

#[test]
fn a_failing_or_a_lying_allocator_is_an_invalid_memory_access() {
    for address in [0, 65536, -1] {
        let malloc = format!(r#"(func (export "malloc") (param i32) (result i32) (i32.const {address}))"#);
        assert_eq!(allocate_with(&malloc), Ok(6), "{address}");
    }
}

#[test]
fn the_allocator_may_log_but_not_call() {
    let allocator = |call: &str| {
        format!(r#"(func (export "malloc") (param i32) (result i32) (drop {call}) (i32.const 1000))"#)
    };
    // The recorder asserts that none of its methods is entered again.
    let logs = allocator("(call $log (i32.const 0) (i32.const 0) (i32.const 0))");
    assert_eq!(allocate_with(&logs), Ok(1000));
    let trap = allocate_with(&allocator(&value_of(KEY, OUTPUTS))).unwrap_err();
    assert!(trap.message.contains("proxy_get_header_map_value in its allocator"), "{trap}");
}

#[test]
fn a_trap_in_the_allocator_ends_the_callback() {
    let trap = allocate_with(r#"(func (export "malloc") (param i32) (result i32) unreachable)"#).unwrap_err();
    assert_eq!(trap.message, "wasm `unreachable` instruction executed");
}

#[test]
fn a_memory_and_a_table_can_be_imported() {
    let guest = guest(&format!(
        r#"(import "env" "memory" (memory 1)) (import "env" "table" (table 1 funcref)) {}
        (export "memory" (memory 0))"#,
        BASICS.replace("(memory (export \"memory\") 1)", "")
    ));
    assert_eq!(guest.memory_bytes(), 65536);
}
