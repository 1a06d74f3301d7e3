//! What becomes of a built module: whether it loads, how it starts, how much memory it gets.

use super::*;
use std::fs;
use std::path::Path;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Native, Runner, Scenario, Wasm};

/// What nearly every module here has.
const BASICS: &str = r#"
    (memory (export "memory") 1)
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
"#;
const MARKER: &str = r#"(func (export "proxy_abi_version_0_2_1"))"#;
/// What ngx_wasm_module needs besides.
const LIFE: &str = r#"
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
"#;

fn module(source: &str) -> WasmModule {
    let bytes = wat::parse_str(format!("(module {source})")).expect("the test's own module is valid");
    WasmModule::from_bytes("test.wasm", &bytes).unwrap()
}

/// Why a module does not start; `None` if it does.
fn refusal(profile: Profile, source: &str) -> Option<String> {
    let started = Host::wasm(&module(source)).profile(profile).try_start();
    started.err().map(|error| error.to_string().lines().next().unwrap_or_default().to_owned())
}

#[test]
fn a_module_that_imports_what_the_host_does_not_have_does_not_load() {
    // The probe imports everything.
    let probe = WasmModule::build("waxwing-probe").unwrap_or_else(|error| panic!("{error}"));
    for profile in Profile::ALL {
        let started = Host::wasm(&probe).profile(profile).try_start();
        match profile {
            Profile::NGX_WASM_MODULE | Profile::APISIX => {
                let error = started.unwrap_err().to_string();
                assert!(error.contains("missing import: env.proxy_"), "{error}");
                assert!(error.contains(&format!("({profile} does not have it)")), "{error}");
            }
            _ => assert!(started.is_ok(), "{profile}"),
        }
    }
}

#[test]
fn the_examples_load_on_each_host() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let packages = fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path());
    let packages: Vec<_> = packages.filter(|path| path.join("Cargo.toml").is_file()).collect();
    assert!(packages.len() > 5, "{packages:?}");
    for package in packages {
        let package = package.file_name().unwrap().to_string_lossy();
        let module = WasmModule::build(&package).unwrap_or_else(|error| panic!("{error}"));
        for profile in Profile::ALL {
            let started = Host::wasm(&module).profile(profile).try_start();
            // Another configuration may be wanted.
            let error = started.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(!error.contains("cannot be loaded"), "{package} on {profile}: {error}");
        }
    }
}

#[test]
fn each_missing_function_is_named() {
    for (import, signature) in [
        ("proxy_get_log_level", "(param i32) (result i32)"),
        ("proxy_get_buffer_status", "(param i32 i32 i32) (result i32)"),
        ("proxy_get_header_map_size", "(param i32 i32) (result i32)"),
        ("proxy_get_metric", "(param i32 i32) (result i32)"),
        ("envoy_resolve_dns", "(param i32 i32 i32) (result i32)"),
    ] {
        let source = format!(r#"(import "env" "{import}" (func {signature})) {BASICS} {MARKER} {LIFE}"#);
        for profile in Profile::ALL {
            let expected = (profile.support(import) == waxwing_testing::Support::Missing).then(|| {
                format!(
                    "the extension cannot be loaded: cannot load `test.wasm`: missing import: env.{import} ({profile} does \
                     not have it)"
                )
            });
            assert_eq!(refusal(profile, &source), expected, "{profile}");
        }
    }
}

#[test]
fn nginx_wants_the_callbacks_of_the_start() {
    let source = format!("{BASICS} {MARKER}");
    for profile in Profile::ALL {
        let refusal = refusal(profile, &source);
        match profile {
            Profile::NGX_WASM_MODULE => {
                let refusal = refusal.unwrap();
                assert!(refusal.ends_with("missing export: proxy_on_context_create (ngx_wasm_module does not load a module without it)"), "{refusal}");
            }
            _ => assert_eq!(refusal, None),
        }
    }
}

#[test]
fn a_call_that_ends_the_vm_traps_in_a_module_too() {
    let source = format!(
        r#"(import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
        (import "env" "proxy_get_log_level" (func $level (param i32) (result i32)))
        {BASICS} {MARKER} {LIFE}
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $close (i32.const 0)))
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (call $level (i32.const 0)))"#
    );
    let source = |without: &str| source.lines().filter(|line| !line.contains(without)).collect::<String>();

    let host = Host::wasm(&module(&source("level"))).profile(Profile::NGX_WASM_MODULE).start();
    host.exchange(Request::get("/")).response().assert_status(503);
    host.expect_trap("proxy_close_stream is not implemented: ngx_wasm_module traps");

    let host = Host::wasm(&module(&source("$close"))).profile(Profile::TRAFFIC_SERVER).workers(2).start();
    host.exchange(Request::get("/"));
    host.expect_trap("proxy_get_log_level is not implemented: the whole proxy aborts");
    assert_eq!(host.worker(1).exchange(Request::get("/")).outcome(), waxwing_testing::Outcome::Reset);
}

