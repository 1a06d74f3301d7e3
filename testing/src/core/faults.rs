//! The faults that a test has asked for, and the calls that meet them.

use crate::fault::{Failure, Fault};
use crate::host_call::HostCall;
use crate::random::Random;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use waxwing::__private::{Answer, Callback};
use waxwing::Status;

/// The faults of a process, and the number of calls so far.
#[derive(Default)]
pub(crate) struct Faults {
    /// Whether calls are counted: as long as there is no reason to, nothing is.
    counting: Cell<bool>,
    number: Cell<u64>,
    of_function: RefCell<HashMap<String, u64>>,
    rules: RefCell<Vec<Rule>>,
    /// The calls that met a fault.
    struck: RefCell<Vec<HostCall>>,
    /// All calls, if somebody wants to know, with the callback in which each was made.
    recorded: RefCell<Option<Vec<(HostCall, Callback)>>>,
}

/// What a test says of a call that it looks at.
type FaultOf = Box<dyn FnMut(&HostCall) -> Option<Failure>>;

enum Rule {
    Fault {
        fault: Fault,
        /// A test that gives one wants it to be met.
        expected: bool,
        met: bool,
    },
    Closure {
        /// Where the test gives it.
        place: String,
        closure: FaultOf,
        met: bool,
    },
}

impl Faults {
    pub(crate) fn add(&self, fault: Fault, expected: bool) {
        self.counting.set(true);
        self.rules.borrow_mut().push(Rule::Fault { fault, expected, met: false });
    }

    pub(crate) fn add_closure(&self, place: String, closure: FaultOf) {
        self.counting.set(true);
        self.rules.borrow_mut().push(Rule::Closure { place, closure, met: false });
    }

    /// Keeps all calls from now on.
    pub(crate) fn record(&self) {
        self.counting.set(true);
        self.recorded.replace(Some(Vec::new()));
    }

    /// All calls since then.
    pub(crate) fn recorded(&self) -> Vec<(HostCall, Callback)> {
        self.recorded.take().unwrap_or_default()
    }

    /// The calls that met a fault, in order.
    pub(crate) fn struck(&self) -> Vec<HostCall> {
        self.struck.borrow().clone()
    }

    /// What a call gets, if it meets a fault, and the words for it.
    fn strike(&self, call: &HostCall, callback: Callback) -> Option<(Failure, String)> {
        if !self.counting.get() {
            return None;
        }
        self.number.set(self.number.get() + 1);
        let of_function = {
            let mut counts = self.of_function.borrow_mut();
            let count = counts.entry(call.name().to_owned()).or_default();
            *count += 1;
            *count
        };
        if let Some(recorded) = &mut *self.recorded.borrow_mut() {
            recorded.push((call.clone(), callback));
        }
        // Taken out while the test's closures run; those that they add come behind.
        let mut rules = self.rules.take();
        let found = rules.iter_mut().find_map(|rule| rule.strike(call, self.number.get(), of_function));
        let added = self.rules.replace(rules);
        self.rules.borrow_mut().extend(added);
        if found.is_some() {
            self.struck.borrow_mut().push(call.clone());
        }
        found
    }

    /// What was expected to be met and was not.
    pub(crate) fn disappointments(&self) -> Vec<String> {
        let rules = self.rules.borrow();
        rules.iter().filter_map(Rule::disappointment).map(|problem| format!("{problem}{self}")).collect()
    }
}

impl Rule {
    fn strike(&mut self, call: &HostCall, number: u64, of_function: u64) -> Option<(Failure, String)> {
        match self {
            Rule::Fault { fault, met, .. } => fault.meets(call.name(), number, of_function).then(|| {
                *met = true;
                (fault.failure().clone(), fault.to_string())
            }),
            Rule::Closure { place, closure, met } => closure(call).map(|failure| {
                *met = true;
                let text = format!("call {number} {} -> {failure}, of the closure at {place}", call.name());
                (failure, text)
            }),
        }
    }

    fn disappointment(&self) -> Option<String> {
        match self {
            Rule::Fault { fault, expected: true, met: false } => {
                Some(format!("the fault \"{fault}\" was never met: there was no such call"))
            }
            Rule::Closure { place, met: false, .. } => {
                Some(format!("the closure at {place} let no call fail: none was as it wants it"))
            }
            _ => None,
        }
    }
}

