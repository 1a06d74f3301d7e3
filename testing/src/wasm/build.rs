//! Building modules from their source, from a test.

use super::{LoadError, WasmModule};
use serde_json::Value;
use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

/// What [`WasmModule::build`] builds for.
const TARGET: &str = "wasm32-wasip1";

/// The variable that names a folder of built modules.
const FOLDER_VARIABLE: &str = "WAXWING_WASM_DIR";

/// What was built, by package. The only global of this crate: tests are threads of one process, and each of
/// them asks for the same modules.
static BUILT: LazyLock<Mutex<HashMap<String, Result<WasmModule, LoadError>>>> = LazyLock::new(Mutex::default);

impl WasmModule {
    /// Builds a package of the workspace that the test belongs to, with
    /// `cargo build --release --target wasm32-wasip1`; once for each process.
    ///
    /// If the variable `WAXWING_WASM_DIR` is set, nothing is built: the module is `<package>.wasm` in that
    /// folder, with `_` for each `-` of the package's name.
    ///
    /// # Errors
    ///
    /// If the target is not installed, with the command that installs it; if the build fails, whose messages
    /// go to standard error; and as [`from_file`](WasmModule::from_file).
    pub fn build(package: &str) -> Result<Self, LoadError> {
        // Nothing is left half done by a panic in here.
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        built.entry(package.to_owned()).or_insert_with(|| build(package)).clone()
    }

    /// The same, in a test that fails with the error.
    #[track_caller]
    pub(crate) fn built(package: &str) -> Self {
        WasmModule::build(package).unwrap_or_else(|error| panic!("{error}"))
    }
}

fn build(package: &str) -> Result<WasmModule, LoadError> {
    WasmModule::from_file(built_file(package)?)
}

/// The file of a package's module, as new as its source.
pub(super) fn built_file(package: &str) -> Result<PathBuf, LoadError> {
    if let Some(folder) = env::var_os(FOLDER_VARIABLE) {
        return Ok(Path::new(&folder).join(package.replace('-', "_") + ".wasm"));
    }
    let fail = |problem: String| LoadError::new(package, problem);
    check_target().map_err(fail)?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--target", TARGET, "--package", package]);
    cargo.arg("--message-format=json-render-diagnostics");
    // Standard error is the terminal's, so that a long build is seen.
    let output =
        cargo.stderr(Stdio::inherit()).output().map_err(|error| fail(format!("{cargo:?}: {error}")))?;
    if !output.status.success() {
        return Err(fail(format!("the build failed; its messages are above, and to repeat it: {cargo:?}")));
    }
    artifact(&output, package).ok_or_else(|| {
        fail("the build made no module: its Cargo.toml needs [lib] crate-type = [\"cdylib\"]".to_owned())
    })
}

/// Finds out whether the standard library of the target is there, for which cargo has no clear message.
fn check_target() -> Result<(), String> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    let output = rustc.output().map_err(|error| format!("{rustc:?}: {error}"))?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    match folder.is_dir() {
        true => Ok(()),
        false => Err(format!(
            "the target {TARGET} is not installed; run `rustup target add {TARGET}`, or set \
             {FOLDER_VARIABLE} to a folder with built modules"
        )),
    }
}

/// The module that the build reports: that of the package itself, which cargo builds last.
fn artifact(output: &Output, package: &str) -> Option<PathBuf> {
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let artifacts = messages.filter(|message| message["reason"] == "compiler-artifact");
    let mut files = artifacts.filter(|artifact| is_of(artifact, package)).flat_map(|artifact| {
        let files = artifact["filenames"].as_array().cloned().unwrap_or_default();
        files.into_iter().filter_map(|file| file.as_str().map(PathBuf::from))
    });
    files.rfind(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

/// Package ids are `…/folder#name@version`, or `…/name#version` if the folder has the package's name.
fn is_of(artifact: &Value, package: &str) -> bool {
    let Some((path, fragment)) = artifact["package_id"].as_str().and_then(|id| id.rsplit_once('#')) else {
        return false;
    };
    match fragment.rsplit_once('@') {
        Some((name, _)) => name == package,
        None => path.rsplit('/').next() == Some(package),
    }
}
