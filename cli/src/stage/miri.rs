//! The folder with unsafe code, under Miri.

use super::Verdict;
use super::repository::Repository;
use crate::toolchain;
use anyhow::Result;

pub(super) fn run(repository: &Repository) -> Result<Verdict> {
    toolchain::NIGHTLY.ensure(&["miri", "rust-src"], &[])?;
    let mut command = toolchain::NIGHTLY.cargo();
    command.args(["miri", "test", "--locked", "--package=waxwing", "--lib", "abi::"]);
    repository.run(command.env("MIRIFLAGS", "-Zmiri-strict-provenance"))?;
    Ok(Verdict::Passed)
}
