//! The configuration that Envoy is started with.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::{FailurePolicy, LogLevel};

/// An Envoy with one listener, one extension and one upstream.
///
/// ```
/// use waxwing_testing::FailurePolicy;
/// use waxwing_testing::envoy::Config;
///
/// let config = Config::new("target/wasm32-wasip1/release/add_header.wasm")
///     .configuration(r#"{ "name": "x-tag", "value": "blue" }"#)
///     .failure_policy(FailurePolicy::Open);
/// let yaml = config.to_yaml("127.0.0.1:8080".parse().unwrap());
/// assert!(yaml.contains("failure_policy: FAIL_OPEN"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    wasm: PathBuf,
    name: String,
    root_id: String,
    vm_id: String,
    configuration: Option<Vec<u8>>,
    vm_configuration: Option<Vec<u8>>,
    failure_policy: FailurePolicy,
    buffer_limit: Option<u32>,
    log_level: LogLevel,
    listener_port: u16,
    admin_port: u16,
}

impl Config {
    /// This extension, with no configuration, an empty `root_id` and `vm_id`, and all of its log lines.
    ///
    /// It is called what its file is called.
    pub fn new(wasm: impl Into<PathBuf>) -> Self {
        let wasm = wasm.into();
        Config {
            name: wasm.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            wasm,
            root_id: String::new(),
            vm_id: String::new(),
            configuration: None,
            vm_configuration: None,
            failure_policy: FailurePolicy::default(),
            buffer_limit: None,
            log_level: LogLevel::Trace,
            listener_port: 0,
            admin_port: 0,
        }
    }

    /// Sets the plugin name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets which root context of the extension is meant.
    #[must_use]
    pub fn root_id(mut self, root_id: impl Into<String>) -> Self {
        self.root_id = root_id.into();
        self
    }

    /// Sets the id under which VMs share data and queues.
    #[must_use]
    pub fn vm_id(mut self, vm_id: impl Into<String>) -> Self {
        self.vm_id = vm_id.into();
        self
    }

    /// Sets the plugin configuration, any bytes.
    #[must_use]
    pub fn configuration(mut self, configuration: impl Into<Vec<u8>>) -> Self {
        self.configuration = Some(configuration.into());
        self
    }

    /// Sets the VM configuration, any bytes.
    #[must_use]
    pub fn vm_configuration(mut self, configuration: impl Into<Vec<u8>>) -> Self {
        self.vm_configuration = Some(configuration.into());
        self
    }

    /// Sets what becomes of streams once the VM has failed, as Envoy's `failure_policy` says it.
    ///
    /// With [`FailurePolicy::Open`], Envoy 1.40.0 lets the streams pass that come after the trap, and still answers 503 to
    /// the one that met it.
    #[must_use]
    pub fn failure_policy(mut self, failure_policy: FailurePolicy) -> Self {
        self.failure_policy = failure_policy;
        self
    }

    /// Sets how many bytes of a body Envoy buffers; 1 MiB if it is not set.
    ///
    /// Envoy also reads at most that much at once, so a small limit cuts bodies into small pieces.
    #[must_use]
    pub fn buffer_limit(mut self, bytes: u32) -> Self {
        self.buffer_limit = Some(bytes);
        self
    }

