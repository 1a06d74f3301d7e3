//! What an upstream does with some of its calls.

use crate::answer::Answer;
use crate::matching::Matcher;
use crate::{Request, Response};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

/// What an [`Upstream`](crate::Upstream) does with the calls that a matcher is for. A clone is the same rule.
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
    pub(crate) fn new(matcher: Matcher, place: &'static Location<'static>) -> Self {
        Rule(Rc::new(RuleState {
            matcher,
            place,
            name: RefCell::default(),
            answers: RefCell::default(),
            times: Cell::new((0, usize::MAX)),
            calls: RefCell::default(),
        }))
    }

    pub(crate) fn matcher(&self) -> &Matcher {
        &self.0.matcher
    }

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

    /// What it does with a request; the error is why the test fails.
    pub(crate) fn receive(&self, request: &Request) -> Result<Answer, String> {
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

    /// What was expected of it and did not come.
    pub(crate) fn disappointment(&self) -> Option<String> {
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

/// The calls that came, one a line.
pub(crate) struct Received<'a>(pub(crate) &'a [Request]);

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
