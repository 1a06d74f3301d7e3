//! Timers, as many as wanted, on the one that a host has.

use crate::abi::call;
use crate::dispatcher::Owner;
use crate::view::Cx;
use crate::{Error, Result};
use core::time::Duration;

/// Which timer it is: `set_timer` and `set_interval` of a view give it, and the callback `on_timer` gets it.
///
/// A timer belongs to the context in whose callback it was set: to a stream, whose timers end with it and come to
/// [`HttpContext::on_timer`](crate::HttpContext::on_timer) or [`StreamContext::on_timer`](crate::StreamContext::on_timer),
/// or to a root context, whose timers come to
/// [`RootCallbacks::on_timer`](crate::RootCallbacks::on_timer). A new configuration ends those of the root context
/// that it replaces, and keeps those that its own `configure` has set; one that is refused changes nothing. Where the
/// context does not implement `on_timer`, setting a timer is an error.
///
/// ```
/// use core::time::Duration;
/// use waxwing::TimerId;
/// use waxwing::prelude::*;
///
/// #[derive(Extension)]
/// #[extension(http = Stream, root)]
/// struct Refreshed {
///     refresh: TimerId,
/// }
///
/// impl RootContext for Refreshed {
///     type Config = ();
///     fn configure(_config: (), cx: &mut Configure<'_>) -> Result<Self> {
///         Ok(Refreshed { refresh: cx.set_interval(Duration::from_secs(60))? })
///     }
/// }
///
/// #[callbacks]
/// impl RootCallbacks for Refreshed {
///     fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
///         if timer == self.refresh {
///             HttpCall::get("origin", "/keys").send(root)?;
///         }
///         Ok(())
///     }
/// }
/// # struct Stream;
/// # #[callbacks]
/// # impl HttpContext for Stream {
/// #     type Root = Refreshed;
/// #     fn new(_root: &Refreshed) -> Self { Stream }
/// # }
/// ```
///
/// # On time
///
/// A host has one timer per root context, its tick. It is set to the next moment at which a timer is due, but to a
/// minute at most, and set anew only when that changes. A timer comes with the first tick at which its time has passed,
/// and is as late as that. The period of an interval counts from the callback before: what is late is not made up for,
/// and does not come in a row.
///
/// Between ticks the time is that of the host's wall clock, which an operator can set. What it says is believed only
/// as far as it agrees with the ticks: the time that has passed is at least that of the ticks that have come, and at
/// most one more. So a clock that is set back loses no timer, and one that is set forward makes a timer early by one
/// tick at most; what was begun since the last tick can be late by as much. If the clock stands still, or the host has
/// none, ticks come every 100 milliseconds at least, and a timer is late by two of them at most.
///
/// # Hosts
///
/// | | timers |
/// |---|---|
/// | Envoy, Istio, Higress, Apache Traffic Server | any number |
/// | MOSN | any number if what embeds it has ticks; otherwise setting one is an error |
/// | ngx_wasm_module | one interval, set once: the module traps when it sets its tick a second time |
/// | APISIX, Google Service Extensions | none: setting one is an error |
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimerId(pub(crate) u64);

impl TimerId {
    /// Whether it is of the task of a root context, and not of its callbacks.
    pub(crate) fn is_of_task(self) -> bool {
        self.0 & 1 != 0
    }
}

/// Starts a timer of the context whose callback this is, which is of that kind.
pub(crate) fn start(cx: Cx<'_>, owner: Owner, after: Duration, repeats: bool) -> Result<TimerId> {
    if !cx.vm.timers.come_to(owner) {
        return Err(Error::new(
            "nobody would be told of this timer: implement `on_timer`, below `#[callbacks]`",
        ));
    }
    begin(cx, after, repeats, false)
}

fn begin(cx: Cx<'_>, after: Duration, repeats: bool, is_of_task: bool) -> Result<TimerId> {
    let clock = call::current_time_nanoseconds().ok();
    let timers = &cx.vm.timers;
    let (timer, tick) = timers.start(cx.context, nanoseconds(after), repeats, is_of_task, clock);
    if let Some(tick) = tick {
        if let Err(error) = call::set_tick_period(tick.period) {
            timers.cancel(cx.context, timer);
            return Err(error);
        }
        timers.has_set(tick);
    }
    Ok(timer)
}

/// The same for an exchange, a stream of that root context, or for the task of the root context itself.
pub(crate) fn start_late(cx: Cx<'_>, root: u32, after: Duration) -> Result<TimerId> {
    cx.vm.begin_clockwork(cx.context, root);
    begin(cx, after, false, cx.context == root)
}

/// In whole milliseconds, which hosts count, rounded up and at least 1.
fn nanoseconds(duration: Duration) -> u64 {
    const MILLISECOND: u64 = 1_000_000;
    let nanoseconds = duration.as_secs().saturating_mul(1_000_000_000);
    let nanoseconds = nanoseconds.saturating_add(duration.subsec_nanos().into());
    nanoseconds.div_ceil(MILLISECOND).max(1).saturating_mul(MILLISECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_rounded_up_to_whole_milliseconds_and_never_none() {
        assert_eq!(nanoseconds(Duration::ZERO), 1_000_000);
        assert_eq!(nanoseconds(Duration::from_micros(900)), 1_000_000);
        assert_eq!(nanoseconds(Duration::from_nanos(1_000_001)), 2_000_000);
        assert_eq!(nanoseconds(Duration::from_secs(60 * 24 * 3600)), 60 * 24 * 3600 * 1_000_000_000);
        assert_eq!(nanoseconds(Duration::MAX), u64::MAX);
    }
}
