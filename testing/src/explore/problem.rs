//! What can be wrong with a run.

use crate::trap::Trap;
use std::fmt;

/// What is wrong with a run of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The extension trapped, and the scenario does not [expect](crate::Scenario::expect_trap) it.
    Trap(Trap),
    /// A stream is paused, or a connection held back, and nothing is pending that could resume it; or events follow each other
    /// without end, or host calls in one callback.
    Hang(String),
    /// All is over, and something is still there: a stream, a callout that neither an answer nor a timeout ends, a gRPC call
    /// whose stream has ended, a root context that is asked to go and never does.
    Leak(String),
    /// A request came through that should not have.
    FailOpen(String),
    /// The answer to a callout of one stream resumed or answered another one, which waits for an answer of its own.
    WrongStream(String),
    /// Something looks otherwise from outside than in the plain run, and nothing in between accounts for it.
    Difference(String),
    /// The extension did what hosts accept and then treat badly.
    Misuse(String),
    /// What the test claims of a run does not hold.
    Claim(String),
    /// A closure of the test, an upstream say, panicked.
    Panic(String),
}

impl Problem {
    /// In one or two words.
    pub fn name(&self) -> &'static str {
        match self {
            Problem::Trap(_) => "trap",
            Problem::Hang(_) => "hang",
            Problem::Leak(_) => "leak",
            Problem::FailOpen(_) => "fail-open",
            Problem::WrongStream(_) => "wrong stream",
            Problem::Difference(_) => "difference",
            Problem::Misuse(_) => "misuse",
            Problem::Claim(_) => "broken claim",
            Problem::Panic(_) => "panic of the test",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It begins with that word.
            Problem::Trap(trap) => trap.fmt(f),
            Problem::Hang(text)
            | Problem::Leak(text)
            | Problem::FailOpen(text)
            | Problem::WrongStream(text)
            | Problem::Difference(text)
            | Problem::Misuse(text)
            | Problem::Claim(text)
            | Problem::Panic(text) => write!(f, "{}: {text}", self.name()),
        }
    }
}
