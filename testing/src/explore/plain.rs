//! The run in which nothing goes another way.

use super::model::Model;
use super::observe::observe;
use super::report::Report;
use crate::scenario::Scenario;
use std::time::Instant;

/// Runs a scenario once, as it is, and reports what is wrong with it: beside what fails any run, leaks and misuse.
///
/// ```no_run
/// use waxwing_testing::{Native, Request, Scenario, explore};
/// # fn run<E: waxwing::Module>() {
///
/// let scenario = Scenario::new("leaves nothing behind").request(Request::get("/"));
/// explore::plain(&Native::<E>::new(), &scenario).check();
/// # }
/// ```
///
/// # Panics
///
/// If the extension refuses its configuration.
#[track_caller]
pub fn plain(model: &dyn Model, scenario: &Scenario) -> Report {
    let start = Instant::now();
    let mut report = Report::new("plain", scenario.name(), model.name());
    let observed = observe(model, scenario, |builder| builder);
    observed.assert_started();
    report.add(observed.violations("plain", ""));
    report.finish(0, start.elapsed())
}
