//! What each callback of the dispatcher must have returned: from what the extension's own callback returned,
//! and from what the host saw meanwhile.
//!
//! The host may call back while a callback runs, and from inside the calls of an error policy too, so there
//! is one entry per callback that has not ended.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use waxwing::__private::Answer;
use waxwing::ErrorPolicy;

/// The details of the answer that the policy gives, by which it differs from the extension's own.
const POLICY_DETAILS: &[u8] = b"extension_error";

const CONTINUE: u32 = 0;
const PAUSE: u32 = 1;

/// What an error policy tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Request,
    ResponseHeaders,
    ResponseBody,
    ResponseTrailers,
    Connection,
}

/// What the extension's own callback returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Continue,
    Pause,
    Respond,
    Error,
}

/// A callback that has not ended.
#[derive(Debug, Default)]
struct Entry {
    /// 0 if it does not matter.
    context: u32,
    /// None until the extension's own callback has returned, or if none ran.
    outcome: Option<Outcome>,
    /// A stream was made in it.
    made: bool,
    /// The host accepted the answer that the extension returned.
    responded: bool,
    /// How often the policy answered.
    answers: u32,
    /// How often the policy reset the stream.
    resets: u32,
    /// How many answers the host had accepted when it began.
    accepted_before: u32,
}

/// Whether a stream was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    No,
    Yes,
    /// Its id was repeated or deleted, and what was answered meanwhile may have been the one or the other.
    Unclear,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    policy: ErrorPolicy,
    entries: RefCell<Vec<Entry>>,
    streams: RefCell<BTreeMap<u32, Answered>>,
    accepted: Cell<u32>,
    /// The first thing that was wrong. Kept until the case has ended: a panic here would unwind through the
    /// dispatcher, which drops streams, which call the host.
    wrong: RefCell<Option<String>>,
}

impl Ledger {
    pub(crate) fn new(policy: ErrorPolicy) -> Self {
        Ledger {
            policy,
            entries: RefCell::default(),
            streams: RefCell::default(),
            accepted: Cell::new(0),
            wrong: RefCell::default(),
        }
    }

    pub(crate) fn wrong(&self) -> Option<String> {
        self.wrong.borrow().clone()
    }

    fn note_wrong(&self, what: String) {
        self.wrong.borrow_mut().get_or_insert(what);
    }

    // What the extension does.

    /// Its callback has returned.
    pub(crate) fn returned(&self, outcome: Outcome) {
        self.with_entry(|entry| {
            entry.outcome = Some(outcome);
            // These were its own.
            (entry.answers, entry.resets) = (0, 0);
        });
    }

    /// It has made a stream.
    pub(crate) fn made(&self) {
        self.with_entry(|entry| entry.made = true);
    }

    // What the host sees.

    /// A callback that no error policy judges; what it returns is ignored.
    pub(crate) fn other<T>(&self, callback: impl FnOnce() -> T) {
        self.entry(0, || drop(callback()));
    }

    /// What is asked from now on is asked for this context.
    pub(crate) fn act_on(&self, context: u32) {
        self.with_entry(|entry| entry.context = context);
    }

    /// A context is created.
    pub(crate) fn create(&self, context: u32, callback: impl FnOnce()) {
        let repeated = self.streams.borrow().contains_key(&context);
        self.streams.borrow_mut().insert(context, if repeated { Answered::Unclear } else { Answered::No });
        let entry = self.entry(context, callback);
        // The new stream has taken the place of the old one, and nothing answered it meanwhile.
        if entry.made && entry.accepted_before == self.accepted.get() && !self.is_open(context) {
            self.streams.borrow_mut().insert(context, Answered::No);
        }
    }

    /// A context is deleted.
    pub(crate) fn delete(&self, context: u32, callback: impl FnOnce()) {
        if let Some(answered) = self.streams.borrow_mut().get_mut(&context) {
            *answered = if self.is_open(context) { Answered::Unclear } else { Answered::No };
        }
        self.entry(context, callback);
    }

    /// The host is asked to answer.
    pub(crate) fn answer(&self, details: &[u8], answer: impl FnOnce() -> Answer) -> Answer {
        let context = self.with_entry(|entry| entry.context).unwrap_or(0);
        let by_policy = details == POLICY_DETAILS;
        if by_policy && self.answered(context) == Answered::Yes {
            self.note_wrong(format!("{:?}: context {context} is answered twice", self.policy));
        }
        let answer = answer();
        let accepted = answer.is_ok();
        if accepted {
            self.accepted.set(self.accepted.get() + 1);
            if let Some(answered @ Answered::No) = self.streams.borrow_mut().get_mut(&context) {
                *answered = Answered::Yes;
            }
        }
        self.with_entry(|entry| {
            entry.answers += u32::from(by_policy);
            entry.responded |= accepted && entry.outcome == Some(Outcome::Respond) && !by_policy;
        });
        answer
    }

