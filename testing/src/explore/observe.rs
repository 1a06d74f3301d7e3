//! A run, and what is wrong with it.

use super::model::Model;
use super::problem::Problem;
use super::violation::Violation;
use crate::attempt::{Attempt, Stop};
use crate::builder::HostBuilder;
use crate::host::Host;
use crate::panic;
use crate::run::Run;
use crate::scenario::Scenario;
use crate::start_error::StartError;
use crate::timeline::Timeline;
use crate::trap::Trap;

/// What was seen of a run.
pub(crate) struct Observed {
    /// As far as it came.
    #[allow(dead_code, reason = "the explorations that compare runs come next")]
    pub(crate) run: Run,
    /// Why the extension has not started, if it has not.
    pub(crate) refusal: Option<StartError>,
    pub(crate) problems: Vec<Problem>,
    /// By context, with a name for people.
    pub(crate) timelines: Vec<(String, Timeline)>,
}

impl Observed {
    /// Fails the test if the extension refused to start, for another reason than a trap: without a plan, the scenario is
    /// wrong.
    #[track_caller]
    pub(crate) fn assert_started(&self) {
        if let Some(error) = self.refusal.as_ref().filter(|error| error.trap().is_none()) {
            panic!("{error}");
        }
    }

    /// Its problems, with the plan that led there: the text of the plan, and the exploration that takes it.
    pub(crate) fn violations(&self, exploration: &str, plan: &str) -> Vec<Violation> {
        let violation = |problem: &Problem| Violation {
            problem: problem.clone(),
            plan: plan.to_owned(),
            replay: format!("{exploration}:{plan}"),
            steps: Vec::new(),
            timelines: self.timelines.clone(),
        };
        self.problems.iter().map(violation).collect()
    }
}

/// Runs a scenario on a model, with the settings that `prepare` adds, and shuts the host down. Nothing panics.
pub(crate) fn observe(
    model: &dyn Model,
    scenario: &Scenario,
    prepare: impl FnOnce(HostBuilder) -> HostBuilder,
) -> Observed {
    after(model, scenario, prepare, |_| Ok(()))
}

/// The same, after something else, which may fail.
pub(super) fn after(
    model: &dyn Model,
    scenario: &Scenario,
    prepare: impl FnOnce(HostBuilder) -> HostBuilder,
    before: impl FnOnce(&Host) -> Result<(), String>,
) -> Observed {
    let mut attempt = Attempt::default();
    let mut problems = Vec::new();
    let mut refusal = None;
    let mut run = Run::default();
    let played = panic::catch(|| attempt.play_after(prepare(model.builder()), scenario, before));
    let whole = matches!(played, Ok(Ok(())));
    match played {
        Ok(Ok(())) => {}
        // An extension may; a trap of it is found among the others.
        Ok(Err(Stop::Refused(error))) => refusal = Some(*error),
        Ok(Err(Stop::Hang(hang))) => problems.push(Problem::Hang(hang.why)),
        Ok(Err(Stop::Failed(problem))) => problems.push(Problem::Hang(problem)),
        Ok(Err(Stop::Unanswered(callout))) => {
            problems.push(Problem::Leak(format!("neither an answer nor a timeout will end {callout}")));
        }
        Err(panic) => problems.push(Problem::Panic(panic.text)),
    }
    if let Some(host) = attempt.host() {
        run = attempt.run(scenario);
        problems = at_the_end(host, scenario, whole, problems);
    }
    let timelines = attempt.timelines();
    problems.extend(misuses(&timelines));
    Observed { run, refusal, problems, timelines }
}

/// What is wrong in the end, beside the problems that there are. If it came to its end as a `whole`, the host is shut down.
pub(super) fn at_the_end(
    host: &Host,
    scenario: &Scenario,
    whole: bool,
    mut problems: Vec<Problem>,
) -> Vec<Problem> {
    let shut_down = || {
        host.shutdown();
        host.process().wait(|| host.is_shut_down());
    };
    if whole {
        problems.extend(host.left_behind().into_iter().map(Problem::Leak));
        match panic::catch(shut_down) {
            Ok(()) => {
                problems.extend(host.process().failure().map(Problem::Hang));
                problems.extend(host.not_shut_down().into_iter().map(Problem::Leak));
            }
            Err(panic) => problems.push(Problem::Panic(panic.text)),
        }
    }
    let workers = host.started_workers();
    problems.extend(workers.flat_map(|worker| worker.core().crossings()).map(Problem::WrongStream));
    let expected = |trap: &Trap| scenario.expected_trap().is_some_and(|text| trap.message.contains(text));
    let traps = host.started_workers().filter_map(|worker| worker.trap());
    let traps: Vec<_> = traps.filter(|trap| !expected(trap)).map(Problem::Trap).collect();
    // What does not go on after a trap does not because of it.
    if traps.is_empty() { problems } else { traps }
}

/// What hosts accept and then treat badly, in each context.
pub(super) fn misuses(timelines: &[(String, Timeline)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (context, timeline) in timelines {
        let misuses = timeline.misuses().into_iter();
        problems.extend(misuses.map(|misuse| Problem::Misuse(format!("{context}: {misuse}"))));
    }
    problems
}
