//! Builds: of each feature, for each target, on each compiler.

use super::Verdict;
use super::repository::Repository;
use super::test::UI;
use crate::target::WasmCompiler;
use crate::toolchain::{self, Toolchain, WASM_TARGET};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// The targets of extensions; the second has no standard library worth the name.
const WASM_TARGETS: [&str; 2] = [WASM_TARGET, "wasm32-unknown-unknown"];

/// The features of the SDK, alone: each must do without the others.
const FEATURES: [&str; 6] = ["", "std", "log", "json", "prost", "wee_alloc"];

pub(super) fn features(repository: &Repository) -> Result<Verdict> {
    Toolchain::active().ensure(&[], &WASM_TARGETS)?;
    for feature in FEATURES {
        let sdk = ["check", "--locked", "--package=waxwing", "--no-default-features", "--features", feature];
        repository.cargo(&sdk)?;
        for target in WASM_TARGETS {
            repository.cargo(&[&sdk[..], &["--target", target]].concat())?;
        }
    }
    Ok(Verdict::Passed)
}

/// Modules are linked, not only checked: an import without its module fails there. Those for the second target
/// are run as well.
pub(super) fn examples(repository: &Repository) -> Result<Verdict> {
    modules(repository, &WasmCompiler::ensure()?)?;
    let other = WASM_TARGETS[1];
    Toolchain::active().ensure(&[], &[other])?;
    modules_of(repository, || {
        let mut build = Toolchain::active().cargo();
        build.args(["build", "--target", other]);
        build
    })?;
    // The stage `test` has run those for the first target.
    let mut test = Toolchain::active().cargo();
    test.env("WAXWING_WASM_DIR", repository.target_directory().join(other).join("release"));
    test.args(["test", "--locked", "--workspace", "--exclude", UI, "--all-targets", "--all-features"]);
    repository.run(test.arg("on_every_host"))?;
    Ok(Verdict::Passed)
}

/// Builds all examples for `wasm32-wasip1`, and gives the folder of their modules.
pub(super) fn modules(repository: &Repository, compiler: &WasmCompiler) -> Result<PathBuf> {
    modules_of(repository, || compiler.build())?;
    Ok(repository.target_directory().join(WASM_TARGET).join("release"))
}

/// Builds all examples, each alone: built together, they would get each other's features, and the one without
/// the standard library would have it.
fn modules_of(repository: &Repository, build: impl Fn() -> Command) -> Result<()> {
    for example in repository.examples() {
        let mut build = build();
        repository.run(build.args(["--release", "--locked", "--package", &example.name]))?;
    }
    Ok(())
}

pub(super) fn msrv(repository: &Repository) -> Result<Verdict> {
    let oldest = Toolchain::named(repository.oldest_compiler()?);
    oldest.ensure(&[], &[WASM_TARGET])?;
    let build = ["build", "--locked", "--package=waxwing", "--package=waxwing-macros"];
    repository.cargo_of(oldest, &build)?;
    repository.cargo_of(oldest, &[&build[..], &["--target", WASM_TARGET]].concat())?;
    Ok(Verdict::Passed)
}

pub(super) fn newest(repository: &Repository) -> Result<Verdict> {
    let newest = toolchain::NEWEST;
    newest.ensure(&[], &WASM_TARGETS)?;
    repository.cargo_of(newest, &["build", "--locked", "--workspace", "--all-targets", "--all-features"])?;
    for target in WASM_TARGETS {
        modules_of(repository, || {
            let mut build = newest.cargo();
            build.args(["build", "--target", target]);
            build
        })?;
    }
    Ok(Verdict::Passed)
}
