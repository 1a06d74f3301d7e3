//! The extension in Envoy's configuration, as text.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Config;
use super::yaml::scalar;
use crate::FailurePolicy;

/// The filters of HTTP streams, and of connections.
pub(super) const HTTP: &str = "http";
pub(super) const NETWORK: &str = "network";

/// What the extension is called where its configuration is in a file of its own.
pub(super) const DISCOVERED: &str = "waxwing_extension";

/// The extension as a filter of this kind, this far to the right.
pub(super) fn filter(config: &Config, kind: &str, indent: usize) -> String {
    let yaml = match &config.extension_file {
        Some(path) => format!(
            "- name: {DISCOVERED}
  config_discovery:
    config_source:
      resource_api_version: V3
      path_config_source: {{ path: {path} }}
    type_urls: [{kind_url}]
",
            path = scalar(&path.to_string_lossy()),
            kind_url = type_url(kind),
        ),
        None => format!("- name: envoy.filters.{kind}.wasm\n{}", typed_config(config, kind)),
    };
    yaml.lines().map(|line| format!("{:indent$}{line}\n", "")).collect()
}

/// The file that the configuration of a filter is in, if it can be replaced.
pub(super) fn file(config: &Config) -> String {
    let kind = if config.tcp { NETWORK } else { HTTP };
    let extension = format!(
        "- \"@type\": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig
  name: {DISCOVERED}
{}",
        typed_config(config, kind)
    );
    let lines = extension.lines().map(|line| format!("  {line}\n"));
    format!("resources:\n{}", lines.collect::<String>())
}

fn type_url(kind: &str) -> String {
    format!("type.googleapis.com/envoy.extensions.filters.{kind}.wasm.v3.Wasm")
}

fn typed_config(config: &Config, kind: &str) -> String {
    let policy = match config.failure_policy {
        FailurePolicy::Closed => "FAIL_CLOSED",
        FailurePolicy::Open => "FAIL_OPEN",
        FailurePolicy::Reload(_) => "FAIL_RELOAD",
    };
    // The file may be read from another folder than this one.
    let wasm = std::path::absolute(&config.wasm).unwrap_or_else(|_| config.wasm.clone());
    let mut yaml = format!("  typed_config:\n    \"@type\": {}\n    config:\n", type_url(kind));
    let mut line = |depth: usize, text: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(yaml, "{:depth$}{text}", "");
    };
    line(6, format!("name: {}", scalar(&config.name)));
    line(6, format!("root_id: {}", scalar(&config.root_id)));
    line(6, format!("failure_policy: {policy}"));
    if let FailurePolicy::Reload(backoff) = config.failure_policy {
        line(6, format!("reload_config: {{ backoff: {{ base_interval: {:.9}s }} }}", backoff.as_secs_f64()));
    }
    if config.allow_on_headers_stop_iteration {
        line(6, "allow_on_headers_stop_iteration: true".into());
    }
    if let Some(bytes) = &config.configuration {
        line(6, "configuration:".into());
        any(bytes).into_iter().for_each(|text| line(8, text));
    }
    line(6, "vm_config:".into());
    line(8, format!("vm_id: {}", scalar(&config.vm_id)));
    line(8, "runtime: envoy.wasm.runtime.v8".into());
    line(8, format!("code: {{ local: {{ filename: {} }} }}", scalar(&wasm.to_string_lossy())));
    if let Some(bytes) = &config.vm_configuration {
        line(8, "configuration:".into());
        any(bytes).into_iter().for_each(|text| line(10, text));
    }
    yaml
}

/// Text as a string message, and anything else as a bytes message; Envoy hands out the same bytes for both.
fn any(bytes: &[u8]) -> [String; 2] {
    let (message, value) = match std::str::from_utf8(bytes) {
        Ok(text) => ("StringValue", scalar(text)),
        Err(_) => ("BytesValue", scalar(&BASE64.encode(bytes))),
    };
    [format!("\"@type\": type.googleapis.com/google.protobuf.{message}"), format!("value: {value}")]
}