#[test]
fn resuming_a_response_traps_in_nginx_under_its_name_of_0_1_0() {
    let source = format!(
        r#"(import "env" "proxy_continue_response" (func $continue (result i32))) {BASICS} {LIFE}
        (func (export "proxy_abi_version_0_1_0"))
        (func (export "proxy_on_request_headers") (param i32 i32) (result i32) (call $continue))"#
    );
    let host = |profile| Host::wasm(&module(&source)).profile(profile).lenient().start();
    host(Profile::ENVOY).exchange(Request::get("/")).response().assert_status(200);
    let nginx = host(Profile::NGX_WASM_MODULE);
    nginx.exchange(Request::get("/"));
    nginx.expect_trap("proxy_continue_response is not implemented: ngx_wasm_module traps");
}

#[test]
fn apisix_starts_a_module_by_its_other_entry() {
    let source = format!(
        r#"(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))) {BASICS} {MARKER} {LIFE}
        (data (i32.const 0) "initialize") (data (i32.const 16) "start")
        (func (export "_initialize") (drop (call $log (i32.const 2) (i32.const 0) (i32.const 10))))
        (func (export "_start") (drop (call $log (i32.const 2) (i32.const 16) (i32.const 5))))"#
    );
    for profile in Profile::ALL {
        let host = Host::wasm(&module(&source)).profile(profile).lenient().start();
        let expected = if profile == Profile::APISIX { "start" } else { "initialize" };
        assert_eq!(host.logs().lines()[0].message, expected, "{profile}");
    }
}

#[test]
fn google_gives_a_module_16_mib() {
    // 300 pages are more; -1 is the answer of `memory.grow` then.
    let source = format!(
        r#"{BASICS} {MARKER} {LIFE}
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (i32.eq (memory.grow (i32.const 300)) (i32.const -1)))"#
    );
    for profile in Profile::ALL {
        let host = Host::wasm(&module(&source)).profile(profile).lenient().start();
        let is_refused = host.open(Request::get("/")).paused_at().is_some();
        assert_eq!(is_refused, profile == Profile::GOOGLE_SERVICE_EXTENSIONS, "{profile}");
    }
}

#[test]
fn a_module_and_the_extension_in_the_test_see_the_same_host() {
    let probe = WasmModule::build("waxwing-probe").unwrap_or_else(|error| panic!("{error}"));
    let script = "configure tick 100\nrequest-headers bytes 7 0 9\nrequest-headers property nobody\n\
                  request-body bytes 0 0 9\nresponse-headers pairs 0\nresponse-headers count 2\nlog status";
    for profile in [Profile::ENVOY, Profile::TRAFFIC_SERVER, Profile::GOOGLE_SERVICE_EXTENSIONS] {
        let script =
            if profile == Profile::TRAFFIC_SERVER { script.trim_end_matches("\nlog status") } else { script };
        let scenario = Scenario::new("the same host").profile(profile).config(script).request(full());
        scenario.compare(&[&Native::<Probe>::new() as &dyn Runner, &Wasm::new(probe.clone())]);
    }
}
