//! The rules of upstreams.

use super::{All, Http, Protocol, Received};
use crate::matching::Matcher;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

/// What an [`Upstream`](crate::Upstream) does with the calls that a matcher is for. A clone is the same rule.
pub struct Rule<P: Protocol = Http>(Rc<State<P>>);

struct State<P: Protocol> {
    matcher: Matcher<P::Call>,
    place: &'static Location<'static>,
    name: RefCell<Option<String>>,
    /// One after the other; the last one is for all further calls.
    answers: RefCell<Vec<Reaction<P>>>,
    /// How many calls are expected, at least and at most.
    times: Cell<(usize, usize)>,
    calls: RefCell<Vec<Received<P>>>,
}

/// What makes an answer, and what it is delayed by.
struct Reaction<P: Protocol> {
    answer: Rc<RefCell<AnswerFn<P>>>,
    delay: Duration,
}

type AnswerFn<P> = dyn FnMut(&<P as Protocol>::Call) -> <P as Protocol>::Answer;

impl<P: Protocol> Rule<P> {
    #[track_caller]
    pub(super) fn new(matcher: Matcher<P::Call>) -> Self {
        Rule(Rc::new(State {
            matcher,
            place: Location::caller(),
            name: RefCell::default(),
            answers: RefCell::default(),
            times: Cell::new((0, usize::MAX)),
            calls: RefCell::default(),
        }))
    }

    /// Gives it a name, for failures.
    pub fn named(self, name: impl Into<String>) -> Self {
        self.0.name.replace(Some(name.into()));
        self
    }

    /// Does with the request what the closure says.
    pub fn answer_with(self, answer: impl FnMut(&P::Call) -> P::Answer + 'static) -> Self {
        let answer = Rc::new(RefCell::new(answer));
        self.0.answers.borrow_mut().push(Reaction { answer, delay: Duration::ZERO });
        self
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
    pub fn then(self, answer: impl Into<P::Answer>) -> Self {
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
    pub fn calls(&self) -> Vec<P::Call> {
        self.0.calls.borrow().iter().map(|call| call.borrow().clone()).collect()
    }

    pub(super) fn matcher(&self) -> &Matcher<P::Call> {
        &self.0.matcher
    }

    pub(super) fn matches(&self, call: &P::Call) -> bool {
        self.0.matcher.matches(call)
    }

    pub(super) fn answer(&self, received: &Received<P>) -> Result<P::Answer, String> {
        let number = {
            let mut calls = self.0.calls.borrow_mut();
            calls.push(received.clone());
            calls.len()
        };
        let (least, most) = self.0.times.get();
        if number > most {
            let received = All::<P>(&self.calls()).to_string();
            return Err(format!(
                "{self} expected {}, and this is number {number}{received}",
                Expected(least, most)
            ));
        }
        let reaction = {
            let answers = self.0.answers.borrow();
            answers
                .get(number - 1)
                .or(answers.last())
                .map(|reaction| (reaction.answer.clone(), reaction.delay))
        };
        let Some((answer, delay)) = reaction else { return Ok(P::otherwise()) };
        let call = received.borrow().clone();
        let answer = (answer.borrow_mut())(&call);
        Ok(if delay.is_zero() { answer } else { P::after(answer, delay) })
    }

    pub(super) fn disappointment(&self) -> Option<String> {
        let (least, most) = self.0.times.get();
        let actual = self.0.calls.borrow().len();
        (actual < least)
            .then(|| format!("{self} expected {}, and there were {actual}", Expected(least, most)))
    }
}

impl<P: Protocol> Clone for Rule<P> {
    fn clone(&self) -> Self {
        Rule(self.0.clone())
    }
}

impl<P: Protocol> fmt::Display for Rule<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0.name.borrow() {
            Some(name) => write!(f, "the rule {name:?}")?,
            None => write!(f, "the rule for {}", self.0.matcher)?,
        }
        write!(f, " ({}:{})", self.0.place.file(), self.0.place.line())
    }
}

impl<P: Protocol> fmt::Debug for Rule<P> {
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
