//! Why an extension does not start.

use crate::core::{NotMade, Refusal};
use crate::log::{LogLine, Logs};
use crate::trap::Trap;
use std::fmt;
use waxwing::__private::Callback;

/// Why an extension did not start, or did not take a new configuration.
#[derive(Clone, Debug)]
pub struct StartError {
    cause: Cause,
    logs: Logs,
}

#[derive(Clone, Debug)]
enum Cause {
    Unloadable(String),
    Refused(Callback),
    Trapped(Trap),
}

impl StartError {
    pub(crate) fn new(reason: NotMade, logs: Vec<LogLine>) -> Self {
        let cause = match reason {
            NotMade::Unloadable(problem) => Cause::Unloadable(problem),
            NotMade::Refused(Refusal::Refused(callback)) => Cause::Refused(callback),
            NotMade::Refused(Refusal::Missing(problem)) => Cause::Unloadable(problem),
            NotMade::Refused(Refusal::Trapped(trap)) => Cause::Trapped(trap.look().clone()),
        };
        StartError { cause, logs: Logs::new(logs) }
    }

    /// The callback that returned false, if one did.
    pub fn refused_by(&self) -> Option<Callback> {
        match &self.cause {
            Cause::Refused(callback) => Some(*callback),
            _ => None,
        }
    }

    /// The trap, if it trapped.
    pub fn trap(&self) -> Option<&Trap> {
        match &self.cause {
            Cause::Trapped(trap) => Some(trap),
            _ => None,
        }
    }

    /// What the extension logged until then.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Unloadable(problem) => return write!(f, "the extension cannot be loaded: {problem}"),
            Cause::Refused(Callback::Configure) => f.write_str("the extension refuses its configuration")?,
            Cause::Refused(callback) => write!(f, "the extension refuses to start: {callback} is false")?,
            Cause::Trapped(trap) => write!(f, "the extension traps when it starts: {trap}")?,
        }
        write!(f, "\n{}", self.logs)
    }
}

impl std::error::Error for StartError {}
