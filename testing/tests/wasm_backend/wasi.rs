//! WASI, as far as proxies have it.

use super::*;

/// What the function answers to these arguments, under both names of its module.
#[track_caller]
fn errno(name: &str, params: &str, arguments: &str) -> u32 {
    let answers = ["wasi_snapshot_preview1", "wasi_unstable"].map(|module| {
        let import = format!(r#"(import "{module}" "{name}" (func $f (param {params}) (result i32)))"#);
        run(&import, &format!("(call $f {arguments})"), b"").0
    });
    assert_eq!(answers[0], answers[1]);
    answers[0]
}

fn constants(numbers: &[i32]) -> String {
    numbers.iter().map(|number| format!("(i32.const {number})")).collect()
}

#[test]
fn functions_answer_as_proxies_do() {
    for (name, arguments, expected) in [
        ("fd_read", &[0, 0, 0, 0][..], 52),
        ("fd_close", &[1], 0),
        ("fd_fdstat_get", &[1, 64], 0),
        ("fd_fdstat_get", &[3, 64], 8),
        ("fd_fdstat_get", &[1, 65530], 21),
        ("fd_fdstat_set_flags", &[1, 0], 52),
        ("fd_prestat_get", &[3, 64], 8),
        ("fd_prestat_dir_name", &[3, 64, 1], 52),
        ("fd_filestat_get", &[1, 64], 8),
        ("path_filestat_get", &[3, 0, 0, 0, 0], 58),
        ("environ_sizes_get", &[64, 68], 0),
        ("environ_get", &[64, 68], 0),
        ("args_sizes_get", &[64, 68], 0),
        ("args_sizes_get", &[64, -1], 21),
        ("args_get", &[64, 68], 0),
        ("clock_res_get", &[1, 64], 0),
        ("clock_res_get", &[2, 64], 58),
        ("random_get", &[64, 65], 0),
        ("random_get", &[0, 65537], 28),
        ("random_get", &[65535, 2], 21),
        ("sched_yield", &[], 0),
        ("poll_oneoff", &[0, 0, 0, 64], 0),
    ] {
        let params = "i32 ".repeat(arguments.len());
        assert_eq!(errno(name, &params, &constants(arguments)), expected, "{name} {arguments:?}");
    }
    let clock = |id, at| {
        errno("clock_time_get", "i32 i64 i32", &format!("(i32.const {id}) (i64.const 0) (i32.const {at})"))
    };
    assert_eq!([clock(0, 64), clock(1, 64), clock(2, 64), clock(0, 65529)], [0, 0, 58, 21]);
    let seek = "(i32.const 1) (i64.const 0) (i32.const 0) (i32.const 64)";
    assert_eq!(errno("fd_seek", "i32 i64 i32 i32", seek), 0);
    let open = format!("{} (i64.const 0) (i64.const 0) {}", constants(&[3, 0, 0, 0, 0]), constants(&[0, 64]));
    assert_eq!(errno("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32", &open), 44);
}

/// At 128 there are the vectors of two texts, of which the second ends with two newlines.
const FD_WRITE: &str = r#"
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (data (i32.const 64) "one two\n\n")
    (data (i32.const 128) "\40\00\00\00\04\00\00\00\44\00\00\00\05\00\00\00")"#;

/// The error number of a write and, in hundreds, how much was written; and the log.
fn write(fd: i32, vectors: i32, count: i32) -> (u32, Vec<String>) {
    let body = format!(
        "(i32.add (call $write {}) (i32.mul (i32.load (i32.const 8)) (i32.const 100)))",
        constants(&[fd, vectors, count, 8])
    );
    run(FD_WRITE, &body, b"")
}

#[test]
fn standard_output_and_error_are_log_lines_without_their_last_newline() {
    assert_eq!(write(1, 128, 2), (900, vec!["log 2 one two\n".to_owned()]));
    assert_eq!(write(2, 128, 1), (400, vec!["log 4 one ".to_owned()]));
    assert_eq!(write(3, 128, 1), (8, vec![]));
    assert_eq!(write(1, 128, 0), (0, vec![]));
}

#[test]
fn vectors_outside_of_memory_or_larger_than_it_are_faults() {
    assert_eq!(write(1, 65532, 1), (21, vec![]));
    assert_eq!(write(1, 0, -1), (21, vec![]));
    assert_eq!(write(1, 0, 0x1000_0000), (21, vec![]));
    let fill = "(func $fill (local $i i32)
        (loop $next
            (i32.store (i32.add (i32.const 1028) (local.get $i)) (i32.const 65536))
            (local.set $i (i32.add (local.get $i) (i32.const 8)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 32768)))))";
    let body = format!("(call $fill) (call $write {})", constants(&[1, 1024, 4096, 8]));
    assert_eq!(run(&format!("{FD_WRITE} {fill}"), &body, b""), (21, vec![]));
}

#[test]
fn exiting_is_logged_and_returns() {
    let exit = r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;
    let (answer, calls) = run(exit, "(call $exit (i32.const 3)) (i32.const 9)", b"");
    assert_eq!((answer, calls), (9, vec!["log 3 proc_exit(3) is ignored".to_owned()]));
}

#[test]
fn random_bytes_differ_from_call_to_call_and_are_the_same_in_each_run() {
    let random = r#"(import "wasi_snapshot_preview1" "random_get" (func $f (param i32 i32) (result i32)))"#;
    let body = format!(
        "(drop (call $f {})) (drop (call $f {}))
        (i32.sub (i32.load (i32.const 64)) (i32.load (i32.const 68)))",
        constants(&[64, 4]),
        constants(&[68, 4])
    );
    let (difference, _) = run(random, &body, b"");
    assert_ne!(difference, 0);
    assert_eq!(run(random, &body, b"").0, difference);
}

#[test]
fn the_clock_is_the_host_s() {
    let clock = r#"(import "wasi_snapshot_preview1" "clock_time_get"
        (func $f (param i32 i64 i32) (result i32)))"#;
    let body = "(drop (call $f (i32.const 0) (i64.const 0) (i32.const 64))) (i32.load (i32.const 64))";
    assert_eq!(run(clock, body, b"").0, 0x0506_0708);
}
