//! The time of a host.

use crate::core::Process;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// The clock of a host. It stands still unless the test lets time pass.
///
/// It starts at 2026-01-01T00:00:00Z, so that what an extension writes of the time is the same in every run. A
/// clone is the same clock, and all workers of a host have the same.
///
/// ```
/// # use waxwing::prelude::*;
/// # #[derive(Extension)]
/// # #[extension(http = Stream)]
/// # struct Gate;
/// # impl RootContext for Gate {
/// #     type Config = ();
/// #     fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> { Ok(Gate) }
/// # }
/// # struct Stream;
/// # #[callbacks]
/// # impl HttpContext for Stream {
/// #     type Root = Gate;
/// #     fn new(_: &Gate) -> Self { Stream }
/// # }
/// use std::time::Duration;
/// use waxwing_testing::Host;
///
/// let host = Host::builder::<Gate>().start();
/// let start = host.clock().now();
/// host.clock().advance(Duration::from_secs(30));
/// assert_eq!(host.clock().now(), start + Duration::from_secs(30));
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    process: Rc<Process>,
}

impl Clock {
    pub(crate) fn of(process: &Rc<Process>) -> Self {
        Clock { process: process.clone() }
    }

    /// The time that guests see.
    pub fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.process.wall_clock())
    }

    /// Lets that much time pass. Everything that is due meanwhile happens, in its order, each at its own time:
    /// ticks, answers and timeouts of callouts, and what the extension does then.
    ///
    /// # Panics
    ///
    /// From a closure that the host calls while something happens: it is that event's time then. And if what
    /// happens makes the test fail.
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        self.process.advance(by);
        self.process.check();
    }

    /// Sets the time that guests see, backwards too: a wall clock may. Nothing happens sooner or later for it.
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
        self.process.set_wall_clock(nanoseconds);
    }
}
