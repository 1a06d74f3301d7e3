//! The modules that are measured, built as an author builds them.

use crate::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip1";

/// The extension of this package.
pub(crate) fn tag() -> Result<PathBuf> {
    build("bench/speed", "waxwing-speed")
}

/// The extension that does the same on the crate `proxy-wasm`.
pub(crate) fn incumbent() -> Result<PathBuf> {
    build(".", "waxwing-linked")
}

/// Builds a package of a workspace of the repository.
fn build(workspace: &str, package: &str) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(workspace);
    let target = folder.join("target");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&folder).args([
        "build",
        "--lib",
        "--release",
        "--target",
        TARGET,
        "--package",
        package,
    ]);
    cargo.arg("--target-dir").arg(&target);
    if !cargo.status()?.success() {
        return Err(
            format!("{package} does not build; the target is needed: rustup target add {TARGET}").into()
        );
    }
    Ok(target.join(TARGET).join("release").join(package.replace('-', "_") + ".wasm"))
}
