//! Envoy's configuration as text.

use std::fmt::Write;
use std::net::SocketAddr;

use super::config::{LISTENER, SIDE_DOOR};
use super::{Config, plugin};
use crate::route::{Route, TAKEN};
use crate::scenario::ORIGIN;

/// The text of an `envoy.yaml` with this upstream.
pub(super) fn text(config: &Config, origin: SocketAddr) -> String {
    let Config { listener_port, admin_port, workers, .. } = config;
    let limit = limit_yaml(config);
    let balance = match workers {
        1 => "",
        _ => "      connection_balance_config: { exact_balance: {} }\n",
    };
    let filters = if config.tcp { tcp_yaml(config, balance) } else { http_yaml(config) };
    let log_level = config.component_log_level();
    let identity = if config.clients_identified { PROXY_PROTOCOL } else { "" };
    let mut clusters = cluster_yaml(ORIGIN, ORIGIN, origin, HTTP1, &format!("{limit}{identity}"));
    for (index, cluster) in config.clusters.iter().enumerate() {
        let protocol = if cluster.http2 { HTTP2 } else { HTTP1 };
        clusters += &cluster_yaml(&cluster.name, &stat_name(index), cluster.address, protocol, "");
    }
    // What looks for configurations has to say who it is.
    let node = if config.extension_file.is_some() { "node: { id: waxwing, cluster: waxwing }\n" } else { "" };
    format!(
        r#"# Written by Waxwing, for Envoy {version}. To start it:
#   envoy --config-path envoy.yaml --concurrency {workers} --component-log-level {log_level}
{node}admin:
  address:
    socket_address: {{ address: 127.0.0.1, port_value: {admin_port} }}
# Histograms are readable at this interval.
stats_flush_interval: 0.05s
static_resources:
  listeners:
    - name: {LISTENER}
      stat_prefix: {LISTENER}
      address:
        socket_address: {{ address: 127.0.0.1, port_value: {listener_port} }}
{limit}{balance}      filter_chains:
{filters}  clusters:
{clusters}"#,
        version = super::VERSION,
    )
}

/// The extension, in the way of requests.
fn http_yaml(config: &Config) -> String {
    let plugin = plugin::filter(config, plugin::HTTP, 18);
    let routes: String = config.routes.iter().map(route_yaml).collect();
    format!(
        r#"        - filters:
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
{routes}                        - match: {{ prefix: "/" }}
                          route: {{ cluster: {ORIGIN} }}
                http_filters:
{plugin}                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                      suppress_envoy_headers: true
"#
    )
}

/// A route for requests with a header, which the upstream is told of.
fn route_yaml(route: &Route) -> String {
    let (name, header, value) = (scalar(&route.name), scalar(&route.header), scalar(&route.value));
    format!(
        r#"                        - name: {name}
                          match:
                            prefix: "/"
                            headers: [{{ name: {header}, string_match: {{ exact: {value} }} }}]
                          route: {{ cluster: {ORIGIN} }}
                          request_headers_to_add: [{{ header: {{ key: {TAKEN}, value: {name} }} }}]
"#
    )
}

/// The extension, in the way of connections, and a listener that goes without it.
fn tcp_yaml(config: &Config, balance: &str) -> String {
    let plugin = plugin::filter(config, plugin::NETWORK, 12);
    format!(
        r#"        - filters:
{plugin}            - name: envoy.filters.network.tcp_proxy
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                stat_prefix: {LISTENER}
                cluster: {ORIGIN}
    - name: {SIDE_DOOR}
      stat_prefix: {SIDE_DOOR}
      address:
        socket_address: {{ address: 127.0.0.1, port_value: 0 }}
{balance}      filter_chains:
        - filters:
            - name: envoy.filters.network.echo
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo
"#
    )
}

/// What the statistics of an upstream of callouts are called: a name can have characters that those have not.
pub(super) fn stat_name(index: usize) -> String {
    format!("callout_{index}")
}

fn limit_yaml(config: &Config) -> String {
    let limit = config.buffer_limit;
    limit.map(|bytes| format!("      per_connection_buffer_limit_bytes: {bytes}\n")).unwrap_or_default()
}

/// HTTP/1.1. A server takes one request for each connection, so Envoy must not keep any for another one.
const HTTP1: &str = "          common_http_protocol_options: { max_requests_per_connection: 1 }
          explicit_http_config:
            http_protocol_options: { enable_trailers: true }
";

/// A line before the request says who its client is, where neither the request nor the extension can see it.
const PROXY_PROTOCOL: &str = r#"      transport_socket:
        name: envoy.transport_sockets.upstream_proxy_protocol
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
          config: { version: V1 }
          transport_socket:
            name: envoy.transport_sockets.raw_buffer
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer
"#;

const HTTP2: &str = "          explicit_http_config:
            http2_protocol_options: {}
";

fn cluster_yaml(name: &str, stat_name: &str, address: SocketAddr, protocol: &str, limit: &str) -> String {
    let (name, host, port) = (scalar(name), address.ip(), address.port());
    format!(
        r#"    - name: {name}
      alt_stat_name: {stat_name}
      type: STATIC
      connect_timeout: 5s
{limit}      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
{protocol}      load_assignment:
        cluster_name: {name}
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address: {{ address: "{host}", port_value: {port} }}
"#
    )
}

/// A YAML string: in single quotes where that shows it as it is, else escaped.
pub(super) fn scalar(text: &str) -> String {
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

    fn yaml(config: &Config) -> String {
        text(config, "127.0.0.1:8080".parse().unwrap())
    }

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
        let yaml = yaml(&Config::new("x.wasm").configuration(b"\xff\xfe"));
        assert!(yaml.contains("google.protobuf.BytesValue\n"), "{yaml}");
        assert!(yaml.contains("value: '//4='\n"), "{yaml}");
    }

    #[test]
    fn ports_and_limits_are_set_where_they_belong() {
        let config = Config::new("x.wasm").listener_port(10000).admin_port(9901).buffer_limit(42);
        let yaml = yaml(&config);
        let after = |key: &str| yaml.split_once(key).unwrap().1.to_owned();
        assert!(after("admin:").trim_start().contains("port_value: 9901"), "{yaml}");
        assert!(after("listeners:").contains("port_value: 10000"), "{yaml}");
        assert_eq!(yaml.matches("per_connection_buffer_limit_bytes: 42").count(), 2, "{yaml}");
    }

    #[test]
    fn a_cluster_has_its_name_and_statistics_of_a_plain_name() {
        let address = "127.0.0.1:7070".parse().unwrap();
        let yaml = yaml(&Config::new("x.wasm").cluster("a: b", address));
        assert!(yaml.contains("    - name: 'a: b'\n      alt_stat_name: callout_0\n"), "{yaml}");
        assert!(yaml.contains("port_value: 7070"), "{yaml}");
    }

    #[test]
    fn a_network_filter_is_in_front_of_a_tcp_proxy() {
        let yaml = yaml(&Config::new("x.wasm").tcp());
        let (filter, proxy) =
            (yaml.find("envoy.filters.network.wasm"), yaml.find("envoy.filters.network.tcp_proxy"));
        assert!(filter.is_some() && filter < proxy && !yaml.contains("http_filters"), "{yaml}");
    }

    #[test]
    fn several_workers_share_connections_evenly() {
        let config = Config::new("x.wasm");
        assert!(!yaml(&config).contains("exact_balance"));
        let yaml = yaml(&config.workers(2));
        assert!(yaml.contains("exact_balance") && yaml.contains("--concurrency 2"), "{yaml}");
    }
}
