//! A run, and what is wrong with it.

use super::model::Model;
use super::problem::Problem;
use super::violation::Violation;
use crate::attempt::{Attempt, Stop};
use crate::backend::ENDLESS;
use crate::builder::HostBuilder;
use crate::host::Host;
use crate::host_call::HostCall;
use crate::panic;
use crate::run::Run;
use crate::scenario::Scenario;
use crate::start_error::StartError;
use crate::timeline::Timeline;
use crate::trap::Trap;
use waxwing::__private::Callback;

/// What was seen of a run.
pub(crate) struct Observed {
    /// As far as it came.
    pub(crate) run: Run,
    /// Why the extension has not started, if it has not.
    pub(crate) refusal: Option<StartError>,
    pub(crate) problems: Vec<Problem>,
    /// By context, with a name for people.
    pub(crate) timelines: Vec<(String, Timeline)>,
    /// The timer of a root context was still running at the end.
    pub(crate) has_timer: bool,
    /// All host calls, if they were to be recorded, with the callback in which each was made.
    pub(crate) calls: Vec<(HostCall, Callback)>,
    /// The calls that met a fault.
    pub(crate) struck: Vec<HostCall>,
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

    /// The same without what was run.
    pub(super) fn brief(&self) -> Observed {
        Observed {
            run: Run::default(),
            refusal: None,
            problems: Vec::new(),
            timelines: self.timelines.clone(),
            has_timer: self.has_timer,
            calls: Vec::new(),
            struck: Vec::new(),
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
    see(model, scenario, prepare, |_| Ok(()), None)
}

/// The same, after something else, which may fail.
pub(super) fn after(
    model: &dyn Model,
    scenario: &Scenario,
    prepare: impl FnOnce(HostBuilder) -> HostBuilder,
    before: impl FnOnce(&Host) -> Result<(), String>,
) -> Observed {
    see(model, scenario, prepare, before, None)
}

/// The same, beside the plain run: a timer that never ends is a leak if that has left none.
pub(super) fn beside(
    plain: &Observed,
    model: &dyn Model,
    scenario: &Scenario,
    prepare: impl FnOnce(HostBuilder) -> HostBuilder,
) -> Observed {
    see(model, scenario, prepare, |_| Ok(()), Some(plain))
}

fn see(
    model: &dyn Model,
    scenario: &Scenario,
    prepare: impl FnOnce(HostBuilder) -> HostBuilder,
    before: impl FnOnce(&Host) -> Result<(), String>,
    plain: Option<&Observed>,
) -> Observed {
    let mut attempt = Attempt::default();
    let mut observed = Observed {
        run: Run::default(),
        refusal: None,
        problems: Vec::new(),
        timelines: Vec::new(),
        has_timer: false,
        calls: Vec::new(),
        struck: Vec::new(),
    };
    let played = panic::catch(|| attempt.play_after(prepare(model.builder()), scenario, before));
    let is_whole = matches!(played, Ok(Ok(())));
    let stopped = match played {
        Ok(Ok(())) => None,
        // An extension may refuse to start; a trap of it is found among the others.
        Ok(Err(Stop::Refused(error))) => {
            observed.refusal = Some(*error);
            None
        }
        // As it may a connection; what was to happen on it then does not.
        Ok(Err(Stop::Closed(_))) => None,
        Ok(Err(Stop::Hang(hang))) => Some(Problem::Hang(hang.why)),
        Ok(Err(Stop::Failed(problem))) => Some(Problem::Hang(problem)),
        Ok(Err(Stop::Unanswered(callout))) => {
            Some(Problem::Leak(format!("neither an answer nor a timeout will end {callout}")))
        }
        Err(panic) => Some(Problem::Panic(panic.text)),
    };
    observed.problems.extend(stopped);
    if let Some(host) = attempt.host() {
        observed.run = attempt.run(scenario);
        observed.has_timer = host.has_timer();
        if is_whole && observed.has_timer && plain.is_some_and(|plain| !plain.has_timer) {
            observed.problems.extend(endless_timer(host));
        }
        observed.problems = at_the_end(host, scenario, is_whole, observed.problems);
        observed.calls = host.process().faults.recorded();
        observed.struck = host.process().faults.struck();
    }
    observed.timelines = attempt.timelines();
    observed.problems.extend(misuses(&observed.timelines));
    observed
}

/// What is wrong in the end, beside the problems that there are. If it came to its end as a `whole`, the host is shut down.
pub(super) fn at_the_end(
    host: &Host,
    scenario: &Scenario,
    whole: bool,
    mut problems: Vec<Problem>,
) -> Vec<Problem> {
    if whole {
        problems.extend(end(host));
    }
    let workers = host.started_workers();
    problems.extend(workers.flat_map(|worker| worker.core().crossings()).map(Problem::WrongStream));
    let expected = |trap: &Trap| scenario.expected_traps().iter().any(|text| trap.message.contains(text));
    let traps: Vec<_> = host.traps().into_iter().filter(|trap| !expected(trap)).map(of_trap).collect();
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

/// What is wrong if a timer runs on and on, unless the host did not let the guest stop it.
fn endless_timer(host: &Host) -> Option<Problem> {
    let process = host.process();
    process.wait(|| !host.has_timer());
    if let Some(problem) = process.failure() {
        return Some(Problem::Hang(problem));
    }
    let struck = process.faults.struck();
    let is_set = |call: &HostCall| matches!(call, HostCall::SetTickPeriod { .. });
    (host.has_timer() && !struck.iter().any(is_set)).then(|| {
        Problem::Leak("a timer still runs when all is over, and does not in the plain run".to_owned())
    })
}

/// Shuts down a host on which all is over, and says what is left.
fn end(host: &Host) -> Vec<Problem> {
    // Whoever was refused a function has done what can be done.
    let struck = host.process().faults.struck();
    let given_up = |call: &HostCall| match call {
        HostCall::GrpcClose { token } | HostCall::GrpcCancel { token } | HostCall::GrpcSend { token, .. } => {
            Some(*token)
        }
        _ => None,
    };
    let given_up: Vec<u32> = struck.iter().filter_map(given_up).collect();
    let mut left: Vec<_> = host.left_behind(&given_up).into_iter().map(Problem::Leak).collect();
    let shut_down = panic::catch(|| {
        host.shutdown();
        host.process().wait(|| host.is_shut_down());
    });
    if let Err(panic) = shut_down {
        left.push(Problem::Panic(panic.text));
        return left;
    }
    left.extend(host.process().failure().map(Problem::Hang));
    if !host.process().faults.struck().contains(&HostCall::Done) {
        left.extend(host.not_shut_down().into_iter().map(Problem::Leak));
    }
    left
}

/// A guest that calls the host without end is stopped by a trap.
fn of_trap(trap: Trap) -> Problem {
    if trap.message.contains(ENDLESS) { Problem::Hang(trap.to_string()) } else { Problem::Trap(trap) }
}
