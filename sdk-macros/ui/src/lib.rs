//! What the compiler says to an author's likely mistakes: `cases/` has one file for each, named after it, and
//! what it says beside it.
//!
//! The words are the compiler's as much as ours, and change from one version to the next. So the cases hold
//! for one version, and the test fails on any other. Run it with `cargo waxwing test --stage ui`; to accept new
//! words, read them first, and then set `TRYBUILD=overwrite`.
#![cfg(test)]

use std::process::Command;

/// The compiler whose words the cases have.
const COMPILER: &str = "1.99.1";

#[test]
fn mistakes_are_explained() {
    let cargo = std::env::var_os("CARGO").expect("run by cargo");
    let version = Command::new(cargo).arg("--version").output().expect("cargo says its version");
    let version = String::from_utf8_lossy(&version.stdout);
    assert!(
        version.split(' ').nth(1) == Some(COMPILER),
        "the cases hold for Rust {COMPILER}, and this is {version}\
         install it: rustup toolchain install {COMPILER} --profile minimal\n\
         run this:   cargo +{COMPILER} test -p waxwing-ui"
    );
    let cases = trybuild::TestCases::new();
    cases.compile_fail("cases/*.rs");
    cases.pass("pass/*.rs");
}