    /// Sets the level below which log lines are dropped.
    ///
    /// It is also what the host answers to the question for its log level.
    #[must_use]
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log_level = level;
        self
    }

    /// Sets the port on which Envoy listens, instead of any free one.
    #[must_use]
    pub fn listener_port(mut self, port: u16) -> Self {
        self.listener_port = port;
        self
    }

    /// Sets the port of Envoy's own pages, instead of any free one.
    #[must_use]
    pub fn admin_port(mut self, port: u16) -> Self {
        self.admin_port = port;
        self
    }

    /// The `.wasm` file.
    pub fn wasm(&self) -> &Path {
        &self.wasm
    }

    /// What Envoy's `--component-log-level` must be for the log level of this configuration.
    pub(super) fn component_log_level(&self) -> String {
        format!("wasm:{}", self.log_level)
    }

    /// What Envoy writes in front of a line: of a stream, of a root context, and of a VM that has neither yet.
    pub(super) fn log_prefixes(&self) -> [String; 3] {
        let Config { name, root_id, vm_id, .. } = self;
        [&[name, root_id, vm_id][..], &[root_id, vm_id], &[vm_id]].map(|parts| {
            let named = parts.iter().filter(|part| !part.is_empty()).map(|part| format!(" {part}"));
            format!("wasm log{}: ", named.collect::<String>())
        })
    }

    /// This configuration as the text of an `envoy.yaml` with this upstream.
    pub fn to_yaml(&self, origin: SocketAddr) -> String {
        let Config { listener_port, admin_port, .. } = self;
        let (origin_host, origin_port) = (origin.ip(), origin.port());
        let limit =
            self.buffer_limit.map(|bytes| format!("      per_connection_buffer_limit_bytes: {bytes}\n"));
        let limit = limit.unwrap_or_default();
        let plugin = self.plugin_yaml();
        let log_level = self.component_log_level();
        format!(
            r#"# Written by Waxwing, for Envoy {version}. To start it:
#   envoy --config-path envoy.yaml --concurrency 1 --component-log-level {log_level}
admin:
  address:
    socket_address: {{ address: 127.0.0.1, port_value: {admin_port} }}
static_resources:
  listeners:
    - name: {LISTENER}
      address:
        socket_address: {{ address: 127.0.0.1, port_value: {listener_port} }}
{limit}      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: {LISTENER}
                codec_type: HTTP1
                http_protocol_options: {{ enable_trailers: true }}
                # Envoy adds as little of its own as it can.
                generate_request_id: false
                server_header_transformation: PASS_THROUGH
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                        - match: {{ prefix: "/" }}
                          route: {{ cluster: {ORIGIN} }}
                http_filters:
{plugin}                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                      suppress_envoy_headers: true
  clusters:
    - name: {ORIGIN}
      type: STATIC
      connect_timeout: 5s
{limit}      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config:
            http_protocol_options: {{ enable_trailers: true }}
      load_assignment:
        cluster_name: {ORIGIN}
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: {{ address: "{origin_host}", port_value: {origin_port} }}
"#,
            version = super::VERSION,
        )
    }

    fn plugin_yaml(&self) -> String {
        let policy = match self.failure_policy {
            FailurePolicy::Closed => "FAIL_CLOSED",
            FailurePolicy::Open => "FAIL_OPEN",
        };
        // The file may be read from another folder than this one.
        let wasm = std::path::absolute(&self.wasm).unwrap_or_else(|_| self.wasm.clone());
        let mut yaml = String::from(
            "\
- name: envoy.filters.http.wasm
  typed_config:
    \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
    config:
",
        );
        let mut line = |depth: usize, text: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(yaml, "{:depth$}{text}", "");
        };
        line(6, format!("name: {}", scalar(&self.name)));
        line(6, format!("root_id: {}", scalar(&self.root_id)));
        line(6, format!("failure_policy: {policy}"));
        if let Some(bytes) = &self.configuration {
            line(6, "configuration:".into());
            any_yaml(bytes).into_iter().for_each(|text| line(8, text));
        }
        line(6, "vm_config:".into());
        line(8, format!("vm_id: {}", scalar(&self.vm_id)));
        line(8, "runtime: envoy.wasm.runtime.v8".into());
        line(8, format!("code: {{ local: {{ filename: {} }} }}", scalar(&wasm.to_string_lossy())));
        if let Some(bytes) = &self.vm_configuration {
            line(8, "configuration:".into());
            any_yaml(bytes).into_iter().for_each(|text| line(10, text));
        }
        yaml.lines().map(|line| format!("{:18}{line}\n", "")).collect()
    }
}

/// The names of the listener and of the cluster, by which Envoy also labels its statistics.
pub(super) const LISTENER: &str = "waxwing";
pub(super) const ORIGIN: &str = "origin";

/// Text as a string message, and anything else as a bytes message; Envoy hands out the same bytes for both.
fn any_yaml(bytes: &[u8]) -> [String; 2] {
    let (message, value) = match std::str::from_utf8(bytes) {
        Ok(text) => ("StringValue", scalar(text)),
        Err(_) => ("BytesValue", scalar(&BASE64.encode(bytes))),
    };
    [format!("\"@type\": type.googleapis.com/google.protobuf.{message}"), format!("value: {value}")]
}

/// A YAML string: in single quotes where that shows it as it is, else escaped.
fn scalar(text: &str) -> String {
    if text.chars().all(|c| matches!(c, ' '..='~')) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            ' '..='~' => quoted.push(c),
            _ => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_readable() {
        assert_eq!(scalar(r#"{ "name": "it's" }"#), r#"'{ "name": "it''s" }'"#);
    }

    #[test]
    fn other_text_is_escaped() {
        assert_eq!(scalar("a\n\"\\\u{e9}\u{1f426}\0"), r#""a\n\"\\\U000000e9\U0001f426\U00000000""#);
    }

    #[test]
    fn bytes_that_are_not_text_go_as_a_bytes_message() {
        let yaml = Config::new("x.wasm").configuration(b"\xff\xfe").to_yaml("127.0.0.1:1".parse().unwrap());
        assert!(yaml.contains("google.protobuf.BytesValue\n"), "{yaml}");
        assert!(yaml.contains("value: '//4='\n"), "{yaml}");
    }

    #[test]
    fn ports_and_limits_are_set_where_they_belong() {
        let config = Config::new("x.wasm").listener_port(10000).admin_port(9901).buffer_limit(42);
        let yaml = config.to_yaml("127.0.0.1:8080".parse().unwrap());
        let after = |key: &str| yaml.split_once(key).unwrap().1.to_owned();
        assert!(after("admin:").trim_start().contains("port_value: 9901"), "{yaml}");
        assert!(after("listeners:").contains("port_value: 10000"), "{yaml}");
        assert_eq!(yaml.matches("per_connection_buffer_limit_bytes: 42").count(), 2, "{yaml}");
    }

    #[test]
    fn log_prefixes_leave_out_what_is_empty() {
        let config = Config::new("dir/tag.wasm").vm_id("v");
        assert_eq!(config.log_prefixes(), ["wasm log tag v: ", "wasm log v: ", "wasm log v: "]);
        let config = config.root_id("r");
        assert_eq!(config.log_prefixes(), ["wasm log tag r v: ", "wasm log r v: ", "wasm log v: "]);
    }
}
