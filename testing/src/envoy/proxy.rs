//! Requests through Envoy.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::callout::Cluster;
use super::config::LISTENER;
use super::event::{Event, Origin};
use super::grpc::GrpcServer;
use super::journal::Record;
use super::process::Process;
use super::upstream::Upstream;
use super::worker::Workers;
use super::yaml::stat_name;
use super::{Config, Error, Install, addition, client, metric};
use crate::cluster::{Received, Upstream as ClusterUpstream};
use crate::scenario::ORIGIN;
use crate::{LogLine, Metric, Request, Response};

/// How long Envoy may take to end what belongs to a stream that is over.
const PATIENCE: Duration = Duration::from_secs(5);

/// An Envoy with an extension, between a client and an origin of this process.
///
/// All of it listens on loopback only and ends when this is dropped, also when a test fails; then
/// Envoy's configuration and log are kept, and the path is printed.
///
/// ```no_run
/// use waxwing_testing::envoy::{Config, Proxy};
/// use waxwing_testing::{Request, Response};
///
/// let mut proxy = Proxy::start(&Config::new("add_header.wasm"))?;
/// let observed = proxy.exchange(&Request::get("/"), |_| Some(Response::new(200)))?;
/// assert_eq!(observed.response.unwrap().status(), 200);
/// # Ok::<(), waxwing_testing::envoy::Error>(())
/// ```
#[derive(Debug)]
pub struct Proxy {
    // Dropped in this order: without Envoy, the connections of the servers end.
    process: Process,
    origin: Upstream,
    events: Receiver<Event>,
    event_sender: Sender<Event>,
    clusters: Vec<Cluster>,
    /// Those of clusters that serve HTTP.
    servers: Vec<Upstream>,
    /// Those of clusters that serve gRPC.
    _grpc_servers: Vec<GrpcServer>,
    workers: Workers,
    log_prefixes: [String; 3],
    start_logs: Vec<LogLine>,
    root_logs: Vec<LogLine>,
    trap: Option<String>,
}

/// What an exchange through Envoy looked like from outside.
///
/// What Envoy itself adds to messages is removed; `docs/envoy.md` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The request as it reached the origin, in part if Envoy broke it off; `None` if nothing did.
    pub forwarded: Option<Request>,
    /// The response as it reached the client; `None` if no whole response did.
    pub response: Option<Response>,
    /// What the extension logged for the stream, up to its end. What it logged outside of streams meanwhile is among
    /// [`Proxy::root_logs`].
    pub logs: Vec<LogLine>,
    /// Why the extension's VM failed, if it did, in Envoy's words.
    pub trap: Option<String>,
}

/// How to start a [`Proxy`] in another way than [`Proxy::start`].
#[derive(Clone, Debug, Default)]
pub struct Start {
    install: Option<Install>,
    yaml: Option<PathBuf>,
    folder: Option<PathBuf>,
    clusters: Vec<Cluster>,
}

impl Start {
    /// With the Envoy of [`Install::find_or_install`], and with no copy of the configuration.
    pub fn new() -> Self {
        Start::default()
    }

    /// Sets the Envoy to start.
    #[must_use]
    pub fn install(mut self, install: Install) -> Self {
        self.install = Some(install);
        self
    }

    /// Sets where to leave the `envoy.yaml` that is used, also if Envoy refuses it.
    #[must_use]
    pub fn keep_yaml(mut self, path: impl Into<PathBuf>) -> Self {
        self.yaml = Some(path.into());
        self
    }

