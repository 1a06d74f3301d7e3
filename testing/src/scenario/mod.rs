//! One test, on several hosts.

mod changing;
mod reading;
mod steps;
mod strict;
mod upstreams;

use crate::attribute::AttributeValue;
use crate::cluster::Upstream;
use crate::config::IntoConfig;
use crate::misuse::Strictness;
use crate::profile::Profile;
use crate::route::Route;
use crate::run::Run;
use crate::runner::Runner;
use crate::step::Step;
use crate::{Answer, Request, difference, failure};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use waxwing::LogLevel;
use waxwing::attributes::Kind;

/// What becomes of streams when the VM has trapped. A VM belongs to a worker; those of other workers live on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FailurePolicy {
    /// They are answered with 503, or reset if their response has begun. Envoy's default.
    #[default]
    Closed,
    /// New ones go on as if the extension was not there. Those that were open fail all the same.
    Open,
    /// They fail as with [`Closed`](FailurePolicy::Closed), until one begins when this much time has passed since the VM was
    /// loaded: it gets a new VM, and so do those behind it. See [`Worker::restart`](crate::Worker::restart).
    ///
    /// Envoy's own time is 1 second. It takes up to half more, at random; the model takes just this.
    Reload(Duration),
}

/// Requests to an extension with a configuration, and its upstreams: a value that any host can run.
///
/// ```no_run
/// use waxwing_testing::{Native, Request, Response, Runner, Scenario, json};
/// # fn run<E: waxwing::Module>() {
///
/// let scenario = Scenario::new("adds the header")
///     .config(json!({ "name": "x-tag", "value": "blue" }))
///     .request(Request::get("/cart"))
///     .request(Request::post("/cart").body("apples"))
///     .origin(|request| Response::new(200).body(request.path()));
///
/// let run = Native::<E>::new().run(&scenario);
/// run[0].response().assert_header("x-tag", "blue");
/// # }
/// ```
///
/// One with an upstream of callouts, in which time passes:
///
/// ```no_run
/// use std::time::Duration;
/// use waxwing_testing::{Answer, Native, Request, Response, Runner, Scenario};
/// # fn run<E: waxwing::Module>() {
///
/// let scenario = Scenario::new("asks again when its answer is old")
///     .cluster("authz", |_| Answer::from(Response::new(200)).after(Duration::from_millis(5)))
///     .request(Request::get("/"))
///     .wait(Duration::from_millis(50))
///     .request(Request::get("/"));
///
/// let run = Native::<E>::new().run(&scenario);
/// assert_eq!(run.callouts("authz").len(), 2);
/// # }
/// ```
#[derive(Clone)]
pub struct Scenario {
    name: String,
    config: Vec<u8>,
    vm_config: Vec<u8>,
    plugin_name: Option<String>,
    root_id: String,
    vm_id: String,
    failure_policy: FailurePolicy,
    strictness: Strictness,
    buffer_limit: Option<usize>,
    log_level: Option<LogLevel>,
    allow_on_headers_stop_iteration: bool,
    profile: Profile,
    workers: usize,
    expected_traps: Vec<String>,
    steps: Vec<Step>,
    origin: Arc<dyn Fn(&Request) -> Answer + Send + Sync>,
    clusters: Vec<(String, Upstream)>,
    metrics: Vec<String>,
    routes: Vec<Route>,
    listed_difference: Option<String>,
    expressions: Vec<(String, Vec<u8>)>,
}

impl Scenario {
    /// A scenario of that name, with one worker, without configuration and requests, failing closed, whose
    /// upstream [echoes](crate::echo).
    pub fn new(name: impl Into<String>) -> Self {
        Scenario {
            name: name.into(),
            config: Vec::new(),
            vm_config: Vec::new(),
            plugin_name: None,
            root_id: String::new(),
            vm_id: String::new(),
            failure_policy: FailurePolicy::Closed,
            strictness: Strictness { fails: false, allowed: Vec::new() },
            buffer_limit: None,
            log_level: None,
            allow_on_headers_stop_iteration: false,
            profile: Profile::ENVOY,
            workers: 1,
            expected_traps: Vec::new(),
            steps: Vec::new(),
            origin: Arc::new(|request| crate::echo(request).into()),
            clusters: Vec::new(),
            metrics: Vec::new(),
            routes: Vec::new(),
            listed_difference: None,
            expressions: Vec::new(),
        }
    }

    /// Says that hosts differ here, and that it is known: `listed` is how `docs/fidelity.md` calls the difference. Then
    /// `on_every_host` fails if they agree after all.
    #[must_use]
    pub fn differs(mut self, listed: impl Into<String>) -> Self {
        self.listed_difference = Some(listed.into());
        self
    }

    /// Sets the configuration of the plugin.
    #[must_use]
    pub fn config(mut self, config: impl IntoConfig) -> Self {
        self.config = config.into_config();
        self
    }

    /// Sets the configuration of the VM, which all plugins in a VM share.
    #[must_use]
    pub fn vm_config(mut self, config: impl IntoConfig) -> Self {
        self.vm_config = config.into_config();
        self
    }

    /// Sets the name of the plugin. Without it, each host has one of its own.
    #[must_use]
    pub fn plugin_name(mut self, name: impl Into<String>) -> Self {
        self.plugin_name = Some(name.into());
        self
    }

    /// Sets the root id, which chooses among the extensions of a module; empty by default.
    #[must_use]
    pub fn root_id(mut self, root_id: impl Into<String>) -> Self {
        self.root_id = root_id.into();
        self
    }

