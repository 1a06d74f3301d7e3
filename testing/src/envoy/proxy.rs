//! Requests through Envoy.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::config::{LISTENER, ORIGIN};
use super::event::Event;
use super::journal::Record;
use super::origin::Origin;
use super::process::Process;
use super::{Config, Error, Install, addition, client};
use crate::{LogLine, Request, Response};

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
    // Dropped in this order: without Envoy, the origin's connections end.
    process: Process,
    origin: Origin,
    events: Receiver<Event>,
    event_sender: Sender<Event>,
    log_prefixes: [String; 3],
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
    /// What the extension logged meanwhile, up to the end of the stream.
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
        let socket = Origin::socket().map_err(cannot_listen)?;
        let address = socket.local_addr().map_err(cannot_listen)?;
        let mut process =
            Process::start(&install, config, address, self.yaml.as_deref(), self.folder.as_deref())?;
        let (event_sender, events) = mpsc::channel();
        let origin = Origin::serve(socket, process.admin, event_sender.clone()).map_err(cannot_listen)?;
        let log_prefixes = config.log_prefixes();
        await_worker(&process)?;
        let records = process.journal.take()?;
        let start_logs = extension_lines(&records, process.main_thread(), &log_prefixes);
        Ok(Proxy { process, origin, events, event_sender, log_prefixes, start_logs })
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

    /// Where Envoy listens.
    pub fn address(&self) -> SocketAddr {
        self.process.listener
    }

    /// Sends a request through Envoy, on a connection of its own, and waits until its stream is over.
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
        mut origin: impl FnMut(&Request) -> Option<Response>,
    ) -> Result<Observed, Error> {
        let (listener, admin) = (self.process.listener, self.process.admin);
        // Left over if the last exchange ended by a panic.
        self.events.try_iter().for_each(drop);
        self.process.journal.take()?;
        let mut forwarded = None;
        let mut answered = None;
        let result = thread::scope(|scope| {
            let events = self.event_sender.clone();
            scope.spawn(move || events.send(Event::Answered(client::exchange(listener, admin, request))));
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
        let records = self.process.journal.take()?;
        let logs = extension_lines(&records, self.process.main_thread(), &self.log_prefixes);
        Ok(Observed { forwarded, response, logs, trap: trap(&records) })
    }

    /// Waits until all callbacks of the stream have run and the origin knows what came of its request.
    fn await_end(&self) -> Result<(), Error> {
        let admin = self.process.admin;
        admin.await_stat(&format!("http.{LISTENER}.downstream_rq_active"), PATIENCE, |active| active == 0)?;
        admin.await_stat(&format!("http.{LISTENER}.downstream_cx_active"), PATIENCE, |active| active == 0)?;
        // Every connection is over for both sides, or idle.
        let cluster = |name| admin.stat(&format!("cluster.{ORIGIN}.{name}"));
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let (opened, failed) = (cluster("upstream_cx_total")?, cluster("upstream_cx_connect_fail")?);
            let idle = cluster("upstream_cx_active")?;
            if self.origin.busy() == 0 && self.origin.closed() + idle == opened - failed {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(Error::new(format!("Envoy's connections to the origin did not come to rest within {PATIENCE:?}")))
    }
}

/// Waits until Envoy's worker has taken a connection; it has started the extension by then.
fn await_worker(process: &Process) -> Result<(), Error> {
    let probe = std::net::TcpStream::connect_timeout(&process.listener, PATIENCE);
    let probe = probe.map_err(|error| Error::new(format!("Envoy does not listen: {error}")))?;
    let count = format!("http.{LISTENER}.downstream_cx_total");
    process.admin.await_stat(&count, PATIENCE, |connections| connections > 0)?;
    drop(probe);
    let count = format!("http.{LISTENER}.downstream_cx_active");
    process.admin.await_stat(&count, PATIENCE, |connections| connections == 0)
}

/// The extension's lines, without those of the main thread.
///
/// Envoy starts the extension there as well, to try it and once more for good, but serves no stream there.
fn extension_lines(records: &[Record], main_thread: u32, prefixes: &[String]) -> Vec<LogLine> {
    let of_worker = records.iter().filter(|record| record.thread != main_thread);
    of_worker.filter_map(|record| record.extension_line(prefixes)).collect()
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

fn cannot_listen(error: std::io::Error) -> Error {
    Error::new(format!("cannot listen on loopback: {error}"))
}
