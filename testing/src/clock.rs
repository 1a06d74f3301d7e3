//! The time that guests see.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// The clock of a host. It stands still unless the test sets it.
///
/// It starts at 2026-01-01T00:00:00Z, so that what an extension writes of the time is the same in every run.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Nanoseconds since the Unix epoch, as the ABI counts.
    now: Rc<Cell<u64>>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Clock { now: Rc::new(Cell::new(START.as_secs() * 1_000_000_000)) }
    }

    /// The time that guests see.
    pub fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.nanoseconds())
    }

    /// Sets the time that guests see, backwards too: a wall clock may.
    ///
    /// # Panics
    ///
    /// If the time is before 1970 or after 2554, which the ABI cannot express.
    #[track_caller]
    pub fn set(&self, now: SystemTime) {
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).ok();
        let nanoseconds = since_epoch.and_then(|since| u64::try_from(since.as_nanos()).ok());
        let Some(nanoseconds) = nanoseconds else {
            panic!(
                "{now:?} is not a time that the ABI can express: it counts nanoseconds since 1970 in 64 bits"
            );
        };
        self.now.set(nanoseconds);
    }

    pub(crate) fn nanoseconds(&self) -> u64 {
        self.now.get()
    }
}

/// 2026-01-01T00:00:00Z.
const START: Duration = Duration::from_secs(1_767_225_600);
