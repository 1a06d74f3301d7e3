//! A test binary that has got past `link!`, and has an allocator of its own.
#![allow(missing_docs, reason = "a test")]

use proxy_wasm::types::LogLevel;
use std::process::Command;
use waxwing_linked::_initialize;
use waxwing_testing::link::LinkedModule;
use waxwing_testing::{Host, Request};

#[test]
fn without_the_allocator_the_end_of_the_process_says_why() {
    let mut panics = Command::new(std::env::current_exe().unwrap());
    let output = panics.args(["--exact", "panics", "--include-ignored"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    for part in [
        "linked/src/flaw.rs",
        "a flaw for",
        "its global allocator is not the one of `waxwing_testing::link!`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
#[ignore = "ends the process; the test above runs it"]
fn panics() {
    let module = LinkedModule::new(|| _initialize(), || proxy_wasm::set_log_level(LogLevel::Critical));
    let host = Host::linked(&module).root_id("flaw").start();
    host.exchange(Request::get("/").header("x-flaw", "panic"));
}
