//! A scenario on the host model, whatever comes of it.

use crate::builder::HostBuilder;
use crate::cluster::{Received, Upstream};
use crate::connection::TcpConnection;
use crate::host::Host;
use crate::log::Logs;
use crate::run::Run;
use crate::scenario::Scenario;
use crate::start_error::StartError;
use crate::step::Step;
use crate::stream::HttpStream;
use crate::tcp_runner;
use crate::timeline::Timeline;
use crate::{Answer, GrpcUpstream, cluster, http_runner};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// A run of a scenario that ends early if something goes wrong, and keeps what there was until then.
///
/// Nothing in it panics but the closures of the test. [`Runner::run`](crate::Runner::run) panics with what it says, and an
/// exploration goes on with the next run.
#[derive(Default)]
pub(crate) struct Attempt {
    host: Option<Host>,
    callouts: Rc<Callouts>,
    /// Each with what it is, for people.
    streams: Vec<(String, HttpStream)>,
    connections: Vec<TcpConnection>,
    /// The exchanges so far.
    run: Run,
}

/// What ended an attempt before its time.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The extension did not start.
    Refused(Box<StartError>),
    /// Something does not happen that has to, and nothing is pending that could lead to it.
    Hang(Hang),
    /// The same, because the extension has closed the connection.
    Closed(Hang),
    /// Something made the test fail.
    Failed(String),
    /// This callout will never end.
    Unanswered(String),
}

/// What does not go on.
#[derive(Debug)]
pub(crate) struct Hang {
    pub(crate) why: String,
    /// All that is known of it.
    pub(crate) evidence: String,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Refused(error) => error.fmt(f),
            Stop::Hang(hang) | Stop::Closed(hang) => hang.fmt(f),
            Stop::Failed(problem) => f.write_str(problem),
            Stop::Unanswered(callout) => write!(
                f,
                "callouts were still under way, and neither an answer nor a timeout will end this one: {callout}"
            ),
        }
    }
}

impl fmt::Display for Hang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.why, self.evidence)
    }
}

impl Attempt {
    /// Runs the scenario on the host that this builder makes, until its streams and callouts are over.
    ///
    /// # Errors
    ///
    /// If something ends it before. The rest of the scenario has not been run then.
    pub(crate) fn play(&mut self, builder: HostBuilder, scenario: &Scenario) -> Result<(), Stop> {
        self.play_after(builder, scenario, |_| Ok(()))
    }

    /// The same, after something else, which may fail.
    pub(crate) fn play_after(
        &mut self,
        builder: HostBuilder,
        scenario: &Scenario,
        before: impl FnOnce(&Host) -> Result<(), String>,
    ) -> Result<(), Stop> {
        self.callouts = Rc::new(Callouts::of(scenario));
        let (host, started) = prepared(builder, scenario, &self.callouts).launch();
        host.process().set_watched(true);
        self.host = Some(host.clone());
        started.map_err(|error| Stop::Refused(Box::new(error)))?;
        check(&host)?;
        before(&host).map_err(Stop::Failed)?;
        for step in scenario.steps() {
            self.step(&host, step)?;
            check(&host)?;
        }
        finish_callouts(&host)
    }

    fn step(&mut self, host: &Host, step: &Step) -> Result<(), Stop> {
        match step {
            Step::Request { worker, request } => {
                let stream = host.worker(*worker).begin_answered();
                let name = request.line();
                self.streams.push((name, stream.clone()));
                stream.send_request(request);
                self.run.exchanges.push(stream.try_finish()?);
            }
            Step::Together(clients) => {
                let exchanges = http_runner::play(host, clients, |client, stream| {
                    let request = client.request();
                    let name = request.line();
                    self.streams.push((name, stream.clone()));
                })?;
                self.run.add_together(exchanges, None);
            }
            Step::Connection(script) => {
                let connection = host.connect();
                self.connections.push(connection.clone());
                self.run.connections.push(tcp_runner::play(host, &connection, script)?);
            }
            Step::Reconfigure(config) => {
                // A refusal is seen in what is served.
                let _ = host.reconfigure(config.as_slice());
            }
            Step::Wait(time) => host.clock().advance(*time),
        }
        Ok(())
    }

    /// The host; there is none before [`play`](Attempt::play).
    pub(crate) fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    /// What there was until now.
    pub(crate) fn run(&self, scenario: &Scenario) -> Run {
        let Some(host) = &self.host else { return Run::default() };
        let Run { received, logs, metrics, .. } = self.callouts.run(host, scenario);
        Run { received, logs, metrics, ..self.run.clone() }
    }

