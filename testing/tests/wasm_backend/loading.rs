//! What is loaded, and what is refused.

use super::*;
use waxwing::__private::{Callback, Callbacks, Guest};
use waxwing_testing::wasm::AbiVersion;

#[test]
fn the_marker_tells_the_version() {
    for (marker, version) in
        [("0_1_0", AbiVersion::V0_1_0), ("0_2_0", AbiVersion::V0_2_0), ("0_2_1", AbiVersion::V0_2_1)]
    {
        let module = module(&format!(r#"(func (export "proxy_abi_version_{marker}"))"#)).unwrap();
        assert_eq!(module.abi_version(), version);
    }
}

#[test]
fn no_marker_an_unknown_one_and_two_are_refused() {
    assert!(refusal("").starts_with("missing Proxy-Wasm ABI version"));
    let unknown = refusal(r#"(func (export "proxy_abi_version_0_3_0"))"#);
    assert!(unknown.starts_with("unknown Proxy-Wasm ABI version: it exports proxy_abi_version_0_3_0"));
    let two = r#"(func (export "proxy_abi_version_0_2_0")) (func (export "proxy_abi_version_0_2_1"))"#;
    assert!(refusal(two).starts_with("several Proxy-Wasm ABI versions"));
    let not_a_function = r#"(global (export "proxy_abi_version_0_2_1") i32 (i32.const 0))"#;
    assert!(refusal(not_a_function).starts_with("missing Proxy-Wasm ABI version"));
}

#[test]
fn what_is_no_module_is_refused() {
    assert!(WasmModule::from_bytes("x", b"\0asm\x01\0\0").is_err());
    let error = WasmModule::from_file("/nowhere/x.wasm").unwrap_err().to_string();
    assert!(error.starts_with("cannot load `/nowhere/x.wasm`: "), "{error}");
}

#[test]
fn a_missing_import_is_named() {
    let refused = refusal(&format!(r#"(import "env" "proxy_get_map_values" (func)) {BASICS}"#));
    assert!(refused.starts_with("missing import: env.proxy_get_map_values"), "{refused}");
    let refused = refusal(&format!(r#"(import "__wbindgen_placeholder__" "f" (func)) {BASICS}"#));
    assert!(refused.starts_with("missing import: __wbindgen_placeholder__.f"), "{refused}");
    let refused = refusal(&format!(r#"(import "env" "g" (global i32)) {BASICS}"#));
    assert!(refused.starts_with("it imports the global env.g"), "{refused}");
}

#[test]
fn an_import_of_another_type_is_refused_with_both_types() {
    let wrong = r#"(import "env" "proxy_increment_metric" (func (param i32 i32) (result i32)))"#;
    assert_eq!(
        refusal(&format!("{wrong} {BASICS}")),
        "import type mismatch: env.proxy_increment_metric, want (i32, i32) -> i32 but host exports \
         (i32, i64) -> i32"
    );
}

#[test]
fn functions_of_other_versions_are_missing() {
    for (name, params, versions) in [
        ("proxy_get_configuration", "(param i32 i32)", &["0_1_0"][..]),
        ("proxy_continue_request", "", &["0_1_0"]),
        ("proxy_continue_response", "", &["0_1_0"]),
        ("proxy_clear_route_cache", "", &["0_1_0"]),
        ("proxy_continue_stream", "(param i32)", &["0_2_0", "0_2_1"]),
        ("proxy_close_stream", "(param i32)", &["0_2_0", "0_2_1"]),
        ("proxy_get_log_level", "(param i32)", &["0_2_1"]),
    ] {
        for version in ["0_1_0", "0_2_0", "0_2_1"] {
            let loaded = module(&format!(
                r#"(import "env" "{name}" (func {params} (result i32)))
                (func (export "proxy_abi_version_{version}"))"#
            ));
            assert_eq!(loaded.is_ok(), versions.contains(&version), "{name} {version}: {loaded:?}");
        }
    }
}

#[test]
fn imports_and_exports_are_listed_with_their_types() {
    let module = module(&format!("{HEADER_VALUE} {BASICS}")).unwrap();
    let imports: Vec<_> = module.imports().into_iter().map(|i| (i.module, i.name, i.signature)).collect();
    let signature = "(i32, i32, i32, i32, i32) -> i32";
    assert_eq!(imports, [("env".into(), "proxy_get_header_map_value".into(), signature.into())]);
    let exports: Vec<_> = module.exports().into_iter().map(|e| (e.name, e.signature)).collect();
    let expected = [
        ("memory", "memory"),
        ("proxy_abi_version_0_2_1", "() -> ()"),
        ("proxy_on_memory_allocate", "(i32) -> i32"),
    ];
    assert_eq!(exports, expected.map(|(name, signature)| (name.to_owned(), signature.to_owned())));
}

#[test]
fn an_export_of_another_type_is_refused() {
    let wrong = r#"(func (export "proxy_on_log") (param i32) (result i32) (i32.const 0))"#;
    assert_eq!(
        refusal(&format!("{BASICS} {wrong}")),
        "bad function signature for proxy_on_log: it exports (i32) -> i32, and hosts call (i32) -> ()"
    );
    // The model does not call it yet, but hosts look for it.
    assert!(refusal(&format!(r#"{BASICS} (func (export "proxy_on_tick"))"#)).contains("proxy_on_tick"));
}

#[test]
fn a_module_without_memory_or_allocator_is_refused() {
    let marker = r#"(func (export "proxy_abi_version_0_2_1"))"#;
    assert_eq!(refusal(marker), "it exports no memory");
    let refused = refusal(&format!(r#"{marker} (memory (export "memory") 1)"#));
    assert_eq!(refused, "it exports no allocator: hosts look for malloc and proxy_on_memory_allocate");
}

#[test]
fn a_module_may_not_take_all_memory() {
    let greedy = BASICS.replace("\"memory\") 1", "\"memory\") 65536");
    assert!(!refusal(&greedy).is_empty());
}

#[test]
fn only_exported_callbacks_are_offered() {
    let guest = guest(&format!(r#"{BASICS} (func (export "proxy_on_log") (param i32))"#));
    assert_eq!(guest.callbacks(), Callbacks::NONE.with(Callback::Log));
}
