//! A running Envoy with all that a scenario has besides its clients and their upstream.

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use super::admin::Admin;
use super::callout::Cluster;
use super::config::{LISTENER, SIDE_DOOR};
use super::grpc::GrpcServer;
use super::process::Process;
use super::upstream::Upstream;
use super::worker::Workers;
use super::yaml::stat_name;
use super::{Config, Error, Install, Start, metric};
use crate::cluster::Received;
use crate::{LogLine, Metric};

/// How long callouts may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// An Envoy with an extension, the servers of its callouts, and what the extension logs.
#[derive(Debug)]
pub(super) struct Instance {
    // Dropped in this order: without Envoy, the connections of the servers end.
    process: Process,
    clusters: Vec<Cluster>,
    /// Those of clusters that serve HTTP.
    servers: Vec<Upstream>,
    /// Those of clusters that serve gRPC.
    _grpc_servers: Vec<GrpcServer>,
    pub(super) workers: Workers,
    log_prefixes: [String; 3],
    /// What was logged outside of streams.
    pub(super) root_logs: Vec<LogLine>,
    /// Why the extension's VMs failed, in order.
    pub(super) traps: Vec<String>,
}

impl Instance {
    /// Starts the servers and Envoy, and waits until each of its workers has started the extension.
    pub(super) fn start(start: &Start, config: &Config, origin: SocketAddr) -> Result<Instance, Error> {
        let install = match &start.install {
            Some(install) => install.clone(),
            None => Install::find_or_install()?,
        };
        let mut config = config.clone();
        let mut sockets = Vec::new();
        let mut grpc_servers = Vec::new();
        for cluster in &start.clusters {
            if cluster.is_grpc() {
                let (server, address) = GrpcServer::serve(cluster.clone()).map_err(cannot_listen)?;
                grpc_servers.push(server);
                config = config.grpc_cluster(&cluster.name, address);
            } else if let Some(address) = cluster.refusing_address() {
                config = config.cluster(&cluster.name, address);
            } else {
                let (socket, address) = socket()?;
                sockets.push((socket, stat_name(config.clusters.len()), cluster.clone()));
                config = config.cluster(&cluster.name, address);
            }
        }
        let (yaml, folder) = (start.yaml.as_deref(), start.folder.as_deref());
        let mut process = Process::start(&install, &config, origin, yaml, folder)?;
        let admin = process.admin;
        let servers = sockets
            .into_iter()
            .map(|(socket, stat_name, cluster)| Upstream::serve(socket, stat_name, admin, cluster, false));
        let servers = servers.collect::<Result<Vec<_>, _>>().map_err(cannot_listen)?;
        let side_door = match config.tcp {
            true => (admin.listener(SIDE_DOOR)?, SIDE_DOOR),
            false => (process.listener, LISTENER),
        };
        let workers = Workers { listener: process.listener, side_door, admin, count: config.workers };
        // By then each has started the extension.
        workers.pass().map_err(|error| process.failure(&error.to_string()))?;
        let mut instance = Instance {
            process,
            clusters: start.clusters.clone(),
            servers,
            _grpc_servers: grpc_servers,
            workers,
            log_prefixes: config.log_prefixes(),
            root_logs: Vec::new(),
            traps: Vec::new(),
        };
        instance.take_logs()?;
        Ok(instance)
    }

    pub(super) fn admin(&self) -> Admin {
        self.process.admin
    }

    /// An error with what Envoy and the extension logged last.
    pub(super) fn failure(&mut self, problem: &str) -> Error {
        self.process.failure(problem)
    }

    /// Gives the extension another configuration, and waits until each worker has it, unless Envoy has refused it.
    pub(super) fn reconfigure(&mut self, configuration: &[u8]) -> Result<bool, Error> {
        let taken = self.process.reconfigure(configuration);
        let taken = taken.map_err(|error| self.process.failure(&error.to_string()))?;
        // The workers are told one after the other, and tell each other when nobody needs the old one any more.
        self.process.admin.await_quiet()?;
        self.workers.pass()?;
        Ok(taken)
    }

    /// Waits until no callout is under way, and what came of the last has been dealt with.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        if self.clusters.is_empty() {
            return self.take_logs().map(drop);
        }
        let deadline = Instant::now() + PATIENCE;
        let mut settled = None;
        while Instant::now() < deadline {
            self.resume_panic();
            let sent = self.idle_callouts()?;
            if sent.is_some() && sent == settled {
                self.take_logs()?;
                return Ok(());
            }
            if sent.is_some() {
                // An answer may still be on its way to the extension, which may call out again.
                self.workers.pass()?;
            } else {
                thread::sleep(Duration::from_millis(1));
            }
            settled = sent;
        }
        Err(self.process.failure(&format!("callouts were still under way after {PATIENCE:?}")))
    }

    /// How much there was of callouts, if none is under way. A gRPC call whose server waits for the extension is not.
    fn idle_callouts(&self) -> Result<Option<u64>, Error> {
        let admin = self.process.admin;
        let mut sent = 0;
        for (index, cluster) in self.clusters.iter().enumerate() {
            let stat = |name| admin.stat(&format!("cluster.{}.{name}", stat_name(index)));
            if stat("upstream_rq_active")? + stat("upstream_rq_pending_active")? > cluster.waiting() {
                return Ok(None);
            }
            sent += stat("upstream_rq_total")? + stat("upstream_cx_connect_fail")?;
            sent += stat("upstream_cx_tx_bytes_total")? + stat("upstream_cx_rx_bytes_total")?;
        }
        for server in &self.servers {
            if !server.is_at_rest(admin)? {
                return Ok(None);
            }
        }
        Ok(Some(sent))
    }

    /// What each cluster has received.
    pub(super) fn callouts(&self) -> Vec<(String, Received)> {
        self.clusters.iter().map(|cluster| (cluster.name.clone(), cluster.received())).collect()
    }

    /// A metric of the extension, by the name that it was defined with.
    pub(super) fn metric(&self, name: &str) -> Result<Option<Metric>, Error> {
        metric::metric(&self.workers, name)
    }

    /// Takes the new lines: those of streams are the answer.
    pub(super) fn take_logs(&mut self) -> Result<Vec<LogLine>, Error> {
        let records = self.process.journal.take()?;
        let main_thread = self.process.main_thread();
        let mut of_streams = Vec::new();
        // Envoy starts the extension on its main thread as well, to try it and once more for good, but serves no stream
        // there.
        for record in records.iter().filter(|record| record.thread != main_thread) {
            self.traps.extend(record.trap());
            if let Some((line, of_stream)) = record.extension_line(&self.log_prefixes) {
                if of_stream { of_streams.push(line) } else { self.root_logs.push(line) }
            }
        }
        Ok(of_streams)
    }

    /// Goes on with the panic of a closure of the test's.
    pub(super) fn resume_panic(&self) {
        self.clusters.iter().for_each(Cluster::resume_panic);
    }
}

fn socket() -> Result<(TcpListener, SocketAddr), Error> {
    let socket = Upstream::socket().map_err(cannot_listen)?;
    let address = socket.local_addr().map_err(cannot_listen)?;
    Ok((socket, address))
}

pub(super) fn cannot_listen(error: std::io::Error) -> Error {
    Error::new(format!("cannot listen on loopback: {error}"))
}