    /// Sets the id under which VMs share data and queues; empty by default.
    #[must_use]
    pub fn vm_id(mut self, vm_id: impl Into<String>) -> Self {
        self.vm_id = vm_id.into();
        self
    }

    /// Lets new streams go on without the extension after a trap.
    #[must_use]
    pub fn fail_open(self) -> Self {
        self.failure_policy(FailurePolicy::Open)
    }

    /// Sets what becomes of streams after a trap.
    #[must_use]
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Self {
        self.failure_policy = policy;
        self
    }

    /// Sets how many bytes of a body the host holds back for a stream, 1 MiB by default.
    ///
    /// Envoy also reads at most that much at once, so that a small limit cuts bodies into small pieces there.
    #[must_use]
    pub fn buffer_limit(mut self, bytes: usize) -> Self {
        self.buffer_limit = Some(bytes);
        self
    }

    /// Sets the level below which the host drops log lines, and which it answers when it is asked. Without it, none is
    /// dropped.
    #[must_use]
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log_level = Some(level);
        self
    }

    /// Says that it is for another host than Envoy, which the model is then; see
    /// [`HostBuilder::profile`](crate::HostBuilder::profile). A real Envoy refuses such a scenario.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Lets a pause of a headers callback hold back the headers alone, as Envoy's option of that name does: the callbacks
    /// of the body come all the same, and the first that continues releases both.
    #[must_use]
    pub fn allow_on_headers_stop_iteration(mut self) -> Self {
        self.allow_on_headers_stop_iteration = true;
        self
    }

    /// Sets how many workers the proxy has, each with a VM of its own; 1 by default.
    ///
    /// A [`request`](Scenario::request) goes to the first, and [`request_to`](Scenario::request_to) to any. The log
    /// lines of several root contexts come in any order.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    #[track_caller]
    pub fn workers(mut self, workers: usize) -> Self {
        assert!(workers > 0, "scenario {:?}: a proxy has at least one worker", self.name);
        self.workers = workers;
        self
    }

    /// Says that the extension traps, with `text` in its message. A trap that was not said makes a run fail,
    /// and so does one that was and does not come. Where VMs are [reloaded](FailurePolicy::Reload) or there are several workers,
    /// there can be several traps; each is said, worker by worker.
    ///
    /// Envoy tells of a trap, but not its message.
    #[must_use]
    pub fn expect_trap(mut self, text: impl Into<String>) -> Self {
        self.expected_traps.push(text.into());
        self
    }

    /// Adds a route of that name to the upstream, for requests whose header has this value.
    ///
    /// The upstream sees it in the header `x-taken-route`, which the other route does not add.
    #[must_use]
    pub fn route(
        mut self,
        name: impl Into<String>,
        header: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.routes.push(Route { name: name.into(), header: header.into(), value: value.into() });
        self
    }

    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Says what the value of a CEL expression is, by its source. The model evaluates none, and refuses those that it does not
    /// know; a real Envoy evaluates it, and a value that is not so makes the hosts differ.
    #[must_use]
    pub fn expression<K: Kind>(mut self, source: impl Into<String>, value: impl AttributeValue<K>) -> Self {
        self.expressions.push((source.into(), value.encode()));
        self
    }

    pub(crate) fn expressions(&self) -> &[(String, Vec<u8>)] {
        &self.expressions
    }

    /// Asks for a metric of the extension at the end of the run, by the name that it was defined with.
    #[must_use]
    pub fn metric(mut self, name: impl Into<String>) -> Self {
        self.metrics.push(name.into());
        self
    }

    /// Runs it on each host and asserts that the runs are the same; returns that of the first.
    ///
    /// Compared are
    ///
    /// - for each request, what the upstream received and what the client received, with bodies (however they were
    ///   cut into pieces) and trailers, and the log lines. Headers have to come in the same order, pseudo-headers
    ///   aside;
    /// - for each TCP connection, the bytes that each side received, whether it saw the end, and the log lines;
    /// - the callouts and gRPC calls that each cluster received, in the same way, but in any order, and without `:scheme`,
    ///   which HTTP/1.1 does not carry;
    /// - the log lines of root contexts, in any order if there are several workers;
    /// - the metrics that the scenario asks for.
    ///
    /// # Panics
    ///
    /// If a host's run differs from that of the first host, with all differences; and if there is nothing to
    /// compare, because nothing happens in the scenario or there are no hosts.
    #[track_caller]
    pub fn compare(&self, runners: &[&dyn Runner]) -> Run {
        let (mut runs, differences) = self.run_on(runners);
        if !differences.is_empty() {
            let differences = difference::painted(&differences);
            failure::fail(&format!("scenario {:?}: the hosts differ\n{differences}", self.name));
        }
        runs.swap_remove(0)
    }

    /// Its run on each host, and how those of the others differ from that of the first.
    #[track_caller]
    pub(crate) fn run_on(&self, runners: &[&dyn Runner]) -> (Vec<Run>, String) {
        assert!(!runners.is_empty(), "scenario {:?}: there is no host to run it on", self.name);
        assert!(!self.steps.is_empty(), "scenario {:?}: it has no requests to compare", self.name);
        let mut runs: Vec<Run> = Vec::new();
        let mut differences = String::new();
        for runner in runners {
            let run = runner.run(self);
            if let Some(first) = runs.first() {
                let (expected, actual) = ((runners[0].name(), first), (runner.name(), &run));
                differences += &difference::runs(expected, actual, self.workers > 1);
            }
            runs.push(run);
        }
        (runs, differences)
    }
}

/// The cluster of the upstream, which extensions can call out to as well.
pub(crate) const ORIGIN: &str = "origin";

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .field("failure_policy", &self.failure_policy)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}
