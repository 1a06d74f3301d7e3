//! The hosts that run scenarios.

use crate::attempt::{Attempt, Stop};
use crate::builder::HostBuilder;
use crate::explore::{Model, model};
use crate::failure;
use crate::host::Host;
use crate::run::Run;
use crate::scenario::Scenario;
use std::fmt;
use std::marker::PhantomData;
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
    pub const fn new() -> Self {
        Native(PhantomData)
    }
}

impl<E: Module> Runner for Native<E> {
    fn name(&self) -> &str {
        "native"
    }

    #[track_caller]
    fn run(&self, scenario: &Scenario) -> Run {
        run(self, model::Host::builder(self), scenario)
    }
}

impl<E: Module> model::Host for Native<E> {
    fn builder(&self) -> HostBuilder {
        Host::builder::<E>()
    }
}

impl<E: Module> Model for Native<E> {}

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

    /// What it runs.
    pub(crate) fn module(&self) -> &crate::wasm::WasmModule {
        &self.0
    }
}

#[cfg(feature = "wasm")]
impl Runner for Wasm {
    fn name(&self) -> &str {
        "wasm"
    }

    #[track_caller]
    fn run(&self, scenario: &Scenario) -> Run {
        run(self, model::Host::builder(self), scenario)
    }
}

#[cfg(feature = "wasm")]
impl model::Host for Wasm {
    fn builder(&self) -> HostBuilder {
        Host::wasm(&self.0)
    }
}

#[cfg(feature = "wasm")]
impl Model for Wasm {}

/// Runs scenarios on an extension that is written on the crate `proxy-wasm`, and linked into the test.
#[cfg(feature = "link")]
#[derive(Debug)]
pub struct Linked(crate::link::LinkedModule);

#[cfg(feature = "link")]
impl Linked {
    /// A runner for this extension.
    pub fn new(module: crate::link::LinkedModule) -> Self {
        Linked(module)
    }
}

#[cfg(feature = "link")]
impl Runner for Linked {
    fn name(&self) -> &str {
        "linked"
    }

    #[track_caller]
    fn run(&self, scenario: &Scenario) -> Run {
        run(self, model::Host::builder(self), scenario)
    }
}

#[cfg(feature = "link")]
impl model::Host for Linked {
    fn builder(&self) -> HostBuilder {
        Host::linked(&self.0)
    }
}

#[cfg(feature = "link")]
impl Model for Linked {}

/// A scenario on the host model.
#[track_caller]
fn run(runner: &dyn Runner, builder: HostBuilder, scenario: &Scenario) -> Run {
    scenario.check_steps();
    let mut attempt = Attempt::default();
    let played = attempt.play(builder, scenario);
    let Some(host) = attempt.host() else { return Run::default() };
    match played {
        Ok(()) => {}
        Err(stop @ Stop::Unanswered(_)) => {
            failure::fail(&format!("scenario {:?} on {}: {stop}", scenario.name(), runner.name()))
        }
        Err(stop) => failure::fail(&stop.to_string()),
    }
    let traps = host.traps();
    scenario.check_traps(runner.name(), &traps.iter().map(ToString::to_string).collect::<Vec<_>>());
    for (trap, text) in traps.iter().zip(scenario.expected_traps()) {
        let (name, on) = (scenario.name(), runner.name());
        assert!(
            trap.message.contains(text),
            "scenario {name:?} on {on}: expected a trap with {text:?}: {trap}"
        );
    }
    host.process().set_watched(false);
    host.process().check();
    let timelines = attempt.timelines();
    Run { timelines, ..attempt.run(scenario) }
}
