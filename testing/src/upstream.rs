//! Upstreams of callouts, as a test makes them up.

use crate::answer::Answer;
use crate::matching::Matcher;
use crate::{Request, Response};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

/// An upstream that an extension can call: a cluster of the proxy's, by its name.
///
/// [`Host::upstream`](crate::Host::upstream) makes one. What it answers is said by rules; the first whose matcher
/// holds is the one. A call for which there is no rule fails the test, and says which rule came closest. A clone
/// is the same upstream.
///
/// ```
/// use std::time::Duration;
/// use waxwing_testing::matching::{any, header, method, path};
/// use waxwing_testing::{Response, Upstream};
///
/// let authz = Upstream::new("authz");
/// authz
///     .on(method("POST").and(path("/check")).and(header("x-token", "t0")))
///     .named("a known token")
///     .reply(Response::new(200).header("x-user", "ana"))
///     .delay(Duration::from_millis(30));
/// authz.on(any()).reply(Response::new(403));
/// ```
#[derive(Clone)]
pub struct Upstream(Rc<State>);

struct State {
    name: String,
    healthy: Cell<bool>,
    rules: RefCell<Vec<Rule>>,
    calls: RefCell<Vec<Request>>,
}

impl Upstream {
    /// An upstream without rules. [`HostBuilder::upstream`](crate::HostBuilder::upstream) gives it to a host that
    /// calls it while it starts; otherwise [`Host::upstream`](crate::Host::upstream) is shorter.
    pub fn new(name: impl Into<String>) -> Self {
        Upstream(Rc::new(State {
            name: name.into(),
            healthy: Cell::new(true),
            rules: RefCell::default(),
            calls: RefCell::default(),
        }))
    }

    /// The name of the cluster.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Adds a rule, behind the others. It answers 200, without a body, unless something else is said.
    #[track_caller]
    pub fn on(&self, matcher: impl Into<Matcher>) -> Rule {
        let rule = Rule(Rc::new(RuleState {
            matcher: matcher.into(),
            place: Location::caller(),
            name: RefCell::default(),
            answers: RefCell::default(),
            times: Cell::new((0, usize::MAX)),
            calls: RefCell::default(),
        }));
        self.0.rules.borrow_mut().push(rule.clone());
        rule
    }

    /// Says whether the cluster has a healthy host; it has unless something else is said. Without one, calls
    /// fail at once: nothing is sent, no callback comes, and the host function answers 10 (internal failure).
    pub fn set_healthy(&self, healthy: bool) {
        self.0.healthy.set(healthy);
    }

    /// What it has received so far, in order.
    pub fn calls(&self) -> Vec<Request> {
        self.0.calls.borrow().clone()
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.0.healthy.get()
    }

    /// What it does with a request; the error is why the test fails.
    pub(crate) fn receive(&self, request: &Request) -> Result<Answer, String> {
        self.0.calls.borrow_mut().push(request.clone());
        // Cloned, so that nothing is borrowed while the test's code runs.
        let rules = self.0.rules.borrow().clone();
        match rules.iter().find(|rule| rule.0.matcher.matches(request)) {
            Some(rule) => {
                rule.receive(request).map_err(|problem| format!("upstream {:?}: {problem}", self.name()))
            }
            None => Err(self.near_miss(&rules, request)),
        }
    }

    /// Why no rule is for this request.
    fn near_miss(&self, rules: &[Rule], request: &Request) -> String {
        let what = format!("upstream {:?}: no rule is for this call\n{}", self.name(), Lines(request));
        let misses = rules.iter().map(|rule| (rule, rule.0.matcher.problems(request)));
        // The fewest problems; of those, the most conditions that hold.
        let closest =
            misses.min_by_key(|(rule, problems)| (problems.len(), usize::MAX - rule.0.matcher.len()));
        match closest {
            Some((rule, problems)) => {
                format!("{what}\nthe closest is {rule}, but {}", problems.join(", and "))
            }
            None => format!("{what}\nit has no rules; `host.upstream({:?}).on(any())` adds one", self.name()),
        }
    }

    /// What the rules expected and did not get.
    fn disappointments(&self) -> Vec<String> {
        let rules = self.0.rules.borrow();
        let problems = rules.iter().filter_map(Rule::disappointment);
        problems
            .map(|problem| format!("upstream {:?}: {problem}{}", self.name(), Received(&self.calls())))
            .collect()
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("name", &self.name())
            .field("calls", &self.0.calls.borrow().len())
            .finish_non_exhaustive()
    }
}

