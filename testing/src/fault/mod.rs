//! Host calls that fail, or answer with what they should not.
//!
//! [`Host::fault`](crate::Host::fault) and [`HostBuilder::fault`](crate::HostBuilder::fault) let a call meet a [`Fault`];
//! [`explore::faults`](crate::explore::faults) lets each call meet each that there is.

mod asking;
mod text;

pub use text::ParseFaultError;

use waxwing::Status;

/// Which calls of a host function fail, and how.
///
/// It is a value, which prints as a line and is read from one:
///
/// ```
/// use waxwing::Status;
/// use waxwing_testing::fault::{Failure, Fault};
///
/// let refused = Fault::new("http_call", Status::INTERNAL_FAILURE).nth(2);
/// assert_eq!(refused.to_string(), "http_call 2 -> 10");
/// assert_eq!("http_call 2 -> 10".parse(), Ok(refused));
///
/// let cut = Fault::new("get_header_map_pairs", Failure::Short(3));
/// assert_eq!(cut.to_string(), "get_header_map_pairs -> short 3");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    function: String,
    which: Which,
    failure: Failure,
}

/// Which calls, counted from 1 over all workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Which {
    /// Each of the function.
    Each,
    /// This one of the function.
    Nth(u64),
    /// As many of the function.
    UpTo(u64),
    /// This one of all functions, which has to be one of this.
    Overall(u64),
}

/// What a call gets in place of the host's answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// This status, and nothing happens: what a host does that refuses a call.
    Status(Status),
    /// What was asked for happens, and the call gets this status all the same.
    DoneBut(Status),
    /// Success, and nothing happens: what a host does that has the function by name only. What the call reads is empty, or 0.
    Ignored,
    /// The first so many bytes of what the host has. A number that it has is 0.
    Short(usize),
    /// Bytes made up from this seed, as many as the host has and not fewer than 8; a number made up from it.
    Random(u64),
    /// A pair block whose first length is longer than the block.
    LyingLengths,
    /// A pair block that says it has 4,294,967,295 pairs; of numbers the largest.
    HugeCount,
    /// These bytes, also where the host has nothing, and nothing happens. A number is read from them, the lowest byte first.
    Data(Vec<u8>),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Failure::Status(status)
    }
}

impl Fault {
    /// Each call of that function fails; its name is as in [`HostCall::name`](crate::HostCall::name), `http_call` for
    /// `proxy_http_call`.
    pub fn new(function: impl Into<String>, failure: impl Into<Failure>) -> Self {
        let function = function.into();
        let function = function.strip_prefix("proxy_").map(str::to_owned).unwrap_or(function);
        Fault { function, which: Which::Each, failure: failure.into() }
    }

    /// Of them, only the n-th, counted from 1 and over all workers.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    #[track_caller]
    pub fn nth(self, n: u64) -> Self {
        assert!(n > 0, "calls are counted from 1");
        Fault { which: Which::Nth(n), ..self }
    }

    /// Of them, only the first n.
    #[must_use]
    pub fn up_to(self, n: u64) -> Self {
        Fault { which: Which::UpTo(n), ..self }
    }

    /// The n-th of the calls of all functions.
    pub(crate) fn overall(self, n: u64) -> Self {
        Fault { which: Which::Overall(n), ..self }
    }

    /// The name of the function.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// What the calls get.
    pub fn failure(&self) -> &Failure {
        &self.failure
    }

    /// Whether a call meets it: the number that it has among all, and among those of its function.
    pub(crate) fn meets(&self, function: &str, number: u64, of_function: u64) -> bool {
        function == self.function
            && match self.which {
                Which::Each => true,
                Which::Nth(n) => n == of_function,
                Which::UpTo(n) => n >= of_function,
                Which::Overall(n) => n == number,
            }
    }
}

/// Some faults, any of which may be met: what an exploration does in one run.
///
/// It prints as a line and is read from one, with `;` between faults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FaultPlan {
    faults: Vec<Fault>,
}

impl FaultPlan {
    /// The faults, the first of which counts if a call meets several.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl FromIterator<Fault> for FaultPlan {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        FaultPlan { faults: faults.into_iter().collect() }
    }
}

impl From<Fault> for FaultPlan {
    fn from(fault: Fault) -> Self {
        FaultPlan { faults: vec![fault] }
    }
}
