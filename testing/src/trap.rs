//! Traps: the end of a VM.

use crate::failure;
use crate::timeline::Event;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use waxwing::__private::Callback;

/// A guest stopped in the middle of a callback: natively it panicked, as `.wasm` it trapped.
///
/// Its VM is dead from then on, as a proxy's is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trap {
    /// What it said: the message of the panic, or the engine's word for the trap.
    pub message: String,
    /// Where, as `file:line:column`, if known.
    pub location: Option<String>,
    /// The backtrace, if `RUST_BACKTRACE` asks for one.
    pub backtrace: Option<String>,
    /// The callback in which it happened; `None` while the module started.
    pub during: Option<Callback>,
}

impl Trap {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Trap { message: message.into(), location: None, backtrace: None, during: None }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.during {
            Some(callback) => write!(f, "trap in {callback}")?,
            None => f.write_str("trap")?,
        }
        if let Some(location) = &self.location {
            write!(f, " at {location}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Trap {}

/// The first of these with `text` in the message, of those that the test has not looked at; if it has looked at all, the first.
#[track_caller]
pub(crate) fn expect(traps: &[Sighting], text: &str) -> Trap {
    assert!(!traps.is_empty(), "expected a trap with {text:?}, and there was none");
    let with_text = || traps.iter().filter(|trap| trap.trap.message.contains(text));
    let expected = with_text().find(|trap| trap.unseen().is_some()).or_else(|| with_text().next());
    let Some(expected) = expected else {
        let all: String = traps.iter().map(|trap| format!("\n  {}", trap.look())).collect();
        failure::fail(&format!("expected a trap with {text:?}, and there was:{all}"));
    };
    expected.look().clone()
}

/// A trap, and whether the test has looked at it.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    trap: Rc<Trap>,
    seen: Rc<Cell<bool>>,
    /// What is known of the stream that met it, with styles.
    evidence: Rc<RefCell<Option<String>>>,
}

impl Sighting {
    pub(crate) fn new(trap: Trap) -> Self {
        Sighting { trap: Rc::new(trap), seen: Rc::default(), evidence: Rc::default() }
    }

    /// Keeps what is known of the stream that met it, if `events` are those of that stream, and nothing is kept yet.
    pub(crate) fn keep(&self, events: &[Event], evidence: impl FnOnce() -> String) {
        let met = |event: &Event| matches!(event, Event::Trap(trap) if *trap == *self.trap);
        if self.evidence.borrow().is_none() && events.iter().any(met) {
            self.evidence.replace(Some(evidence()));
        }
    }

    /// What is known of the stream that met it.
    pub(crate) fn evidence(&self) -> Option<String> {
        self.evidence.borrow().clone()
    }

    /// The trap, which counts as seen from now on.
    pub(crate) fn look(&self) -> &Trap {
        self.seen.set(true);
        &self.trap
    }

    /// The trap, if nobody has looked at it.
    pub(crate) fn unseen(&self) -> Option<&Trap> {
        (!self.seen.get()).then_some(&*self.trap)
    }
}