    /// What happened in each context, those that have not ended among them: streams and connections first, in the order in
    /// which they began, each with a name for people.
    pub(crate) fn timelines(&self) -> Vec<(String, Timeline)> {
        let streams = self
            .streams
            .iter()
            .map(|(name, stream)| (format!("stream #{}, {name}", stream.context()), stream.timeline()));
        let connections =
            self.connections.iter().map(|tcp| (format!("connection #{}", tcp.context()), tcp.timeline()));
        streams.chain(connections).chain(self.host.iter().flat_map(root_timelines)).collect()
    }
}

/// What happened in the root contexts, each with a name for people.
pub(crate) fn root_timelines(host: &Host) -> impl Iterator<Item = (String, Timeline)> {
    let workers = host.started_workers();
    workers.map(|worker| (format!("root context of worker {}", worker.index()), worker.timeline()))
}

/// Fails if something made the test fail.
fn check(host: &Host) -> Result<(), Stop> {
    host.process().failure().map_or(Ok(()), |problem| Err(Stop::Failed(problem)))
}

/// Lets time pass until no callout is under way: what comes of those that a stream left behind belongs to the run.
fn finish_callouts(host: &Host) -> Result<(), Stop> {
    let process = host.process();
    process.wait(|| process.open_callouts().is_empty());
    check(host)?;
    match process.open_callouts().into_iter().next() {
        Some(callout) => Err(Stop::Unanswered(callout)),
        None => Ok(()),
    }
}

/// A host as the scenario wants it.
pub(crate) fn prepared(
    mut builder: HostBuilder,
    scenario: &Scenario,
    callouts: &Rc<Callouts>,
) -> HostBuilder {
    let upstream = scenario.upstream();
    let (plugin_name, root_id, vm_id) = scenario.ids();
    builder = builder
        .config(scenario.configuration())
        .vm_config(scenario.vm_configuration())
        .workers(scenario.worker_count())
        .root_id(root_id)
        .vm_id(vm_id)
        .failure_policy(scenario.policy_after_trap())
        .strictness(scenario.strictness())
        .routes(scenario.routes())
        .expressions(scenario.expressions())
        .origin(move |request| upstream(request));
    if let Some(name) = plugin_name {
        builder = builder.plugin_name(name);
    }
    if let Some(bytes) = scenario.body_limit() {
        builder = builder.buffer_limit(bytes);
    }
    if let Some(level) = scenario.host_log_level() {
        builder = builder.log_level(level);
    }
    builder = builder.profile(scenario.host_profile());
    if scenario.headers_stop_alone() {
        builder = builder.allow_on_headers_stop_iteration();
    }
    for (index, (name, upstream)) in scenario.clusters().iter().enumerate() {
        builder = match upstream.clone() {
            Upstream::Http(answer) => {
                let (callouts, of) = (callouts.clone(), name.clone());
                builder.cluster(name, move |request| {
                    callouts.0.borrow_mut()[index].1.requests.push(request.clone());
                    let answer = answer(request);
                    cluster::check_answer(&of, &answer);
                    answer
                })
            }
            Upstream::Grpc(answer) => builder.grpc_cluster(name, move |call| answer(call)),
            Upstream::Refusing => {
                let grpc = GrpcUpstream::grpc(name);
                grpc.set_refusing(true);
                builder.cluster(name, |_| Answer::Refuse).grpc_upstream(&grpc)
            }
        };
    }
    builder
}

/// What the upstreams of callouts have received, by cluster.
#[derive(Default)]
pub(crate) struct Callouts(RefCell<Vec<(String, Received)>>);

impl Callouts {
    pub(crate) fn of(scenario: &Scenario) -> Callouts {
        let names = scenario.clusters().iter().map(|(name, _)| (name.clone(), Received::default()));
        Callouts(RefCell::new(names.collect()))
    }

    /// A run so far, but for its exchanges.
    pub(crate) fn run(&self, host: &Host, scenario: &Scenario) -> Run {
        let mut received = self.0.borrow().clone();
        for (name, received) in &mut received {
            let grpc = host.process().grpc_upstreams.get(name);
            received.calls = grpc.map(|grpc| grpc.calls()).unwrap_or_default();
        }
        let metrics = scenario.metrics().iter().map(|name| (name.clone(), host.metric(name))).collect();
        Run { received, logs: Logs::new(host.root_logs()), metrics, ..Run::default() }
    }
}
