//! Runs of a scenario in the orders in which a real proxy may let things happen.

mod action;
mod choice;
mod client;
mod judge;
mod options;
mod plan;
mod play;
mod search;
mod sending;
mod shrink;
mod words;

use super::bound::Asked;
use super::model::Model;
use super::problem::Problem;
use super::report::{Extent, Report};
use super::violation::{self, Violation};
use crate::panic;
use crate::run::Run;
use crate::scenario::Scenario;
use crate::step::Step;
use choice::Choices;
use play::{Allowed, Play, Played};
use search::Bound;
use std::fmt;
use std::time::Instant;

/// Plays a scenario in many orders that a real proxy may produce, and looks for one in which the extension does what none
/// should.
///
/// What varies:
///
/// - bodies, of requests and responses, are cut anywhere, and end on their last piece, on an empty one, or on trailers
///   (`x-added-trailer`, which is not compared);
/// - the requests between two [waits](Scenario::wait) are under way at once, each on any worker, and their parts come in any
///   order;
/// - the upstream answers as soon as it has the headers of the request, or later;
/// - callouts, gRPC calls and lookups are answered in any order and between any two parts of a body, in time if they are in the
///   plain run;
/// - timers fire between any two events, and items of queues are delivered;
/// - clients go away and the configuration comes once more, if [`disconnects`](Orders::disconnects) and
///   [`reconfigurations`](Orders::reconfigurations) say so.
///
/// What is wrong in any order: a [`Problem`]. A difference is one: what the upstream and the client of an exchange see,
/// and what was logged for it, must be what they are in the plain run. Where the extension knows something of other requests,
/// a budget or a cache, that is not so; see [`may_differ`](Orders::may_differ), [`one_at_a_time`](Orders::one_at_a_time) and
/// [`check_each`](Orders::check_each).
///
/// If there are at most as many orders as the [`limit`](Orders::limit), all of them are played; else so many are drawn from a
/// seed, the same ones on every machine. The first order in which something is wrong is made as small as possible, and
/// printed as steps in words, with the line that plays it again.
///
/// ```no_run
/// use waxwing_testing::{Native, Request, Response, Scenario, explore};
/// # fn run<Auth: waxwing::Module>() {
///
/// let scenario = Scenario::new("asks for each request")
///     .cluster("authz", |_| Response::new(200).into())
///     .request(Request::post("/orders").body("two apples"))
///     .request(Request::get("/orders"));
/// explore::orders(&Native::<Auth>::new(), &scenario).disconnects().check();
/// # }
/// ```
///
/// # Panics
///
/// If the scenario has TCP connections, whose scripts say what comes after what.
#[track_caller]
pub fn orders<'a>(model: &'a dyn Model, scenario: &'a Scenario) -> Orders<'a> {
    let is_connection = |step: &Step| matches!(step, Step::Connection(_));
    assert!(
        !scenario.steps().iter().any(is_connection),
        "scenario {:?}: explore::orders is about requests, and this one has connections",
        scenario.name()
    );
    scenario.check_steps();
    Orders {
        model,
        scenario,
        allowed: Allowed { early_answers: true, ..Allowed::default() },
        may_differ: false,
        claim: None,
        seed: 0,
        limit: LIMIT,
    }
}

/// An exploration of orders. See [`orders`].
#[must_use = "`check()` plays them"]
pub struct Orders<'a> {
    model: &'a dyn Model,
    scenario: &'a Scenario,
    allowed: Allowed,
    may_differ: bool,
    claim: Option<Claim<'a>>,
    seed: u64,
    limit: usize,
}

/// What a test says of each run, by a panic if it does not hold.
type Claim<'a> = Box<dyn Fn(&Run) + 'a>;

impl<'a> Orders<'a> {
    /// Lets clients go away at any point.
    ///
    /// Their exchanges are not compared with those of the plain run; those of the others are.
    pub fn disconnects(mut self) -> Self {
        self.allowed.disconnects = true;
        self
    }

    /// Lets the host give the extension its configuration once more, in each worker, at any point while requests are under
    /// way.
    pub fn reconfigurations(mut self) -> Self {
        self.allowed.reconfigurations = true;
        self
    }

    /// Has each request wait for the response to the one before it, as in the plain run.
    pub fn one_at_a_time(mut self) -> Self {
        self.allowed.one_at_a_time = true;
        self
    }

    /// Has the upstream wait for the end of each request before it answers.
    pub fn answers_after_requests(mut self) -> Self {
        self.allowed.early_answers = false;
        self
    }

    /// Lets exchanges differ from those of the plain run: in what was forwarded, answered and logged. That a request comes
    /// through which does not in the plain run is no problem then, either.
    pub fn may_differ(mut self) -> Self {
        self.may_differ = true;
        self
    }

    /// Looks at each run with this closure, whose panic is a [broken claim](Problem::Claim). It is called for the plain run as
    /// well, and not for runs with which something else is wrong.
    ///
    /// The exchanges are in the order of the scenario; a client that went away has one that was
    /// [reset](crate::Outcome::Reset).
    pub fn check_each(mut self, claim: impl Fn(&Run) + 'a) -> Self {
        self.claim = Some(Box::new(claim));
        self
    }

