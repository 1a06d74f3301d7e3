//! What took the extensions of others down in production, on an extension and a scenario of a test's own.

mod callout;
mod host;
mod incident;
mod life;
mod message;
mod pack;

pub use incident::Incident;
pub use pack::INCIDENTS;

use super::bound::Asked;
use super::model::Model;
use super::observe::{self, Observed, observe};
use super::problem::Problem;
use super::report::Report;
use crate::run::Run;
use crate::scenario::Scenario;
use crate::{Exchange, HeaderList, difference};
use incident::Variant;
use std::fmt;
use std::time::Instant;

/// Runs a scenario in which all goes well in the ways in which it went wrong for others: each [incident](INCIDENTS) that can
/// happen in it, on the host model.
///
/// In no run may the extension trap, hang, leave something behind or refuse to start; where the incident is none that may be
/// seen from outside, each exchange has to look as without it.
///
/// ```no_run
/// use waxwing_testing::{Answer, Native, Request, Response, Scenario, explore};
/// # fn run<Auth: waxwing::Module>() {
///
/// let scenario = Scenario::new("a token that is known")
///     .cluster("authz", |_| Answer::from(Response::new(200)))
///     .request(Request::get("/orders").header("x-token", "t0"));
/// explore::incidents(&Native::<Auth>::new(), &scenario).check();
/// # }
/// ```
pub fn incidents<'a>(model: &'a dyn Model, scenario: &'a Scenario) -> Incidents<'a> {
    Incidents { model, scenario, chosen: INCIDENTS.iter().collect(), fail_closed: false }
}

/// Which incidents to run; see [`incidents`].
#[derive(Clone)]
#[must_use = "`check()` runs them"]
pub struct Incidents<'a> {
    model: &'a dyn Model,
    scenario: &'a Scenario,
    chosen: Vec<&'static Incident>,
    fail_closed: bool,
}

impl Incidents<'_> {
    /// Runs these only.
    ///
    /// # Panics
    ///
    /// If there is no incident of such a name.
    #[track_caller]
    pub fn only(mut self, names: &[&str]) -> Self {
        check_names(names);
        self.chosen.retain(|incident| names.contains(&incident.name()));
        self
    }

    /// Runs all but these: what the extension does then is what it should.
    ///
    /// # Panics
    ///
    /// If there is no incident of such a name.
    #[track_caller]
    pub fn except(mut self, names: &[&str]) -> Self {
        check_names(names);
        self.chosen.retain(|incident| !names.contains(&incident.name()));
        self
    }

    /// Claims that the extension fails closed: a request whose callouts are all denied, refused or not answered does not reach
    /// the upstream.
    pub fn fail_closed(mut self) -> Self {
        self.fail_closed = true;
        self
    }

    /// Runs them, and fails the test if something is wrong.
    ///
    /// # Panics
    ///
    /// If there is a violation, with the report.
    #[track_caller]
    pub fn check(self) {
        self.report().check();
    }

    /// Runs them. If something is wrong with the plain scenario, nothing else is run.
    ///
    /// # Panics
    ///
    /// If the extension refuses the scenario's configuration.
    #[track_caller]
    pub fn report(self) -> Report {
        let asked = Asked::of_environment();
        let replayed = asked.replay("incidents");
        let start = Instant::now();
        let mut report = Report::new("incidents", self.scenario.name(), self.model.name());
        let plain = observe(self.model, self.scenario, |builder| builder);
        plain.assert_started();
        let is_broken = !plain.problems.is_empty();
        report.add(plain.violations("incidents", ""));
        if is_broken {
            return report.finish(0, start.elapsed());
        }
        for incident in &self.chosen {
            let variants = incident.variants(self.scenario);
            if variants.is_empty() {
                report.note(format!("cannot happen in it: {}, where {}", incident.name(), incident.what()));
            }
            for (number, variant) in variants.into_iter().enumerate() {
                let plan = format!("{} {}", incident.name(), number + 1);
                if replayed.is_none_or(|replayed| replayed == plan) {
                    report.add(self.run(variant).violations("incidents", &plan));
                }
            }
        }
        report.finish(0, start.elapsed())
    }
}

#[track_caller]
fn check_names(names: &[&str]) {
    for name in names {
        let known: Vec<_> = INCIDENTS.iter().map(Incident::name).collect();
        assert!(known.contains(name), "there is no incident {name:?}; there are {}", known.join(", "));
    }
}

impl Incidents<'_> {
    /// Runs a variant, and adds what is wrong with what is seen from outside.
    fn run(&self, variant: Variant) -> Observed {
        let Variant { scenario, like, may_refuse, denies, faults, before } = variant;
        let mut observed =
            observe::after(self.model, &scenario, |builder| builder.fault_plan(&faults), before);
        if denies && self.fail_closed {
            let passed = observed.run.exchanges().iter().filter(|exchange| exchange.reached_upstream());
            let text = |exchange: &Exchange| {
                let sent = exchange.sent();
                format!("{} reached the upstream, and nothing has allowed it", sent.line())
            };
            let passed: Vec<_> = passed.map(text).map(Problem::FailOpen).collect();
            observed.problems.extend(passed);
        }
        if let Some(error) = observed.refusal.as_ref().filter(|error| error.trap().is_none() && !may_refuse) {
            observed.problems.push(Problem::Claim(format!("the extension does not start: {error}")));
        }
        if observed.refusal.is_some() || !observed.problems.is_empty() {
            return observed;
        }
        if let Some(like) = like {
            let plain = observe(self.model, &like, |builder| builder);
            let [plain, run] = [&plain.run, &observed.run].map(outside);
            let differences = difference::runs(("without it", &plain), ("with it", &run), false);
            if !differences.is_empty() {
                observed.problems.push(Problem::Claim(format!("it is seen from outside\n{differences}")));
            }
        }
        let wrong = observed.run.exchanges().iter().filter_map(wrong_length);
        let wrong: Vec<_> = wrong.map(Problem::Claim).collect();
        observed.problems.extend(wrong);
        observed
    }
}

/// What clients and the upstream see of a run, but for trailers, which incidents add.
fn outside(run: &Run) -> Run {
    let exchanges = run.exchanges().iter().map(|exchange| {
        let (forwarded, response, _) = exchange.observable();
        let (mut forwarded, mut response) = (forwarded.cloned(), response.cloned());
        forwarded.iter_mut().for_each(|request| request.trailers = HeaderList::new());
        response.iter_mut().for_each(|response| response.trailers = HeaderList::new());
        Exchange::observed(exchange.sent().clone(), forwarded, response, Vec::new())
    });
    Run { exchanges: exchanges.collect(), ..Run::default() }
}

/// A message that says another length than its body has.
fn wrong_length(exchange: &Exchange) -> Option<String> {
    let (forwarded, response, _) = exchange.observable();
    let request = forwarded.map(|request| ("request", request.headers(), request.body_bytes().len()));
    let response = response.map(|response| ("response", response.headers(), response.body_bytes().len()));
    [request, response].into_iter().flatten().find_map(|(what, headers, len)| {
        let said = headers.get("content-length").filter(|_| len > 0)?;
        let right = said == len.to_string().as_bytes();
        let said = said.escape_ascii();
        (!right).then(|| format!("the {what} says a content-length of {said}, and its body has {len} bytes"))
    })
}

impl fmt::Debug for Incidents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incidents")
            .field("scenario", &self.scenario.name())
            .field("chosen", &self.chosen)
            .finish()
    }
}
