//! Scenarios in Envoy.

use std::path::PathBuf;
use std::thread;

use super::instance::Instance;
use super::tcp::TcpProxy;
use super::{Config, Error, Observed, Start};
use crate::log::Logs;
use crate::profile::Profile;
use crate::scenario::ORIGIN;
use crate::{Answer, Client, Exchange, Request, Run, Runner, Scenario, Step, cluster};

/// Runs scenarios in a real Envoy, one Envoy for each.
///
/// ```no_run
/// use waxwing_testing::envoy::Envoy;
/// use waxwing_testing::{Request, Runner, Scenario, json};
///
/// let scenario = Scenario::new("adds the header").config(json!({ "name": "x-tag" })).request(Request::get("/"));
/// let run = Envoy::new("target/wasm32-wasip1/release/add_header.wasm").run(&scenario);
/// run[0].response().assert_status(200);
/// ```
#[derive(Clone, Debug)]
pub struct Envoy {
    config: Config,
    start: Start,
}

impl Envoy {
    /// Runs this `.wasm` file in the Envoy of [`Install::find_or_install`](super::Install::find_or_install).
    pub fn new(wasm: impl Into<PathBuf>) -> Self {
        Envoy::with(Config::new(wasm), Start::new())
    }

    /// Runs an extension as `config` says, but with what the scenario says otherwise.
    pub fn with(config: Config, start: Start) -> Self {
        Envoy { config, start }
    }
}

impl Runner for Envoy {
    fn name(&self) -> &str {
        "envoy"
    }

    /// # Panics
    ///
    /// If Envoy cannot be had or refuses the extension or its configuration, if a stream or a callout hangs, if a request sets properties,
    /// because a real proxy has its own, or if the scenario is for another host.
    #[track_caller]
    fn run(&self, scenario: &Scenario) -> Run {
        let name = scenario.name();
        scenario.check_steps();
        let profile = scenario.host_profile();
        assert!(
            profile == Profile::ENVOY,
            "scenario {name:?} is for {profile}, and this is a real Envoy; run it on the other hosts only"
        );
        if let Some(request) = scenario.requests().find(|request| !request.properties.is_empty()) {
            panic!(
                "scenario {name:?}: {} sets properties, and a real Envoy has its own; run it on the other hosts only",
                request.line()
            );
        }
        let fail = |error: Error| -> ! { panic!("scenario {name:?}: {error}") };
        let mut start = self.start.clone();
        for (name, upstream) in scenario.clusters() {
            start = start.upstream(name, upstream);
        }
        let config = self.config_for(scenario);
        let is_connection = |step: &Step| matches!(step, Step::Connection(_));
        let (mut run, mut instance) = if scenario.steps().iter().any(is_connection) {
            connections(&start, &config, scenario).unwrap_or_else(|error| fail(error))
        } else {
            exchanges(&start, &config, scenario)
        };
        instance.settle().unwrap_or_else(|error| fail(error));
        scenario.check_traps(self.name(), &instance.traps);
        let metric =
            |name: &String| (name.clone(), instance.metric(name).unwrap_or_else(|error| fail(error)));
        run.metrics = scenario.metrics().iter().map(metric).collect();
        run.logs = Logs::new(instance.root_logs.clone());
        run.received = instance.callouts();
        run
    }
}

impl Envoy {
    fn config_for(&self, scenario: &Scenario) -> Config {
        let mut config =
            self.config.clone().failure_policy(scenario.policy_after_trap()).routes(scenario.routes());
        let (name, root_id, vm_id) = scenario.ids();
        if let Some(name) = name {
            config = config.name(name);
        }
        if !root_id.is_empty() {
            config = config.root_id(root_id);
        }
        if !vm_id.is_empty() {
            config = config.vm_id(vm_id);
        }
        if !scenario.configuration().is_empty() {
            config = config.configuration(scenario.configuration());
        }
        if !scenario.vm_configuration().is_empty() {
            config = config.vm_configuration(scenario.vm_configuration());
        }
        if let Some(bytes) = scenario.body_limit() {
            // Beyond four gigabytes, there is no difference.
            config = config.buffer_limit(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
        if let Some(level) = scenario.host_log_level() {
            config = config.log_level(level);
        }
        if scenario.headers_stop_alone() {
            config = config.allow_on_headers_stop_iteration();
        }
        if scenario.steps().iter().any(|step| matches!(step, Step::Reconfigure(_))) {
            config = config.reconfigurable();
        }
        let at_once = |step: &Step| step.requests().len() > 1;
        if scenario.steps().iter().any(at_once) {
            config = config.identify_clients();
        }
        if scenario.worker_count() > 1 { config.workers(scenario.worker_count()) } else { config }
    }
}

/// The exchanges of the requests.
#[track_caller]
fn exchanges(start: &Start, config: &Config, scenario: &Scenario) -> (Run, Instance) {
    let name = scenario.name();
    let mut proxy = start.start(config).unwrap_or_else(|error| panic!("scenario {name:?}: {error}"));
    let mut run = Run::default();
    for step in scenario.steps() {
        match step {
            Step::Request { worker, request } => {
                let origin = |forwarded: &Request| checked(scenario.respond(forwarded));
                let client = Client::new(request.clone()).on_worker(*worker);
                let together = proxy
                    .exchange_together(&[client], origin)
                    .unwrap_or_else(|error| panic!("scenario {name:?}, {}: {error}", request.line()));
                let Observed { forwarded, response, logs, trap: _ } = together.into_only();
                run.exchanges.push(Exchange::observed(request.clone(), forwarded, response, logs));
            }
            Step::Together(clients) => {
                let origin = |forwarded: &Request| checked(scenario.respond(forwarded));
                let together = proxy
                    .exchange_together(clients, origin)
                    .unwrap_or_else(|error| panic!("scenario {name:?}: {error}"));
                let lines = together.logs;
                let observed = clients.iter().zip(together.exchanges);
                let exchanges = observed.map(|(client, (forwarded, response))| {
                    Exchange::observed(client.request().clone(), forwarded, response, lines.clone())
                });
                run.add_together(exchanges.collect(), Some(lines.clone()));
            }
            Step::Reconfigure(config) => {
                if let Err(error) = proxy.instance.reconfigure(config) {
                    panic!("scenario {name:?}: {error}");
                }
            }
            Step::Wait(time) => thread::sleep(*time),
            Step::Connection(_) => {}
        }
    }
    (run, proxy.into_instance())
}

/// What the origin does, which a server can do.
#[track_caller]
fn checked(answer: Answer) -> Answer {
    cluster::check_answer(ORIGIN, &answer);
    answer
}

/// What became of the connections.
fn connections(start: &Start, config: &Config, scenario: &Scenario) -> Result<(Run, Instance), Error> {
    let mut proxy = TcpProxy::start(start, &config.clone().tcp())?;
    let mut run = Run::default();
    for step in scenario.steps() {
        match step {
            Step::Connection(script) => run.connections.push(proxy.connect(script)?),
            Step::Reconfigure(config) => drop(proxy.reconfigure(config)?),
            Step::Wait(time) => thread::sleep(*time),
            Step::Request { .. } | Step::Together(_) => {}
        }
    }
    Ok((run, proxy.into_instance()))
}