    /// Sets in which folder Envoy's own one, with its configuration and log, is made, instead of the system's
    /// for temporary files.
    #[must_use]
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.folder = Some(path.into());
        self
    }

    /// Starts Envoy and waits until it serves.
    ///
    /// # Errors
    ///
    /// As [`Proxy::start`].
    pub fn start(&self, config: &Config) -> Result<Proxy, Error> {
        let install = match &self.install {
            Some(install) => install.clone(),
            None => Install::find_or_install()?,
        };
        let mut config = config.clone();
        let (origin_socket, origin_address) = socket()?;
        let mut sockets = Vec::new();
        let mut grpc_servers = Vec::new();
        for cluster in &self.clusters {
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
        let (yaml, folder) = (self.yaml.as_deref(), self.folder.as_deref());
        let mut process = Process::start(&install, &config, origin_address, yaml, folder)?;
        let admin = process.admin;
        let (event_sender, events) = mpsc::channel();
        let origin = Origin::new(event_sender.clone());
        let origin = Upstream::serve(origin_socket, ORIGIN, admin, origin).map_err(cannot_listen)?;
        let servers = sockets
            .into_iter()
            .map(|(socket, stat_name, cluster)| Upstream::serve(socket, stat_name, admin, cluster));
        let servers = servers.collect::<Result<Vec<_>, _>>().map_err(cannot_listen)?;
        let workers = Workers { listener: process.listener, admin, count: config.workers };
        // By then each has started the extension.
        workers.pass().map_err(|error| process.failure(&error.to_string()))?;
        let mut proxy = Proxy {
            process,
            origin,
            events,
            event_sender,
            clusters: self.clusters.clone(),
            servers,
            _grpc_servers: grpc_servers,
            workers,
            log_prefixes: config.log_prefixes(),
            start_logs: Vec::new(),
            root_logs: Vec::new(),
            trap: None,
        };
        proxy.take_logs()?;
        proxy.start_logs = proxy.root_logs.clone();
        Ok(proxy)
    }

    /// Adds an upstream of callouts.
    pub(super) fn cluster(mut self, name: &str, upstream: &ClusterUpstream) -> Self {
        self.clusters.push(Cluster::new(name.to_owned(), upstream.clone()));
        self
    }
}

impl Proxy {
    /// Starts the Envoy of [`Install::find_or_install`] and waits until it serves.
    ///
    /// # Errors
    ///
    /// If there is no Envoy, or if it refuses the extension or the configuration: then the text has Envoy's own words,
    /// such as the name of an import that it does not know, and what the extension logged.
    pub fn start(config: &Config) -> Result<Proxy, Error> {
        Start::new().start(config)
    }

    /// What the extension logged before the first stream.
    pub fn start_logs(&self) -> &[LogLine] {
        &self.start_logs
    }

    /// What the extension has logged outside of streams so far, from its start on.
    pub fn root_logs(&self) -> &[LogLine] {
        &self.root_logs
    }

    /// Where Envoy listens.
    pub fn address(&self) -> SocketAddr {
        self.process.listener
    }

    /// Sends a request through Envoy, on a connection of its own, and waits until its stream is over. The first worker
    /// takes it.
    ///
    /// `origin` answers the request that reaches the origin; with `None`, the origin closes the connection. It runs on this
    /// thread, so it may panic as an assertion does.
    ///
    /// # Errors
    ///
    /// If Envoy is silent for five seconds, as when the extension pauses a stream and nothing resumes it.
    pub fn exchange(
        &mut self,
        request: &Request,
        origin: impl FnMut(&Request) -> Option<Response>,
    ) -> Result<Observed, Error> {
        self.exchange_on(0, request, origin)
    }

