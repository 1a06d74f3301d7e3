//! A new configuration while Envoy runs.

use waxwing_testing::{Request, Run, Scenario};

use crate::module::Module;

/// Logs what happens to its contexts, with their numbers, and its configurations. One that begins with an exclamation mark
/// it refuses.
fn module() -> Module {
    Module::assemble_with(
        r#"
        (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
        (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 4)
        (global $top (mut i32) (i32.const 65536))
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
            (global.get $top) (global.set $top (i32.add (global.get $top) (local.get $size))))
        (data (i32.const 64) "create  ") (data (i32.const 72) "start   ") (data (i32.const 80) "headers ")
        (data (i32.const 88) "log     ") (data (i32.const 96) "done    ") (data (i32.const 104) "delete  ")
        (func $say (param $what i32) (param $context i32)
            (i32.store8 (i32.add (local.get $what) (i32.const 7)) (i32.add (i32.const 48) (local.get $context)))
            (drop (call $log (i32.const 2) (local.get $what) (i32.const 8))))
        (func (export "proxy_on_context_create") (param i32 i32) (call $say (i32.const 64) (local.get 0)))
        (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
            (call $say (i32.const 72) (local.get 0)) (i32.const 1))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (i64.store (i32.const 0) (i64.const 0))
            (drop (call $buffer (i32.const 7) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 4)))
            (drop (call $log (i32.const 2) (i32.load (i32.const 0)) (i32.load (i32.const 4))))
            (i32.ne (i32.load8_u (i32.load (i32.const 0))) (i32.const 33)))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $say (i32.const 80) (local.get 0)) (i32.const 0))
        (func (export "proxy_on_log") (param i32) (call $say (i32.const 88) (local.get 0)))
        (func (export "proxy_on_done") (param i32) (result i32)
            (call $say (i32.const 96) (local.get 0)) (i32.const 1))
        (func (export "proxy_on_delete") (param i32) (call $say (i32.const 104) (local.get 0)))
        "#,
    )
}

fn lines(run: &Run) -> Vec<&str> {
    run.logs().lines().iter().map(|line| line.message.as_str()).collect()
}

#[test]
fn a_new_root_context_takes_the_place_of_the_old_one() {
    let scenario = Scenario::new("a new configuration")
        .config("one")
        .request(Request::get("/"))
        .reconfigure("two")
        .request(Request::get("/"));
    let run = module().agree(&scenario);
    let new = ["create 3", "start  3", "two", "done   1", "delete 1"];
    assert_eq!(lines(&run), [&["create 1", "start  1", "one"][..], &new].concat());
    run[1].logs().assert_contains("headers4");
}

#[test]
fn one_that_is_refused_changes_nothing() {
    let scenario = Scenario::new("a new configuration that is refused")
        .config("one")
        .reconfigure("!two")
        .request(Request::get("/"))
        .reconfigure("three")
        .request(Request::get("/"));
    let run = module().agree(&scenario);
    assert_eq!(lines(&run)[..3], ["create 1", "start  1", "one"]);
    run[0].logs().assert_contains("headers2");
    run[1].logs().assert_contains("headers4");
    run.logs().assert_lacks("!two").assert_contains("three");
}

#[test]
fn the_same_one_again_changes_nothing() {
    let scenario =
        Scenario::new("the same configuration").config("one").reconfigure("one").request(Request::get("/"));
    module().agree(&scenario);
}
