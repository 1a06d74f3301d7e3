//! Every host call, and everything that it may be answered.

use super::bound::Asked;
use super::closed::{held_up, let_through};
use super::legal;
use super::model::Model;
use super::observe::{Observed, beside, observe};
use super::problem::Problem;
use super::report::Report;
use crate::fault::{Failure, Fault, FaultPlan};
use crate::host_call::HostCall;
use crate::run::Run;
use crate::scenario::Scenario;
use std::collections::HashMap;
use std::fmt;
use std::time::Instant;
use waxwing::__private::Callback;
use waxwing::Status;

/// Explores what becomes of a scenario if a host call fails: each call, with each status that hosts answer to it.
///
/// The plain run counts the calls. Then there is one run for each call and each status in which that call is refused, and, for
/// functions that are called more than once, one for each status with which the host refuses all of them. A run is
/// wrong if the extension [traps, hangs or leaks](Problem), and whatever else is asked for:
///
/// - [`fail_closed`](FaultExploration::fail_closed): nothing gets through that should not;
/// - [`fail_open`](FaultExploration::fail_open): everything gets through that did;
/// - [`claim`](FaultExploration::claim): what the test says itself.
///
/// No call of `log`, `continue_stream`, `close_stream`, `send_local_response` and `set_effective_context` fails: no host refuses
/// these, and no extension could do anything about it. [`hostile`](FaultExploration::hostile) spares nothing.
///
/// The statuses, each with its number:
///
/// | functions | statuses |
/// |---|---|
/// | get_log_level, get_current_time_nanoseconds, set_tick_period_milliseconds, get_status | 10, 12 |
/// | get_buffer_bytes, get_buffer_status, set_buffer_bytes | 1, 2, 10 |
/// | get_header_map_pairs, get_header_map_size, those that change a map | 2, 10 |
/// | get_header_map_value | 1, 2, 10 |
/// | get_property; set_property | 1, 3, 10; 1, 2, 10 |
/// | done | 1, 10, 12 |
/// | http_call, resolve_dns | 2, 10, 12 |
/// | grpc_call, grpc_stream | 2, 4, 10, 12 |
/// | grpc_send, grpc_close, grpc_cancel | 1, 2, 10, 12 |
/// | get_shared_data | 1, 10, 12 |
/// | set_shared_data; with a number to compare | 10, 12; 8, 10, 12 |
/// | register_shared_queue | 10, 12 |
/// | resolve_shared_queue, enqueue_shared_queue; dequeue_shared_queue | 1, 10, 12; 1, 7, 10, 12 |
/// | define_metric; increment_metric, record_metric, get_metric | 2, 10, 12; 1, 2, 10, 12 |
/// | call_foreign_function | 1, 2, 3, 10, 12 |
///
/// ```no_run
/// use waxwing_testing::{Answer, Native, Request, Response, Scenario, explore};
/// # fn test<Auth: waxwing::Module>() {
///
/// let scenario = Scenario::new("a user that authz knows")
///     .cluster("authz", |_| Answer::from(Response::new(200)))
///     .request(Request::get("/orders"));
/// explore::faults(&Native::<Auth>::new(), &scenario).fail_closed().check();
/// # }
/// ```
///
/// It ends after 2,000 runs, unless [`limit`](FaultExploration::limit) or the [environment](crate::explore) says otherwise.
pub fn faults<'a>(model: &'a dyn Model, scenario: &'a Scenario) -> FaultExploration<'a> {
    FaultExploration {
        model,
        scenario,
        closed: false,
        open: false,
        hostile: false,
        statuses: None,
        claims: Vec::new(),
        limit: LIMIT,
        replay: None,
    }
}

/// How many runs an exploration makes unless it is asked for others: natively some seconds in a debug build.
const LIMIT: usize = 2_000;

/// An exploration of [`faults`], which is yet to be run.
#[must_use = "`check()` runs it"]
pub struct FaultExploration<'a> {
    model: &'a dyn Model,
    scenario: &'a Scenario,
    closed: bool,
    open: bool,
    hostile: bool,
    statuses: Option<Vec<Status>>,
    claims: Vec<(String, Claim<'a>)>,
    limit: usize,
    replay: Option<FaultPlan>,
}