/// What an [`Upstream`] does with the calls that a matcher is for. A clone is the same rule.
#[derive(Clone)]
pub struct Rule(Rc<RuleState>);

struct RuleState {
    matcher: Matcher,
    place: &'static Location<'static>,
    name: RefCell<Option<String>>,
    /// One after the other; the last one is for all further calls.
    answers: RefCell<Vec<Reaction>>,
    /// How many calls are expected, at least and at most.
    times: Cell<(usize, usize)>,
    calls: RefCell<Vec<Request>>,
}

type AnswerFn = dyn FnMut(&Request) -> Answer;

/// What makes an answer, and what it is delayed by.
#[derive(Clone)]
struct Reaction {
    answer: Rc<RefCell<AnswerFn>>,
    delay: Duration,
}

impl Rule {
    /// Gives it a name, for failures.
    pub fn named(self, name: impl Into<String>) -> Self {
        self.0.name.replace(Some(name.into()));
        self
    }

    /// Answers with this response.
    pub fn reply(self, response: Response) -> Self {
        self.then(response)
    }

    /// Answers with what the closure makes of the request.
    pub fn reply_with(self, mut response: impl FnMut(&Request) -> Response + 'static) -> Self {
        self.answer_with(move |request| response(request).into())
    }

    /// Does with the request what the closure says.
    pub fn answer_with(self, answer: impl FnMut(&Request) -> Answer + 'static) -> Self {
        let answer = Rc::new(RefCell::new(answer));
        self.0.answers.borrow_mut().push(Reaction { answer, delay: Duration::ZERO });
        self
    }

    /// Takes the request and never answers.
    pub fn hang(self) -> Self {
        self.then(Answer::Hang)
    }

    /// Begins to answer with this response, and closes the connection before its end.
    pub fn break_off(self, response: Response) -> Self {
        self.then(Answer::BreakOff(response))
    }

    /// Takes the request and closes the connection without an answer.
    pub fn reset(self) -> Self {
        self.then(Answer::Reset)
    }

    /// Refuses the connection.
    pub fn refuse(self) -> Self {
        self.then(Answer::Refuse)
    }

    /// Adds an answer. The first call gets the first one, the second call the second, and so on; those after
    /// the last one get that.
    ///
    /// ```
    /// # use waxwing_testing::matching::any;
    /// # use waxwing_testing::{Answer, Response, Upstream};
    /// let flaky = Upstream::new("flaky");
    /// flaky.on(any()).refuse().then(Response::new(503)).then(Response::new(200));
    /// ```
    pub fn then(self, answer: impl Into<Answer>) -> Self {
        let answer = answer.into();
        self.answer_with(move |_| answer.clone())
    }

    /// Lets the answer that was added last take that long.
    ///
    /// # Panics
    ///
    /// If no answer was added.
    #[track_caller]
    pub fn delay(self, delay: Duration) -> Self {
        match self.0.answers.borrow_mut().last_mut() {
            Some(reaction) => reaction.delay = delay,
            None => panic!("there is no answer to delay yet: say `.reply(…)` before `.delay(…)`"),
        }
        self
    }

    /// Expects that many calls: a number, or a range. More of them fail the test at once; fewer do when the host
    /// is dropped.
    ///
    /// ```
    /// # use waxwing_testing::matching::{any, path};
    /// # use waxwing_testing::Upstream;
    /// let log = Upstream::new("log");
    /// log.on(path("/flush")).times(1);
    /// log.on(any()).times(2..=3);
    /// ```
    pub fn times(self, times: impl Times) -> Self {
        self.0.times.set(times.least_and_most());
        self
    }

    /// The calls that it has answered so far, in order.
    pub fn calls(&self) -> Vec<Request> {
        self.0.calls.borrow().clone()
    }

