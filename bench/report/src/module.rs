//! Builds the guests, as an author builds an extension.

use crate::Result;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip1";

/// Builds a package, and returns the file of its module.
pub(crate) fn build(package: &str) -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    // A folder of its own, because of its own flags.
    let target = target.join("bench");

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&workspace)
        .args(["build", "--release", "--target", TARGET, "--target-dir"])
        .arg(&target);
    cargo.args([
        "--config",
        &format!("target.{TARGET}.rustflags = ['--remap-path-prefix={}=.']", registry()?),
    ]);
    // One at a time: built together, one that needs the SDK with `std` would give it to all.
    cargo.args(["--package", package]);
    if !cargo.status()?.success() {
        return Err(
            format!("{package} does not build; the target is needed: rustup target add {TARGET}").into()
        );
    }
    Ok(target.join(TARGET).join("release").join(package.replace('-', "_") + ".wasm"))
}

/// Where the sources of dependencies are. Modules contain the names of the files in which they can panic, and
/// their sizes should not depend on somebody's home folder.
fn registry() -> Result<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let home = home.ok_or("neither CARGO_HOME nor HOME is set")?;
    Ok(home.join("registry").join("src").display().to_string())
}
