//! Scenarios in Envoy.

use std::path::PathBuf;

use super::{Config, Observed, Proxy, Start};
use crate::{Exchange, Request, Runner, Scenario};

/// Runs scenarios in a real Envoy, one Envoy for each.
///
/// ```no_run
/// use waxwing_testing::envoy::Envoy;
/// use waxwing_testing::{Request, Runner, Scenario, json};
///
/// let scenario = Scenario::new("adds the header").config(json!({ "name": "x-tag" })).request(Request::get("/"));
/// let exchanges = Envoy::new("target/wasm32-wasip1/release/add_header.wasm").run(&scenario);
/// exchanges[0].response().assert_status(200);
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

    /// Runs an extension as `config` says, but with the configuration and the failure policy of the scenario.
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
    /// If Envoy cannot be had or refuses the extension or its configuration, if a stream hangs, or if a request sets properties,
    /// because a real proxy has its own.
    #[track_caller]
    fn run(&self, scenario: &Scenario) -> Vec<Exchange> {
        let name = scenario.name();
        if let Some(request) = scenario.requests().iter().find(|request| !request.properties.is_empty()) {
            panic!(
                "scenario {name:?}: {} {} sets properties, and a real Envoy has its own; run it on the other hosts only",
                request.method(),
                request.path()
            );
        }
        let mut config = self.config.clone().failure_policy(scenario.failure_policy());
        if !scenario.configuration().is_empty() {
            config = config.configuration(scenario.configuration());
        }
        let mut proxy =
            self.start.start(&config).unwrap_or_else(|error| panic!("scenario {name:?}: {error}"));
        let mut trap = None;
        let exchanges = scenario.requests().iter().map(|request| {
            let observed = exchange(&mut proxy, scenario, request);
            trap = trap.take().or(observed.trap);
            Exchange::observed(request.clone(), observed.forwarded, observed.response, observed.logs)
        });
        let exchanges = exchanges.collect();
        scenario.check_trap(self.name(), trap.as_deref());
        exchanges
    }
}

#[track_caller]
fn exchange(proxy: &mut Proxy, scenario: &Scenario, request: &Request) -> Observed {
    proxy.exchange(request, |forwarded| Some(scenario.respond(forwarded))).unwrap_or_else(|error| {
        panic!("scenario {:?}, {} {}: {error}", scenario.name(), request.method(), request.path())
    })
}