/// The calls that there were, by function.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.of_function.borrow();
        let mut counts: Vec<_> = counts.iter().collect();
        if counts.is_empty() {
            return f.write_str("\nthere were no calls");
        }
        counts.sort();
        f.write_str("\nthere were")?;
        counts.iter().try_for_each(|(function, count)| write!(f, "\n  {count} of {function}"))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("calls", &self.number.get()).finish_non_exhaustive()
    }
}

impl super::HostCore {
    /// Answers a call, unless it meets a fault, which is then returned in words as well.
    pub(super) fn answer_or_fail<T: Given>(
        &self,
        call: &HostCall,
        callback: Callback,
        act: impl FnOnce() -> Answer<T>,
    ) -> (Answer<T>, Option<String>) {
        let Some((failure, text)) = self.process.faults.strike(call, callback) else { return (act(), None) };
        let answer = match failure {
            Failure::Status(status) => Err(status),
            Failure::DoneBut(status) => act().and(Err(status)),
            Failure::Ignored => Ok(T::of(&[])),
            Failure::Data(bytes) => Ok(T::of(&bytes)),
            failure if !T::can_be(&failure) => {
                let function = call.name();
                self.process
                    .fail(format!("the fault \"{text}\" does nothing: what {function} gives cannot be so"));
                act()
            }
            failure => act().map(|given| given.spoilt(&failure)),
        };
        (answer, Some(text))
    }
}

/// What a host function gives.
pub(super) trait Given: Sized {
    /// Made of these bytes.
    fn of(bytes: &[u8]) -> Self;

    /// Whether it can be spoilt in this way.
    fn can_be(_failure: &Failure) -> bool {
        true
    }

    /// As a guest gets it that meets such a failure.
    fn spoilt(self, failure: &Failure) -> Self;
}

/// Nothing that could be spoilt.
impl Given for () {
    fn of(_: &[u8]) {}

    fn can_be(_: &Failure) -> bool {
        false
    }

    fn spoilt(self, _: &Failure) {}
}

impl Given for Vec<u8> {
    fn of(bytes: &[u8]) -> Self {
        bytes.to_vec()
    }

    fn spoilt(mut self, failure: &Failure) -> Self {
        match failure {
            Failure::Short(len) => self.truncate(*len),
            Failure::Random(seed) => return Random::new(*seed).bytes(self.len().max(8)),
            Failure::LyingLengths => overwrite(&mut self, 4..8, &(1_u32 << 20).to_le_bytes()),
            Failure::HugeCount => overwrite(&mut self, 0..4, &u32::MAX.to_le_bytes()),
            _ => {}
        }
        self
    }
}

/// Puts bytes in their place, which is there afterwards.
fn overwrite(bytes: &mut Vec<u8>, place: std::ops::Range<usize>, with: &[u8]) {
    bytes.resize(bytes.len().max(place.end), 0);
    bytes[place].copy_from_slice(with);
}

macro_rules! numbers {
    ($($number:ty),*) => { $(
        impl Given for $number {
            fn of(bytes: &[u8]) -> Self {
                let mut padded = [0; size_of::<$number>()];
                let len = bytes.len().min(padded.len());
                padded[..len].copy_from_slice(&bytes[..len]);
                Self::from_le_bytes(padded)
            }

            fn can_be(failure: &Failure) -> bool {
                *failure != Failure::LyingLengths
            }

            fn spoilt(self, failure: &Failure) -> Self {
                match failure {
                    Failure::Short(_) => 0,
                    Failure::Random(seed) => Self::of(&Random::new(*seed).bytes(8)),
                    Failure::HugeCount => Self::MAX,
                    _ => self,
                }
            }
        }
    )* };
}

numbers!(u32, u64, usize);

impl Given for (Vec<u8>, u32) {
    fn of(bytes: &[u8]) -> Self {
        (Vec::of(bytes), 1)
    }

    fn spoilt(self, failure: &Failure) -> Self {
        (self.0.spoilt(failure), self.1)
    }
}

impl Given for (u32, Vec<u8>) {
    fn of(bytes: &[u8]) -> Self {
        (Status::BROKEN_CONNECTION.as_u32(), Vec::of(bytes))
    }

    fn spoilt(self, failure: &Failure) -> Self {
        (self.0, self.1.spoilt(failure))
    }
}
