//! The timer of a root context.

use super::HostCore;
use super::root::Root;
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
    was_set: Cell<bool>,
    /// The next tick.
    next: Cell<Option<Moment>>,
}

impl Timer {
    pub(super) fn is_running(&self) -> bool {
        self.next.get().is_some()
    }
}

impl HostCore {
    /// Starts the timer of the root context anew with this period, whatever it was; 0 stops it.
    pub(super) fn set_tick(&self, milliseconds: u32) {
        if let Some(root) = self.acting_root() {
            root.timer.period.set(Duration::from_millis(milliseconds.into()));
            root.timer.was_set.set(true);
            self.arm_timer(&root);
        }
    }

    /// Whether the root context has ever set its timer.
    pub(super) fn tick_was_set(&self) -> bool {
        self.acting_root().is_some_and(|root| root.timer.was_set.get())
    }

    pub(super) fn stop_timer(&self, root: &Root) {
        root.timer.period.set(Duration::ZERO);
        self.arm_timer(root);
    }

    /// A tick, after which the timer runs again with the period that it has then.
    pub(super) fn tick(self: &Rc<Self>, context: u32) {
        let Some(root) = self.root_with_id(context) else { return };
        root.timer.next.take();
        let called = self.call(Callback::Tick, context, Arguments::None, |called| called);
        // One that calls nobody is not started again.
        if matches!(called, Called::Returned { .. }) {
            self.arm_timer(&root);
        }
    }

    fn arm_timer(&self, root: &Root) {
        if let Some(moment) = root.timer.next.take() {
            self.process.schedule.cancel(moment);
        }
        let period = root.timer.period.get();
        if !period.is_zero() {
            let tick = Due::Tick(root.context());
            root.timer.next.set(Some(self.process.schedule.after(period, self.key, tick)));
        }
    }
}
