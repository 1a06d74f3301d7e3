//! One test, on every host.

use crate::comparison::{self, Verdict};
use crate::envoy::Envoy;
use crate::golden::{Golden, Mode};
use crate::wasm::WasmModule;
use crate::{Native, Run, Runner, Scenario, Wasm};
use waxwing::Module;

/// Runs each scenario natively, on the built `.wasm`, and in a real Envoy, and asserts that a client, an
/// upstream and an operator see the same on all three. It returns what they saw, of each scenario, to assert more:
/// hosts that agree on something wrong agree.
///
/// `package` is the name of the extension's package, which is built to wasm once for each test process. It
/// needs the features `wasm` and `envoy`.
///
/// ```no_run
/// use waxwing_testing::{Request, Scenario, json, on_every_host};
/// # fn test<AddHeader: waxwing::Module>() {
///
/// on_every_host::<AddHeader>(
///     "add-header",
///     [Scenario::new("a header").config(json!({ "name": "x-tag", "value": "blue" })).request(Request::get("/"))],
/// );
/// # }
/// ```
///
/// If the variable `WAXWING_GOLDEN_FOLDER` names a folder, what Envoy answers is also compared with files in it: golden answers,
/// which are kept with the tests. `docs/envoy.md` tells how.
///
/// # Panics
///
/// If the package cannot be built, if Envoy cannot be had, if the hosts differ, with all differences, and if there
/// is no scenario.
#[track_caller]
pub fn on_every_host<E: Module>(package: &str, scenarios: impl IntoIterator<Item = Scenario>) -> Vec<Run> {
    let mut scenarios = scenarios.into_iter().peekable();
    assert!(scenarios.peek().is_some(), "there is no scenario to run on every host");
    let golden = Golden::of(package);
    if let Some(golden) = golden.as_ref().filter(|golden| golden.mode() == Mode::Replay) {
        return scenarios.map(|scenario| replay::<E>(golden, &scenario)).collect();
    }
    let module = WasmModule::built(package);
    let runners: [&dyn Runner; 3] =
        [&Native::<E>::new(), &Wasm::new(module.clone()), &Envoy::new(module.name())];
    let run = |scenario: Scenario| {
        let (mut runs, differences) = scenario.run_on(&runners);
        let verdict = Verdict::of(&scenario, &differences);
        comparison::record(&scenario, &runs[0], &verdict, golden.as_ref(), &module);
        verdict.assert();
        if let Some(golden) = &golden {
            golden.check(&scenario, &runs[2], &module);
        }
        runs.swap_remove(0)
    };
    scenarios.map(run).collect()
}

/// Runs a scenario natively, and compares it with what Envoy answered when that was recorded.
#[track_caller]
fn replay<E: Module>(golden: &Golden, scenario: &Scenario) -> Run {
    let run = Native::<E>::new().run(scenario);
    Verdict::of(scenario, &golden.replay(scenario, &run)).assert();
    run
}