    fn receive(&self, request: &Request) -> Result<Answer, String> {
        let number = {
            let mut calls = self.0.calls.borrow_mut();
            calls.push(request.clone());
            calls.len()
        };
        let (least, most) = self.0.times.get();
        if number > most {
            let received = Received(&self.calls()).to_string();
            return Err(format!(
                "{self} expected {}, and this is number {number}{received}",
                Expected(least, most)
            ));
        }
        let reaction = {
            let answers = self.0.answers.borrow();
            answers.get(number - 1).or(answers.last()).cloned()
        };
        let Some(Reaction { answer, delay }) = reaction else { return Ok(Response::new(200).into()) };
        let answer = (answer.borrow_mut())(request);
        Ok(if delay.is_zero() { answer } else { answer.after(delay) })
    }

    fn disappointment(&self) -> Option<String> {
        let (least, most) = self.0.times.get();
        let actual = self.0.calls.borrow().len();
        (actual < least)
            .then(|| format!("{self} expected {}, and there were {actual}", Expected(least, most)))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0.name.borrow() {
            Some(name) => write!(f, "the rule {name:?}")?,
            None => write!(f, "the rule for {}", self.0.matcher)?,
        }
        write!(f, " ({}:{})", self.0.place.file(), self.0.place.line())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({self})")
    }
}

/// A number of calls: one that is exact, or a range.
pub trait Times {
    /// The least and the most that are expected.
    fn least_and_most(&self) -> (usize, usize);
}

impl Times for usize {
    fn least_and_most(&self) -> (usize, usize) {
        (*self, *self)
    }
}

macro_rules! times {
    ($($range:ty),*) => { $(
        impl Times for $range {
            fn least_and_most(&self) -> (usize, usize) {
                let least = match self.start_bound() {
                    Bound::Included(least) => *least,
                    Bound::Excluded(below) => below.saturating_add(1),
                    Bound::Unbounded => 0,
                };
                let most = match self.end_bound() {
                    Bound::Included(most) => *most,
                    Bound::Excluded(above) => above.saturating_sub(1),
                    Bound::Unbounded => usize::MAX,
                };
                (least, most)
            }
        }
    )* };
}

times!(
    std::ops::Range<usize>,
    std::ops::RangeFrom<usize>,
    std::ops::RangeInclusive<usize>,
    std::ops::RangeTo<usize>,
    std::ops::RangeToInclusive<usize>
);

/// The upstreams that a host knows, by name.
#[derive(Debug, Default)]
pub(crate) struct Upstreams(RefCell<BTreeMap<String, Upstream>>);

impl Upstreams {
    /// Makes an upstream known.
    #[track_caller]
    pub(crate) fn add(&self, upstream: Upstream) {
        let name = upstream.name().to_owned();
        let before = self.0.borrow_mut().insert(name.clone(), upstream);
        assert!(before.is_none(), "this host has an upstream {name:?} already");
    }

    pub(crate) fn get(&self, name: &str) -> Option<Upstream> {
        self.0.borrow().get(name).cloned()
    }

    /// The one of that name, which is made if there is none.
    pub(crate) fn get_or_add(&self, name: &str) -> Upstream {
        self.0.borrow_mut().entry(name.to_owned()).or_insert_with(|| Upstream::new(name)).clone()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.borrow().keys().cloned().collect()
    }

    /// What was expected of them and did not come.
    pub(crate) fn disappointments(&self) -> Vec<String> {
        self.0.borrow().values().flat_map(Upstream::disappointments).collect()
    }
}

/// A request as lines, indented.
struct Lines<'a>(&'a Request);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = self.0;
        write!(f, "  {} {}", request.method(), request.path())?;
        for (name, value) in
            request.headers().iter().filter(|(name, _)| ![&b":method"[..], b":path"].contains(name))
        {
            write!(f, "\n  {}: {}", name.escape_ascii(), crate::quoted::Quoted(value))?;
        }
        if !request.body_bytes().is_empty() {
            write!(f, "\n  (body) {}", crate::quoted::Quoted(&request.body_bytes()))?;
        }
        Ok(())
    }
}

/// The calls that came, one a line.
struct Received<'a>(&'a [Request]);

impl fmt::Display for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("\nit received nothing");
        }
        f.write_str("\nit received")?;
        self.0.iter().try_for_each(|request| write!(f, "\n  {} {}", request.method(), request.path()))
    }
}

/// A number of calls in words.
struct Expected(usize, usize);

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (1, 1) => f.write_str("1 call"),
            (least, most) if least == most => write!(f, "{least} calls"),
            (least, usize::MAX) => write!(f, "at least {least} calls"),
            (least, most) => write!(f, "{least} to {most} calls"),
        }
    }
}
