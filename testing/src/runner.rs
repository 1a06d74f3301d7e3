//! The hosts that run scenarios.

use crate::builder::HostBuilder;
use crate::cluster::{Received, Upstream};
use crate::host::Host;
use crate::log::Logs;
use crate::run::Run;
use crate::scenario::Scenario;
use crate::step::Step;
use crate::tcp_runner;
use crate::{Answer, GrpcUpstream, cluster};
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use waxwing::Module;

/// A host that runs scenarios.
pub trait Runner {
    /// What it is called in a report of differences.
    fn name(&self) -> &str;

    /// Runs the scenario on a fresh proxy, until its streams and callouts are over.
    ///
    /// # Panics
    ///
    /// If the host refuses the configuration, or cannot run at all.
    fn run(&self, scenario: &Scenario) -> Run;
}

/// Runs scenarios on an extension that is compiled into the test.
pub struct Native<E>(PhantomData<fn() -> E>);

impl<E: Module> Native<E> {
    /// A runner for `E`.
    #[allow(clippy::new_without_default, reason = "the type parameter has to be named anyway")]
    pub fn new() -> Self {
        Native(PhantomData)
    }
}

impl<E: Module> Runner for Native<E> {
    fn name(&self) -> &str {
        "native"
    }

    #[track_caller]
    fn run(&self, scenario: &Scenario) -> Run {
        run(self, Host::builder::<E>(), scenario)
    }
}

impl<E> fmt::Debug for Native<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Native::<{}>", std::any::type_name::<E>())
    }
}

/// Runs scenarios on an extension that was built to a `.wasm` module.
#[cfg(feature = "wasm")]
#[derive(Debug)]
pub struct Wasm(crate::wasm::WasmModule);

#[cfg(feature = "wasm")]
impl Wasm {
    /// A runner for this module.
    pub fn new(module: crate::wasm::WasmModule) -> Self {
        Wasm(module)
    }
}

#[cfg(feature = "wasm")]
impl Runner for Wasm {
    fn name(&self) -> &str {
        "wasm"
    }

    #[track_caller]
    fn run(&self, scenario: &Scenario) -> Run {
        run(self, Host::wasm(&self.0), scenario)
    }
}

/// A scenario on the host model.
#[track_caller]
fn run(runner: &dyn Runner, builder: HostBuilder, scenario: &Scenario) -> Run {
    scenario.check_steps();
    let callouts = Rc::new(Callouts::of(scenario));
    let host = prepared(builder, scenario, &callouts).start();
    let (mut exchanges, mut connections) = (Vec::new(), Vec::new());
    for step in scenario.steps() {
        match step {
            Step::Request { worker, request } => {
                exchanges.push(host.worker(*worker).exchange(request.clone()));
            }
            Step::Connection(script) => connections.push(tcp_runner::play(&host, script)),
            Step::Wait(time) => host.clock().advance(*time),
        }
    }
    finish_callouts(&host, runner, scenario);
    scenario.check_trap(runner.name(), host.trap().map(|trap| trap.to_string()).as_deref());
    if let Some(text) = scenario.expected_trap() {
        host.expect_trap(text);
    }
    let mut received = callouts.0.take();
    for (name, received) in &mut received {
        received.calls = host.process().grpc_upstreams.get(name).map(|grpc| grpc.calls()).unwrap_or_default();
    }
    let metrics = scenario.metrics().iter().map(|name| (name.clone(), host.metric(name))).collect();
    Run { exchanges, connections, received, logs: Logs::new(host.root_logs()), metrics }
}

/// Lets time pass until no callout is under way: what comes of those that a stream left behind belongs to the run.
#[track_caller]
fn finish_callouts(host: &Host, runner: &dyn Runner, scenario: &Scenario) {
    let process = host.process();
    process.wait(|| process.open_callouts().is_empty());
    process.check();
    if let Some(callout) = process.open_callouts().first() {
        panic!(
            "scenario {:?} on {}: callouts were still under way, and neither an answer nor a timeout will end this one: \
             {callout}",
            scenario.name(),
            runner.name()
        );
    }
}

/// A host as the scenario wants it.
fn prepared(mut builder: HostBuilder, scenario: &Scenario, callouts: &Rc<Callouts>) -> HostBuilder {
    let upstream = scenario.upstream();
    let (plugin_name, root_id, vm_id) = scenario.ids();
    builder = builder
        .config(scenario.configuration())
        .vm_config(scenario.vm_configuration())
        .workers(scenario.worker_count())
        .root_id(root_id)
        .vm_id(vm_id)
        .failure_policy(scenario.failure_policy())
        .routes(scenario.routes())
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
struct Callouts(RefCell<Vec<(String, Received)>>);

impl Callouts {
    fn of(scenario: &Scenario) -> Callouts {
        let names = scenario.clusters().iter().map(|(name, _)| (name.clone(), Received::default()));
        Callouts(RefCell::new(names.collect()))
    }
}
