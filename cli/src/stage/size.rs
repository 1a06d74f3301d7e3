//! Sizes and instruction counts, against the budgets, and memory that must not grow.

use super::Verdict;
use super::repository::Repository;
use crate::target::WasmCompiler;
use crate::toolchain::{self, WASM_TARGET};
use anyhow::Result;

/// The numbers are the compiler's as much as ours, so the page that they are compared with has one compiler.
pub(super) fn check(repository: &Repository) -> Result<Verdict> {
    toolchain::BUDGETS.ensure(&[], &[WASM_TARGET])?;
    let run = ["run", "--locked", "--package=waxwing-bench", "--", "--check"];
    repository.cargo_of(toolchain::BUDGETS, &run)?;
    Ok(Verdict::Passed)
}

/// A million streams, natively and on wasm. In release, because the interpreter is slow otherwise.
pub(super) fn soak(repository: &Repository) -> Result<Verdict> {
    WasmCompiler::ensure()?;
    repository.cargo(&["run", "--locked", "--release", "--package=waxwing-bench", "--", "--soak"])?;
    Ok(Verdict::Passed)
}