/// What a test says of each run.
type Claim<'a> = Box<dyn Fn(&Run) -> bool + 'a>;

impl<'a> FaultExploration<'a> {
    /// Says that the extension fails closed:
    ///
    /// - a request that the plain run denies reaches the upstream in no run;
    /// - a request reaches the upstream only if every callout that it waited for in the plain run, HTTP or gRPC, was
    ///   answered in the same way before. The callouts that count are those that its own stream made; those of the root context
    ///   are the extension's own business;
    /// - of a TCP connection of which the upstream gets nothing in the plain run, it gets nothing in any.
    ///
    /// An answer is no failure: if a header, a property or a shared value is absent, or a queue empty (1 and 7), the request may
    /// be another one, which is let in. The same goes for the data of a [`hostile`](FaultExploration::hostile) host.
    pub fn fail_closed(mut self) -> Self {
        self.closed = true;
        self
    }

    /// Says that the extension fails open: a request that reaches the upstream in the plain run does in each.
    pub fn fail_open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Says something of each run that the test itself knows, in words and as a condition. Not of runs in which a host lies.
    pub fn claim(mut self, what: impl Into<String>, holds: impl Fn(&Run) -> bool + 'a) -> Self {
        self.claims.push((what.into(), Box::new(holds)));
        self
    }

