//! What the compiler's own tools find.

use super::Verdict;
use super::repository::Repository;
use crate::toolchain::Toolchain;
use anyhow::Result;

pub(super) fn fmt(repository: &Repository) -> Result<Verdict> {
    Toolchain::active().ensure(&["rustfmt"], &[])?;
    repository.cargo(&["fmt", "--all", "--check"])?;
    Ok(Verdict::Passed)
}

pub(super) fn clippy(repository: &Repository) -> Result<Verdict> {
    Toolchain::active().ensure(&["clippy"], &[])?;
    repository.cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ])?;
    Ok(Verdict::Passed)
}

pub(super) fn doc(repository: &Repository) -> Result<Verdict> {
    let mut command = Toolchain::active().cargo();
    command.args(["doc", "--locked", "--workspace", "--all-features", "--no-deps"]);
    repository.run(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Verdict::Passed)
}