    /// Sets the seed from which orders are drawn if there are too many; 0 by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how many orders are played at most, 1000 by default. The environment variable
    /// [`WAXWING_EXPLORE`](crate::explore#how-much) has precedence.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Plays them, and fails the test if something is wrong in one.
    ///
    /// # Panics
    ///
    /// If something is wrong, with the report; and as [`report`](Orders::report) does.
    #[track_caller]
    pub fn check(&self) {
        self.report().check();
    }

    /// Plays them, until something is wrong in one.
    ///
    /// # Panics
    ///
    /// If the extension refuses its configuration, or the environment variable `WAXWING_EXPLORE` says what it cannot.
    #[track_caller]
    pub fn report(&self) -> Report {
        let start = Instant::now();
        let asked = Asked::of_environment();
        let mut report = Report::new("orders", self.scenario.name(), self.model.name());
        let plain = self.play(Choices::given(Vec::new()), None, false);
        report.add(self.violation(&plain, None));
        if !plain.problems.is_empty() {
            return report.finish(0, start.elapsed());
        }
        if let Some(plan) = asked.replay("orders") {
            let Some(choices) = plan::parse(plan) else {
                panic!(
                    "WAXWING_EXPLORE='orders:{plan}': expected what a report prints, such as `orders:2.0x7.1`"
                )
            };
            let played = self.play(Choices::given(choices), Some(&plain), true);
            println!(
                "explore::orders of scenario {:?} plays {plan}{}",
                self.scenario.name(),
                violation::Step::lines(&played.steps)
            );
            report.add(self.violation(&played, Some(&plain)));
            return report.finish(0, start.elapsed());
        }
        let bound = match asked {
            Asked::Complete => Bound { limit: COMPLETE, tries_all: true },
            _ => Bound { limit: asked.limit(self.limit), tries_all: false },
        };
        let mut failing = None;
        let searched = search::search(self.seed, bound, |choices| {
            let played = self.play(choices, Some(&plain), false);
            let found = !played.problems.is_empty();
            let choices = played.choices.clone();
            if found {
                failing = Some(played);
            }
            (choices, found)
        });
        report.add_runs(searched.runs);
        let drawn_from = (!searched.complete).then_some(self.seed);
        report.extends_to(Extent { distinct: searched.distinct, drawn_from });
        if let Some(failing) = failing {
            let smallest = self.smallest(&failing, &plain);
            report.violate(self.violation(&smallest, Some(&plain)));
        }
        report.finish(0, start.elapsed())
    }

    /// The smallest order in which the same is wrong, told.
    fn smallest(&self, failing: &Played, plain: &Played) -> Played {
        let taken =
            |played: &Played| played.choices.iter().map(|choice| choice.taken).collect::<Vec<usize>>();
        let is_same = |played: &Played| match (played.problems.first(), failing.problems.first()) {
            (Some(Problem::Trap(trap)), Some(Problem::Trap(other))) => {
                (&trap.message, trap.during) == (&other.message, other.during)
            }
            (problem, other) => problem.map(Problem::name) == other.map(Problem::name),
        };
        let smallest = shrink::shrink(taken(failing), SHRINK_ATTEMPTS, |choices| {
            let played = self.play(Choices::given(choices.to_vec()), Some(plain), false);
            is_same(&played).then(|| taken(&played))
        });
        self.play(Choices::given(smallest), Some(plain), true)
    }

    /// A run with these choices, and what is wrong with it.
    #[track_caller]
    fn play(&self, choices: Choices, plain: Option<&Played>, told: bool) -> Played {
        let told = told || self.claim.is_some() || plain.is_none();
        let play = Play::new(self.model.builder(), self.scenario, self.allowed, plain, choices);
        let play = play.unwrap_or_else(|error| panic!("{error}"));
        let mut played = if told { play.told() } else { play }.run();
        if let Some(plain) = plain.filter(|_| played.problems.is_empty() && self.compares()) {
            played.problems.extend(judge::problem(plain, &played));
        }
        if let Some(claim) = self.claim.as_ref().filter(|_| played.problems.is_empty())
            && let Err(panic) = panic::catch(|| claim(&played.run))
        {
            played.problems.push(Problem::Claim(panic.text));
        }
        played
    }

    /// Whether exchanges are compared: what a trap leaves is not.
    fn compares(&self) -> bool {
        !self.may_differ && self.scenario.expected_traps().is_empty()
    }

    fn violation(&self, played: &Played, plain: Option<&Played>) -> Vec<Violation> {
        let Some(problem) = played.problems.first() else { return Vec::new() };
        let plan = plain.map(|_| plan::text(&played.choices)).unwrap_or_default();
        vec![Violation {
            problem: problem.clone(),
            replay: format!("orders:{plan}"),
            plan,
            steps: played.steps.clone(),
            timelines: played.timelines.clone(),
        }]
    }
}

impl fmt::Debug for Orders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orders")
            .field("scenario", &self.scenario.name())
            .field("allowed", &self.allowed)
            .field("may_differ", &self.may_differ)
            .field("seed", &self.seed)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// How many orders are played in CI.
const LIMIT: usize = 1000;
/// Where all there are is asked for, twice as many are tried one after the other; if there are more, that is all.
const COMPLETE: usize = 200_000;
/// How many orders are played to find the smallest one.
const SHRINK_ATTEMPTS: usize = 2000;
