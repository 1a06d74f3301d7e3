//! Requests through Envoy.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use super::callout::Cluster;
use super::event::{Event, Origin};
use super::exchange::Together;
use super::instance::{Instance, cannot_listen};
use super::upstream::Upstream;
use super::{Config, Error, Install};
use crate::cluster::Upstream as ClusterUpstream;
use crate::scenario::ORIGIN;
use crate::{Answer, Client, LogLine, Request, Response};

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
    // Dropped in this order: without Envoy, the connections of the origin end.
    pub(super) instance: Instance,
    pub(super) origin: Upstream,
    pub(super) events: Receiver<Event>,
    pub(super) event_sender: Sender<Event>,
    start_logs: Vec<LogLine>,
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
    pub(super) install: Option<Install>,
    pub(super) yaml: Option<PathBuf>,
    pub(super) folder: Option<PathBuf>,
    pub(super) clusters: Vec<Cluster>,
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
        let socket = Upstream::socket().map_err(cannot_listen)?;
        let address = socket.local_addr().map_err(cannot_listen)?;
        let instance = Instance::start(self, config, address)?;
        let (event_sender, events) = mpsc::channel();
        let origin = Origin::new(event_sender.clone());
        let identified = config.clients_identified;
        let origin =
            Upstream::serve(socket, ORIGIN, instance.admin(), origin, identified).map_err(cannot_listen)?;
        let start_logs = instance.root_logs.clone();
        Ok(Proxy { instance, origin, events, event_sender, start_logs })
    }

    /// Adds an upstream of callouts, by the name that the extension calls it: a server of its own on loopback. It is
    /// called on other threads.
    ///
    /// That one refuses connections cannot be said in an [`Answer`]: [`Config::cluster`] with a port where nothing listens
    /// is that.
    #[must_use]
    pub fn cluster(
        self,
        name: impl Into<String>,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.upstream(&name.into(), &ClusterUpstream::Http(Arc::new(answer)))
    }

    pub(super) fn upstream(mut self, name: &str, upstream: &ClusterUpstream) -> Self {
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
        &self.instance.root_logs
    }

    /// Where Envoy listens.
    pub fn address(&self) -> SocketAddr {
        self.instance.workers.listener
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
        let client = Client::new(request.clone()).on_worker(worker);
        let answer = |request: &Request| origin(request).map_or(Answer::Reset, Answer::Respond);
        self.exchange_together(&[client], answer).map(Together::into_only)
    }

    /// Ends the origin, and leaves the rest.
    pub(super) fn into_instance(self) -> Instance {
        self.instance
    }
}
