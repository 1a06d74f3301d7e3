//! The hosts that run scenarios.

use crate::builder::HostBuilder;
use crate::exchange::Exchange;
use crate::host::Host;
use crate::scenario::{Runner, Scenario};
use std::fmt;
use std::marker::PhantomData;
use waxwing::Extension;

/// Runs scenarios on an extension that is compiled into the test.
pub struct Native<E>(PhantomData<fn() -> E>);

impl<E: Extension> Native<E> {
    /// A runner for `E`.
    #[allow(clippy::new_without_default, reason = "the type parameter has to be named anyway")]
    pub fn new() -> Self {
        Native(PhantomData)
    }
}

impl<E: Extension> Runner for Native<E> {
    fn name(&self) -> &str {
        "native"
    }

    #[track_caller]
    fn run(&self, scenario: &Scenario) -> Vec<Exchange> {
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
    fn run(&self, scenario: &Scenario) -> Vec<Exchange> {
        run(self, Host::wasm(&self.0), scenario)
    }
}

/// A scenario on the host model.
#[track_caller]
fn run(runner: &dyn Runner, builder: HostBuilder, scenario: &Scenario) -> Vec<Exchange> {
    let upstream = scenario.upstream();
    let host = builder
        .config(scenario.configuration())
        .failure_policy(scenario.failure_policy())
        .origin(move |request| upstream(request))
        .start();
    let exchanges = scenario.requests().iter().map(|request| host.exchange(request.clone())).collect();
    scenario.check_trap(runner.name(), host.trap().map(|trap| trap.to_string()).as_deref());
    if let Some(text) = scenario.expected_trap() {
        host.expect_trap(text);
    }
    exchanges
}
