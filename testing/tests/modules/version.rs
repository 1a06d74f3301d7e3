//! One module for each version of the ABI.

use super::{assembled, compare};
use waxwing_testing::wasm::{AbiVersion, WasmModule};
use waxwing_testing::{LogLevel, Request, Scenario};

/// A request to a module that tags it with its configuration, and holds it back until the next tick.
fn tagged(version: &str) -> Scenario {
    Scenario::new(format!("a module of ABI {version}")).config("blue").request(Request::get("/cart"))
}

#[test]
fn version_0_1_0_runs_as_in_envoy() {
    let run = compare("abi_0_1_0", &tagged("0.1.0"));
    run[0].upstream_request().assert_header("x-tag", "blue");
    run[0].response().assert_header("x-tag", "blue");
    run[0].logs().assert_contains("an absent header is empty");
}

#[test]
fn version_0_2_0_runs_as_in_envoy() {
    let run = compare("abi_0_2_0", &tagged("0.2.0"));
    run[0].upstream_request().assert_header("x-tag", "blue");
    run[0].response().assert_header("x-tag", "blue");
    run[0].logs().assert_contains("an absent header is not found");
}

#[test]
fn version_0_2_1_runs_as_in_envoy() {
    let scenario =
        Scenario::new("a module of ABI 0.2.1").log_level(LogLevel::Info).request(Request::get("/"));
    let run = compare("abi_0_2_1", &scenario);
    run[0].upstream_request().assert_header("x-level", LogLevel::Info.as_u32().to_string());
}

#[test]
fn each_module_declares_its_version() {
    for (name, version) in [
        ("abi_0_1_0", AbiVersion::V0_1_0),
        ("abi_0_2_0", AbiVersion::V0_2_0),
        ("abi_0_2_1", AbiVersion::V0_2_1),
    ] {
        let module = WasmModule::from_bytes(name, &assembled(name)).unwrap();
        assert_eq!(module.abi_version(), version);
    }
}