    /// Refuses with these statuses instead of those that hosts answer to each function.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = Status>) -> Self {
        self.statuses = Some(statuses.into_iter().collect());
        self
    }

    /// Adds what a host does that means harm: statuses that nobody knows, functions that succeed without an effect, and data that are
    /// cut, broken, made up, or there where none are.
    ///
    /// A stream that the host itself does not let go on is no hang of the extension then.
    pub fn hostile(mut self) -> Self {
        self.hostile = true;
        self
    }

    /// Ends after so many runs, the plain one among them. Those come first that differ most: the first time that a function is
    /// called in a callback.
    pub fn limit(mut self, runs: usize) -> Self {
        self.limit = runs;
        self
    }

    /// Makes one run only, with a plan that a report has printed.
    ///
    /// # Panics
    ///
    /// If it is no plan.
    #[track_caller]
    pub fn replay(mut self, plan: &str) -> Self {
        self.replay = Some(plan.parse().unwrap_or_else(|error| panic!("{error}")));
        self
    }

    /// Runs it, and fails the test if something is wrong in any run; with the report.
    ///
    /// # Panics
    ///
    /// As [`run`](FaultExploration::report), and if there is a violation.
    #[track_caller]
    pub fn check(self) {
        self.report().check();
    }

    /// Runs it.
    ///
    /// # Panics
    ///
    /// If the extension refuses its configuration in the plain run, if the environment asks for what there is not, and if a plan
    /// that is to be replayed is for calls that there are not.
    #[track_caller]
    pub fn report(self) -> Report {
        let asked = Asked::of_environment();
        let replay = match asked.replay("faults") {
            Some(plan) => Some(plan.parse().unwrap_or_else(|error| panic!("{error}"))),
            None => self.replay.clone(),
        };
        let start = Instant::now();
        let mut report = Report::new("faults", self.scenario.name(), self.model.name());
        let plain = observe(self.model, self.scenario, |builder| builder.record_calls());
        plain.assert_started();
        let mut problems = plain.problems.clone();
        problems.extend(self.broken_claims(&plain.run));
        report.add(Observed { problems, ..plain.brief() }.violations("faults", ""));
        if let Some(plan) = replay {
            let observed = self.attempt(&plain, &plan);
            assert!(!observed.struck.is_empty(), "no call meets the plan \"{plan}\"{}", Calls(&plain.calls));
            let shown =
                observed.timelines.iter().map(|(context, timeline)| format!("{context}{}", timeline.lines()));
            report.note(shown.collect::<Vec<_>>().join("\n"));
            report.add(observed.violations("faults", &plan.to_string()));
            return report.finish(0, start.elapsed());
        }
        let plans = self.plans(&plain.calls);
        let limit = asked.limit(self.limit).saturating_sub(1);
        let mut missed = 0;
        for plan in plans.iter().take(limit) {
            let observed = self.attempt(&plain, plan);
            missed += usize::from(observed.struck.is_empty());
            report.add(observed.violations("faults", &plan.to_string()));
        }
        if missed > 0 {
            report.note(format!("{missed} runs did not come to the call that they are about: the extension does not do the same each time"));
        }
        report.finish(plans.len().saturating_sub(limit), start.elapsed())
    }

    /// A run with that plan, and all that is wrong with it.
    fn attempt(&self, plain: &Observed, plan: &FaultPlan) -> Observed {
        let mut observed = beside(plain, self.model, self.scenario, |builder| builder.fault_plan(plan));
        if observed.struck.iter().any(legal::is_vital) {
            observed.problems.retain(|problem| !matches!(problem, Problem::Hang(_)));
        }
        // The same text for many plans would be, if the plain run is wrong already.
        observed.problems.retain(|problem| !plain.problems.contains(problem));
        let is_lie = |fault: &Fault| !matches!(fault.failure(), Failure::Status(_));
        if plan.faults().iter().any(is_lie) {
            return observed;
        }
        let failures = plan.faults().iter().map(Fault::failure);
        let is_answer =
            |failure: &Failure| observed.struck.iter().any(|call| legal::is_answer(call, failure));
        if self.closed && !failures.clone().any(is_answer) {
            observed
                .problems
                .extend(let_through(&plain.run, &observed.run).into_iter().map(Problem::FailOpen));
        }
        if self.open {
            observed.problems.extend(held_up(&plain.run, &observed.run).into_iter().map(Problem::Claim));
        }
        observed.problems.extend(self.broken_claims(&observed.run));
        observed
    }

    fn broken_claims(&self, run: &Run) -> Vec<Problem> {
        let broken = self.claims.iter().filter(|(_, holds)| !holds(run));
        broken.map(|(what, _)| Problem::Claim(format!("{what}: that does not hold"))).collect()
    }

    /// All plans, those first that differ most.
    fn plans(&self, calls: &[(HostCall, Callback)]) -> Vec<FaultPlan> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut plans = Vec::new();
        for (number, (call, callback)) in (1..).zip(calls) {
            for failure in self.failures(call, number) {
                let kind = match &failure {
                    Failure::Random(_) => "random".to_owned(),
                    failure => failure.to_string(),
                };
                let times = seen.entry(format!("{callback} {} {kind}", call.name())).or_default();
                plans.push((*times, Fault::new(call.name(), failure).overall(number)));
                *times += 1;
            }
        }
        let mut functions: HashMap<&str, (usize, Vec<Failure>)> = HashMap::new();
        let mut order = Vec::new();
        for (call, _) in calls {
            let (count, failures) = functions.entry(call.name()).or_insert_with(|| {
                order.push(call.name());
                (0, Vec::new())
            });
            *count += 1;
            for failure in self.failures(call, 0) {
                if matches!(failure, Failure::Status(_)) && !failures.contains(&failure) {
                    failures.push(failure);
                }
            }
        }
        for name in order {
            let (count, failures) = &functions[name];
            if *count > 1 {
                plans.extend(failures.iter().map(|failure| (1, Fault::new(name, failure.clone()))));
            }
        }
        plans.sort_by_key(|(times, _)| *times);
        plans.into_iter().map(|(_, fault)| FaultPlan::from(fault)).collect()
    }

    /// What a call may get.
    fn failures(&self, call: &HostCall, seed: u64) -> Vec<Failure> {
        let legal = legal::statuses(call);
        let statuses = match &self.statuses {
            Some(statuses) if !legal.is_empty() => statuses,
            _ => legal,
        };
        let mut failures: Vec<_> = statuses.iter().copied().map(Failure::Status).collect();
        if self.hostile {
            failures.extend(legal::hostile(call, seed));
        }
        failures
    }
}

impl fmt::Debug for FaultExploration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultExploration")
            .field("scenario", &self.scenario.name())
            .field("model", &self.model.name())
            .finish_non_exhaustive()
    }
}

/// The calls of the plain run, one in a line with its number.
struct Calls<'a>(&'a [(HostCall, Callback)]);

impl fmt::Display for Calls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\nin the plain run there are")?;
        (1..).zip(self.0).try_for_each(|(number, (call, callback))| {
            write!(f, "\n  call {number} {} in {callback}", call.name())
        })
    }
}
