//! What `cargo test` runs.

use super::comparison::{self, Comparisons};
use super::repository::Repository;
use super::{Verdict, build};
use crate::step;
use crate::target::WasmCompiler;
use crate::toolchain::{self, Toolchain};
use anyhow::{Context, Result};
use std::num::NonZero;
use std::process::Command;
use waxwing_testing::envoy::Install;

/// The package whose tests hold for one version of the compiler; see [`ui`].
pub(super) const UI: &str = "waxwing-ui";

/// How many tests `cargo test` runs at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// The tests of all crates, or those that the user named.
pub(super) fn all(repository: &Repository) -> Result<Verdict> {
    // Tests run built modules, natively and in Envoy: both come first, where their progress can be seen.
    let compiler = WasmCompiler::ensure()?;
    let envoy = Install::find_or_install().context("the tests compare with a real Envoy")?;
    step::doing("Using", format_args!("Envoy {}", envoy.path().display()));
    let mut command = cargo_test();
    if repository.cargo_test.is_empty() {
        command.args(["--workspace", "--exclude", UI, "--all-targets", "--all-features"]);
    } else {
        command.args(&repository.cargo_test);
    }
    let is_debian = matches!(compiler, WasmCompiler::Debian(_));
    if is_debian || repository.cargo_test.is_empty() {
        // The tests would build these too, but one after the other.
        let modules = build::modules(repository, &compiler)?;
        if is_debian {
            // By themselves they would build with the toolchain that has no target.
            command.env("WAXWING_WASM_DIR", modules);
        }
    }
    comparison::prepare(repository, &mut command)?;
    repository.run(&mut command)?;
    if repository.cargo_test.is_empty() {
        Comparisons::read(repository)?.check(repository)?;
    }
    Ok(Verdict::Passed)
}

/// `cargo test`, with more tests at once than there are processors: most of them wait for Envoy most of the time.
pub(super) fn cargo_test() -> Command {
    let mut command = Toolchain::active().cargo();
    command.args(["test", "--locked"]);
    if std::env::var_os(THREADS).is_none() {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        command.env(THREADS, (2 * processors).to_string());
    }
    command
}

pub(super) fn docs(repository: &Repository) -> Result<Verdict> {
    repository.cargo(&["test", "--locked", "--workspace", "--all-features", "--doc"])?;
    Ok(Verdict::Passed)
}

/// The compiler's words change with its version, so their tests have a version of their own.
pub(super) fn ui(repository: &Repository) -> Result<Verdict> {
    toolchain::NEWEST.ensure(&[], &[])?;
    repository.cargo_of(toolchain::NEWEST, &["test", "--locked", "--package", UI])?;
    Ok(Verdict::Passed)
}
