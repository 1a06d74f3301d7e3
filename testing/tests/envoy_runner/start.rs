//! How Envoy starts, and how it does not.

use std::net::TcpStream;

use waxwing_testing::envoy::{Config, Proxy, Start};
use waxwing_testing::{LogLevel, LogLine, Request, Response};

use crate::module::Module;

/// Logs both configurations when it is configured, and takes the plugin's if it has more than one byte.
const LOGS_CONFIGURATION: &str = r#"
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
        (call $log_buffer (i32.const 0) (i32.const 6)) (i32.const 1))
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (call $log_buffer (i32.const 5) (i32.const 7))
        (i32.gt_u (local.get 1) (i32.const 1)))
    (data (i32.const 64) "stream") (data (i32.const 80) "logged\0a\00alone")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $log (i32.const 4) (i32.const 64) (i32.const 6))) (i32.const 0))
    (func (export "proxy_on_log") (param i32)
        (drop (call $log (i32.const 3) (i32.const 80) (i32.const 13))))
"#;

fn line(level: LogLevel, message: &str) -> LogLine {
    LogLine { level, message: message.to_owned() }
}

#[test]
fn configuration_arrives_and_each_line_counts_once() {
    let module = Module::new(LOGS_CONFIGURATION);
    let configuration = "{ \"name\": \"it's\",\n\t\"bird\": \"\u{1f426}\" } # \\ %";
    let config = module.config().name("my plugin").root_id("root").vm_id("vm-7");
    let config = config.configuration(configuration).vm_configuration("vm: 1");
    let mut proxy = module.start(&config).unwrap();
    assert_eq!(proxy.start_logs(), [line(LogLevel::Trace, "vm: 1"), line(LogLevel::Critical, configuration)]);
    for _ in 0..2 {
        let observed = proxy.exchange(&Request::get("/"), |_| Some(Response::new(200))).unwrap();
        assert_eq!(observed.logs, [line(LogLevel::Error, "stream"), line(LogLevel::Warn, "logged\n\0alone")]);
    }
}

#[test]
fn a_configuration_may_be_any_bytes() {
    let module = Module::new(LOGS_CONFIGURATION);
    let proxy = module.start(&module.config().configuration(b"a\xffb\xfe")).unwrap();
    assert_eq!(proxy.start_logs()[1], line(LogLevel::Critical, "a\u{fffd}b\u{fffd}"));
}

#[test]
fn lines_below_the_log_level_are_dropped() {
    let module = Module::new(LOGS_CONFIGURATION);
    let mut proxy = module.start(&module.config().configuration("yes").log_level(LogLevel::Error)).unwrap();
    let observed = proxy.exchange(&Request::get("/"), |_| Some(Response::new(200))).unwrap();
    assert_eq!(observed.logs, [line(LogLevel::Error, "stream")]);
}

#[test]
fn a_refused_configuration_shows_what_the_extension_logged() {
    let module = Module::new(LOGS_CONFIGURATION);
    let error = module.start(&module.config().configuration("?")).unwrap_err().to_string();
    assert!(error.starts_with("Envoy refused the extension or its configuration"), "{error}");
    assert!(error.contains("[critical] wasm log: ?"), "{error}");
}

#[test]
fn an_import_that_envoy_lacks_is_named() {
    let module = Module::with_import(r#"(import "env" "proxy_fly_south" (func (param i32) (result i32)))"#);
    let error = module.start(&module.config()).unwrap_err().to_string();
    assert!(error.contains("missing import: env.proxy_fly_south"), "{error}");
}

#[test]
fn an_import_with_another_signature_is_named() {
    let module = Module::with_import(r#"(import "env" "proxy_done" (func (param i64) (result i32)))"#);
    let error = module.start(&module.config()).unwrap_err().to_string();
    assert!(error.contains("import type mismatch"), "{error}");
    assert!(error.contains("env.proxy_done"), "{error}");
}

#[test]
fn an_extension_that_was_not_built_is_named() {
    let error = Proxy::start(&Config::new("no/such.wasm")).unwrap_err().to_string();
    assert!(
        error.starts_with("there is no extension at no/such.wasm; build it with `cargo build"),
        "{error}"
    );
}

#[test]
fn the_configuration_is_left_where_it_is_wanted() {
    let module = Module::new("");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("envoy.yaml");
    let proxy = Start::new().keep_yaml(&path).start(&module.config()).unwrap();
    let yaml = std::fs::read_to_string(&path).unwrap();
    assert!(yaml.contains(module.path().to_str().unwrap()), "{yaml}");
    drop(proxy);
    assert!(path.exists());
}

#[test]
fn a_test_that_fails_ends_envoy_and_keeps_its_log() {
    let module = Module::new("");
    let mut address = None;
    let test = std::panic::AssertUnwindSafe(|| {
        let proxy = module.start(&module.config()).unwrap();
        address = Some(proxy.address());
        panic!("as a failed assertion does");
    });
    std::panic::catch_unwind(test).unwrap_err();
    assert!(TcpStream::connect(address.unwrap()).is_err());
    let mut entries = std::fs::read_dir(module.path().parent().unwrap()).unwrap();
    let kept = entries.find_map(|entry| Some(entry.ok()?.path()).filter(|path| path.is_dir())).unwrap();
    assert!(kept.join("envoy.yaml").is_file() && kept.join("envoy.log").is_file());
}

#[test]
fn nothing_listens_any_more_once_it_is_dropped() {
    let module = Module::new("");
    let proxy = module.start(&module.config()).unwrap();
    let address = proxy.address();
    assert!(address.ip().is_loopback());
    assert!(TcpStream::connect(address).is_ok());
    drop(proxy);
    assert!(TcpStream::connect(address).is_err());
}
