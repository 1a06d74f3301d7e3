//! The timer of a root context.

use super::HostCore;
use super::schedule::{Due, Moment};
use super::vm::Called;
use crate::timeline::Arguments;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use waxwing::__private::Callback;

/// The one timer that a root context has.
#[derive(Debug, Default)]
pub(super) struct Timer {
    /// Zero while it is off.
    period: Cell<Duration>,
    /// The next tick.
    next: Cell<Option<Moment>>,
}

impl HostCore {
    /// Starts the timer anew with this period, whatever it was; 0 stops it.
    pub(super) fn set_tick(&self, milliseconds: u32) {
        self.timer.period.set(Duration::from_millis(milliseconds.into()));
        self.arm_timer();
    }

    pub(super) fn stop_timer(&self) {
        self.set_tick(0);
    }

    /// A tick, after which the timer runs again with the period that it has then.
    pub(super) fn tick(self: &Rc<Self>) {
        self.timer.next.take();
        let called = self.call(Callback::Tick, self.root, Arguments::None, |called| called);
        // One that calls nobody is not started again.
        if matches!(called, Called::Returned { .. }) {
            self.arm_timer();
        }
    }

    fn arm_timer(&self) {
        if let Some(moment) = self.timer.next.take() {
            self.process.schedule.cancel(moment);
        }
        let period = self.timer.period.get();
        if !period.is_zero() {
            self.timer.next.set(Some(self.process.schedule.after(period, self.index, Due::Tick)));
        }
    }
}
