//! The configuration that Envoy is started with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::yaml;
use crate::route::Route;
use crate::{FailurePolicy, LogLevel};

/// An Envoy with one listener, one extension and one upstream, and with the upstreams of its callouts.
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
    pub(super) wasm: PathBuf,
    pub(super) name: String,
    pub(super) root_id: String,
    pub(super) vm_id: String,
    pub(super) configuration: Option<Vec<u8>>,
    pub(super) vm_configuration: Option<Vec<u8>>,
    pub(super) failure_policy: FailurePolicy,
    pub(super) buffer_limit: Option<u32>,
    pub(super) allow_on_headers_stop_iteration: bool,
    pub(super) workers: usize,
    /// Whether the extension is in the way of connections, and not of requests.
    pub(super) tcp: bool,
    pub(super) log_level: LogLevel,
    pub(super) listener_port: u16,
    pub(super) admin_port: u16,
    pub(super) clusters: Vec<Cluster>,
    pub(super) routes: Vec<Route>,
    /// Where the extension's configuration is in a file of its own, so that it can be replaced.
    pub(super) extension_file: Option<PathBuf>,
    /// Whether it is to be.
    pub(super) reconfigurable: bool,
    /// Whether the upstream is told which client a connection is for.
    pub(super) clients_identified: bool,
}

/// An upstream of callouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cluster {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    /// Whether it speaks HTTP/2, as gRPC needs.
    pub(super) http2: bool,
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
            allow_on_headers_stop_iteration: false,
            workers: 1,
            tcp: false,
            log_level: LogLevel::Trace,
            listener_port: 0,
            admin_port: 0,
            clusters: Vec::new(),
            routes: Vec::new(),
            extension_file: None,
            reconfigurable: false,
            clients_identified: false,
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

    /// Lets a pause of a headers callback hold back the headers alone, as the plugin's option of that name says it.
    #[must_use]
    pub fn allow_on_headers_stop_iteration(mut self) -> Self {
        self.allow_on_headers_stop_iteration = true;
        self
    }

    /// Sets how many workers Envoy has, each with a VM of its own; 1 if it is not set.
    ///
    /// With more than one, Envoy gives a new connection to the worker that has the fewest.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Puts the extension in the way of TCP connections, as a network filter in front of a TCP proxy.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    pub(super) fn routes(mut self, routes: &[Route]) -> Self {
        self.routes = routes.to_vec();
        self
    }

    /// Puts the extension's configuration into a file of its own, which can be replaced.
    pub(super) fn reconfigurable(mut self) -> Self {
        self.reconfigurable = true;
        self
    }

    /// Has Envoy tell the upstream, in front of each request, from which port its client has connected.
    pub(super) fn identify_clients(mut self) -> Self {
        self.clients_identified = true;
        self
    }

    /// Adds an upstream of callouts at this address, which speaks HTTP/1.1.
    #[must_use]
    pub fn cluster(mut self, name: impl Into<String>, address: SocketAddr) -> Self {
        self.clusters.push(Cluster { name: name.into(), address, http2: false });
        self
    }

    /// Adds an upstream of gRPC calls at this address, which speaks HTTP/2 without TLS.
    #[must_use]
    pub fn grpc_cluster(mut self, name: impl Into<String>, address: SocketAddr) -> Self {
        self.clusters.push(Cluster { name: name.into(), address, http2: true });
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
    ///
    /// Without a name, those of streams are not different.
    pub(super) fn log_prefixes(&self) -> [String; 3] {
        let Config { name, root_id, vm_id, .. } = self;
        [&[name, root_id, vm_id][..], &[root_id, vm_id], &[vm_id]].map(|parts| {
            let named = parts.iter().filter(|part| !part.is_empty()).map(|part| format!(" {part}"));
            format!("wasm log{}: ", named.collect::<String>())
        })
    }

    /// This configuration as the text of an `envoy.yaml` with this upstream.
    pub fn to_yaml(&self, origin: SocketAddr) -> String {
        yaml::text(self, origin)
    }
}

/// The name of the listener, by which Envoy also labels its statistics.
pub(super) const LISTENER: &str = "waxwing";

/// The name of a second listener, if the extension is in the way of connections: one without it.
pub(super) const SIDE_DOOR: &str = "waxwing_side_door";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_prefixes_leave_out_what_is_empty() {
        let config = Config::new("dir/tag.wasm").vm_id("v");
        assert_eq!(config.log_prefixes(), ["wasm log tag v: ", "wasm log v: ", "wasm log v: "]);
        let config = config.root_id("r");
        assert_eq!(config.log_prefixes(), ["wasm log tag r v: ", "wasm log r v: ", "wasm log v: "]);
    }
}
