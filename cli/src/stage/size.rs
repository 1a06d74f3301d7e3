//! Sizes and instruction counts, against the budgets.

use super::Verdict;
use super::repository::Repository;
use crate::toolchain::{self, WASM_TARGET};
use anyhow::Result;

/// The numbers are the compiler's as much as ours, so the page that they are compared with has one compiler.
pub(super) fn check(repository: &Repository) -> Result<Verdict> {
    toolchain::BUDGETS.ensure(&[], &[WASM_TARGET])?;
    let run = ["run", "--locked", "--package=waxwing-bench", "--", "--check"];
    repository.cargo_of(toolchain::BUDGETS, &run)?;
    Ok(Verdict::Passed)
}