    /// The same, on this worker; they are counted from 0.
    ///
    /// # Errors
    ///
    /// As [`exchange`](Proxy::exchange), and if there is no such worker.
    pub fn exchange_on(
        &mut self,
        worker: usize,
        request: &Request,
        mut origin: impl FnMut(&Request) -> Option<Response>,
    ) -> Result<Observed, Error> {
        // Left over if the last exchange ended by a panic.
        self.events.try_iter().for_each(drop);
        self.take_logs()?;
        let earlier_trap = self.trap.take();
        let stream = self.workers.connect(worker)?;
        let admin = self.process.admin;
        let mut forwarded = None;
        let mut answered = None;
        let result = thread::scope(|scope| {
            let events = self.event_sender.clone();
            scope.spawn(move || events.send(Event::Answered(client::exchange(&stream, admin, request))));
            loop {
                match self.events.recv() {
                    Ok(Event::Arrived { request: mut arrived, reply }) => {
                        addition::remove_from_request(&mut arrived, request);
                        let answer = origin(&arrived);
                        // An error means that Envoy has closed the connection meanwhile.
                        let _ = reply.send(answer.clone());
                        (forwarded, answered) = (Some(arrived), answer);
                    }
                    Ok(Event::BrokeOff(mut part)) => {
                        addition::remove_from_request(&mut part, request);
                        forwarded = Some(part);
                    }
                    Ok(Event::Answered(result)) => return result,
                    Err(mpsc::RecvError) => unreachable!("this thread has a sender itself"),
                }
            }
        });
        self.resume_panic();
        let ended = match result {
            Ok(response) => self.await_end().map(|()| response),
            Err(error) => Err(silent(&error)),
        };
        let mut response = ended.map_err(|error| self.process.failure(&error.to_string()))?;
        while let Ok(event) = self.events.try_recv() {
            if let Event::BrokeOff(mut part) = event {
                addition::remove_from_request(&mut part, request);
                forwarded = Some(part);
            }
        }
        if let Some(response) = &mut response {
            addition::remove_from_response(response, answered.as_ref());
        }
        let logs = self.take_logs()?;
        let trap = std::mem::replace(&mut self.trap, earlier_trap);
        self.trap = self.trap.take().or_else(|| trap.clone());
        Ok(Observed { forwarded, response, logs, trap })
    }

    /// Waits until no callout is under way, and what came of the last has been dealt with.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        if self.clusters.is_empty() {
            return Ok(());
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

    /// Why the extension's VM failed, if it ever did.
    pub(super) fn trap(&self) -> Option<&str> {
        self.trap.as_deref()
    }

    /// A metric of the extension, by the name that it was defined with.
    pub(super) fn metric(&self, name: &str) -> Result<Option<Metric>, Error> {
        metric::metric(&self.workers, name)
    }

    /// Takes the new lines: those of streams are the answer.
    fn take_logs(&mut self) -> Result<Vec<LogLine>, Error> {
        let records = self.process.journal.take()?;
        let main_thread = self.process.main_thread();
        self.trap = self.trap.take().or_else(|| trap(&records));
        let mut of_streams = Vec::new();
        // Envoy starts the extension on its main thread as well, to try it and once more for good, but serves no stream
        // there.
        for record in records.iter().filter(|record| record.thread != main_thread) {
            if let Some((line, of_stream)) = record.extension_line(&self.log_prefixes) {
                if of_stream { of_streams.push(line) } else { self.root_logs.push(line) }
            }
        }
        Ok(of_streams)
    }

    fn resume_panic(&self) {
        self.clusters.iter().for_each(Cluster::resume_panic);
    }

    /// Waits until all callbacks of the stream have run and the origin knows what came of its request.
    fn await_end(&self) -> Result<(), Error> {
        let admin = self.process.admin;
        admin.await_stat(&format!("http.{LISTENER}.downstream_rq_active"), PATIENCE, |active| active == 0)?;
        admin.await_stat(&format!("http.{LISTENER}.downstream_cx_active"), PATIENCE, |active| active == 0)?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.origin.is_at_rest(admin)? {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(Error::new(format!("Envoy's connections to the origin did not come to rest within {PATIENCE:?}")))
    }
}

fn trap(records: &[Record]) -> Option<String> {
    let record =
        records.iter().find(|record| record.logger == "wasm" && record.message.starts_with("Function: "))?;
    Some(record.message.clone())
}

fn silent(error: &std::io::Error) -> Error {
    Error::new(format!(
        "no response within five seconds ({error}); has the extension paused the stream, and nothing resumes it?"
    ))
}

fn socket() -> Result<(TcpListener, SocketAddr), Error> {
    let socket = Upstream::socket().map_err(cannot_listen)?;
    let address = socket.local_addr().map_err(cannot_listen)?;
    Ok((socket, address))
}

fn cannot_listen(error: std::io::Error) -> Error {
    Error::new(format!("cannot listen on loopback: {error}"))
}