    /// The host is asked to reset the stream.
    pub(crate) fn reset(&self) {
        self.with_entry(|entry| entry.resets += 1);
    }

    /// A callback of a request or a response. Gives what became of it, in the words of the coverage.
    pub(crate) fn stream(
        &self,
        phase: Phase,
        name: &str,
        context: u32,
        callback: impl FnOnce() -> u32,
    ) -> &'static str {
        let mut action = u32::MAX;
        let entry = self.entry(context, || action = callback());
        let responded = entry.responded;
        let (expected, what) = match entry.outcome {
            Some(Outcome::Continue) => ((CONTINUE, 0, 0), "continue"),
            Some(Outcome::Pause) => ((PAUSE, 0, 0), "pause"),
            Some(Outcome::Respond) if responded => ((PAUSE, 0, 0), "an answer"),
            Some(Outcome::Respond | Outcome::Error) => self.failed(phase, context, &entry),
            None => self.absent(),
        };
        let got = (action, entry.answers, entry.resets);
        if got != expected {
            let ran = match entry.outcome {
                Some(Outcome::Respond) if responded => "the extension answered".into(),
                Some(Outcome::Respond) => "the extension's answer was refused".into(),
                Some(outcome) => format!("the extension returned {outcome:?}"),
                None => "no callback of the extension ran".into(),
            };
            self.note_wrong(format!(
                "{:?}, {name} (context {context}, answered by now: {:?}): {ran}; then (action, the policy's answers, its \
                 resets) were {got:?} and should have been {expected:?}",
                self.policy,
                self.answered(context),
            ));
        }
        what
    }

    /// The action, the policy's answers, and its resets, after an error.
    fn failed(&self, phase: Phase, context: u32, entry: &Entry) -> ((u32, u32, u32), &'static str) {
        match (self.policy, phase) {
            (ErrorPolicy::FailOpen, _) => ((CONTINUE, 0, 0), "an error was turned into continue"),
            (_, Phase::ResponseTrailers) => ((PAUSE, 0, 0), "an error was turned into pause"),
            (ErrorPolicy::Reset, _) | (_, Phase::ResponseBody | Phase::Connection) => {
                ((PAUSE, 0, 1), "an error was turned into a reset")
            }
            (_, Phase::Request | Phase::ResponseHeaders) => {
                let answered = match self.answered(context) {
                    // Whether it gave the answer was judged when it did: the answer itself has changed this.
                    _ if entry.answers > 0 => false,
                    Answered::No => false,
                    Answered::Yes | Answered::Unclear => true,
                };
                match (answered, phase) {
                    (false, _) => ((PAUSE, 1, 0), "an error was turned into an answer"),
                    (true, Phase::ResponseHeaders) => {
                        ((CONTINUE, 0, 0), "an error after an answer was turned into continue")
                    }
                    (true, _) => ((PAUSE, 0, 0), "an error after an answer was turned into pause"),
                }
            }
        }
    }

    /// The same for a context that is unknown, or running.
    fn absent(&self) -> ((u32, u32, u32), &'static str) {
        match self.policy {
            ErrorPolicy::FailOpen => ((CONTINUE, 0, 0), "an absent context was turned into continue"),
            _ => ((PAUSE, 0, 0), "an absent context was turned into pause"),
        }
    }

    fn answered(&self, context: u32) -> Answered {
        self.streams.borrow().get(&context).copied().unwrap_or(Answered::No)
    }

    /// Runs a callback at a level of its own.
    fn entry(&self, context: u32, callback: impl FnOnce()) -> Entry {
        let accepted_before = self.accepted.get();
        self.entries.borrow_mut().push(Entry { context, accepted_before, ..Entry::default() });
        callback();
        self.entries.borrow_mut().pop().expect("it was pushed")
    }

    /// The innermost callback; none if the contexts are dropped at the end of the case.
    fn with_entry<T>(&self, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        self.entries.borrow_mut().last_mut().map(change)
    }

    /// Whether a callback of this context has not ended.
    fn is_open(&self, context: u32) -> bool {
        self.entries.borrow().iter().any(|entry| entry.context == context)
    }
}
