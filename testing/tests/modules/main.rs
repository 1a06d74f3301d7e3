//! Modules that other SDKs make, by their conventions: written by hand, in `wat/`, and run on the model and in Envoy.
#![cfg(all(feature = "wasm", feature = "envoy"))]

mod convention;
mod registered;
mod version;

use std::path::{Path, PathBuf};
use tempfile::TempDir;
use waxwing_testing::envoy::Envoy;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Run, Runner, Scenario, Wasm};

/// The bytes of the module in this file of `wat/`.
fn assembled(name: &str) -> Vec<u8> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/modules/wat/{name}.wat"));
    wat::parse_file(&source).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs it in Envoy.
#[track_caller]
fn in_envoy(name: &str, scenario: &Scenario) -> Run {
    let folder = tempfile::tempdir().unwrap();
    Envoy::new(file(&folder, name)).run(scenario)
}

/// Runs it on the model and in Envoy, which have to agree.
#[track_caller]
fn compare(name: &str, scenario: &Scenario) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder, name);
    let module = WasmModule::from_file(&file).unwrap_or_else(|error| panic!("{error}"));
    scenario.compare(&[&Wasm::new(module), &Envoy::new(&file)])
}

fn file(folder: &TempDir, name: &str) -> PathBuf {
    let file = folder.path().join(format!("{name}.wasm"));
    std::fs::write(&file, assembled(name)).unwrap();
    file
}
