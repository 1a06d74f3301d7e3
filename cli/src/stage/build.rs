//! Builds: of each feature, for each target, on each compiler.

use super::Verdict;
use super::repository::Repository;
use super::test::{UI, cargo_test};
use crate::package::Package;
use crate::target::WasmCompiler;
use crate::toolchain::{self, Toolchain, WASM_TARGET};
use anyhow::Result;
use std::collections::BTreeMap;
use std::iter;
use std::path::PathBuf;
use std::process::Command;

/// The targets of extensions; the second has no standard library worth the name.
const WASM_TARGETS: [&str; 2] = [WASM_TARGET, "wasm32-unknown-unknown"];

/// Each feature of the SDK and of the mock host alone, and none: each must do without the others, and leaves nothing
/// unused.
pub(super) fn features(repository: &Repository) -> Result<Verdict> {
    Toolchain::active().ensure(&["clippy"], &WASM_TARGETS)?;
    let both = WASM_TARGETS.map(|target| ["--target", target]).concat();
    let clippy = |package: &str, feature: &str, targets: &[&str]| {
        let alone =
            ["clippy", "--locked", "--no-default-features", "--package", package, "--features", feature];
        repository.cargo(&[&alone[..], targets, &["--", "-D", "warnings"]].concat())
    };
    for feature in iter::once("").chain(repository.features("waxwing")?) {
        clippy("waxwing", feature, &[])?;
        clippy("waxwing", feature, &both)?;
    }
    for feature in iter::once("").chain(repository.features("waxwing-testing")?) {
        clippy("waxwing-testing", feature, &[])?;
    }
    Ok(Verdict::Passed)
}

/// Modules are linked, not only checked: an import without its module fails there. Those for the second target
/// are run as well.
pub(super) fn examples(repository: &Repository) -> Result<Verdict> {
    let (compiler, other) = (WasmCompiler::ensure()?, WASM_TARGETS[1]);
    modules_of(repository, repository.examples(), || compiler.build())?;
    Toolchain::active().ensure(&[], &[other])?;
    modules_of(repository, repository.examples(), || {
        let mut build = Toolchain::active().cargo();
        build.args(["build", "--target", other]);
        build
    })?;
    // The stage `test` has run those for the first target. With the same packages and features as there, cargo
    // builds nothing again.
    let mut test = cargo_test();
    test.env("WAXWING_WASM_DIR", repository.target_directory().join(other).join("release"));
    test.args(["--workspace", "--exclude", UI, "--lib", "--all-features"]);
    repository.run(&mut test)?;
    Ok(Verdict::Passed)
}

/// Builds all extensions for `wasm32-wasip1`, and gives the folder of their modules.
pub(super) fn modules(repository: &Repository, compiler: &WasmCompiler) -> Result<PathBuf> {
    modules_of(repository, repository.extensions(), || compiler.build())?;
    Ok(repository.target_directory().join(WASM_TARGET).join("release"))
}

/// Builds extensions, those that want the same of the SDK together. All together they would get each other's
/// features, and the one without the standard library would have it; each alone, one processor links at a time.
fn modules_of<'a>(
    repository: &Repository,
    extensions: impl Iterator<Item = &'a Package>,
    build: impl Fn() -> Command,
) -> Result<()> {
    let mut kinds = BTreeMap::<_, Vec<&str>>::new();
    for extension in extensions {
        kinds.entry(extension.features_of("waxwing")).or_default().push(&extension.name);
    }
    for packages in kinds.values() {
        let mut build = build();
        build.args(["--release", "--locked"]);
        build.args(packages.iter().flat_map(|package| ["--package", package]));
        repository.run(&mut build)?;
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

/// Natively, the tests are compiled and not linked: the active compiler does that. Modules are, as linkers differ: one of
/// each kind, because the others differ from it in what the active compiler has linked already.
pub(super) fn newest(repository: &Repository) -> Result<Verdict> {
    let newest = toolchain::NEWEST;
    newest.ensure(&[], &WASM_TARGETS)?;
    repository.cargo_of(newest, &["check", "--locked", "--workspace", "--all-targets", "--all-features"])?;
    let kinds: BTreeMap<_, _> =
        repository.examples().map(|example| (example.features_of("waxwing"), example)).collect();
    modules_of(repository, kinds.into_values(), || {
        let mut build = newest.cargo();
        build.arg("build").args(WASM_TARGETS.iter().flat_map(|target| ["--target", target]));
        build
    })?;
    Ok(Verdict::Passed)
}
