//! The module that a package builds to.

use crate::package::Package;
use crate::target::WasmCompiler;
use crate::{process, step};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Builds a package to wasm, with its release profile, and gives the module's path.
///
/// # Errors
///
/// If the package is not an extension, no compiler can be had, or it does not compile.
pub(crate) fn build(package: &Package) -> Result<PathBuf> {
    if !package.is_extension() {
        bail!(
            "the package {} does not build to a module; add this to {}:\n\n[lib]\ncrate-type = [\"cdylib\"]",
            package.name,
            package.manifest_path.display()
        );
    }
    let compiler = WasmCompiler::ensure()?;
    step::doing("Building", format_args!("{} for {}", package.name, crate::toolchain::WASM_TARGET));
    let mut command = compiler.build();
    command.args(["--release", "--message-format=json-render-diagnostics", "--package", &package.name]);
    // There, because cargo takes its configuration from the current folder, not from the package's.
    command.current_dir(package.folder());
    let messages = process::output(&mut command)?;
    module(&messages, &package.manifest_path)
        .with_context(|| format!("cargo built {} but did not name its .wasm file", package.name))
}

/// The `.wasm` file of a package, in cargo's messages about a build.
fn module(messages: &str, manifest: &Path) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact" && message.manifest_path == manifest)
        .flat_map(|message| message.filenames)
        .find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_the_wasm_file_of_the_package_itself() {
        let messages = [
            r#"{"reason":"compiler-artifact","manifest_path":"/dep/Cargo.toml","filenames":["/t/dep.wasm"]}"#,
            r#"{"reason":"build-script-executed","package_id":"x"}"#,
            r#"{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","filenames":["/t/p.rlib","/t/p.wasm"]}"#,
            r#"{"reason":"build-finished","success":true}"#,
        ]
        .join("\n");
        assert_eq!(module(&messages, Path::new("/p/Cargo.toml")), Some(PathBuf::from("/t/p.wasm")));
        assert_eq!(module(&messages, Path::new("/q/Cargo.toml")), None);
    }
}
