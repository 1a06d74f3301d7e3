//! The place of one context.

use alloc::boxed::Box;
use core::cell::Cell;

/// A place for a context. Empty if `id` is 0, which no host gives to a context.
pub(super) struct Slot<T> {
    pub(super) id: Cell<u32>,
    pub(super) replied: Cell<bool>,
    pub(super) context: Cell<Option<Box<T>>>,
}

/// Why there is no context to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// The id is not in the table.
    Unknown,
    /// The id is known, but its context is running or was never made.
    Empty,
}

impl<T> Slot<T> {
    pub(super) const fn empty() -> Self {
        Slot { id: Cell::new(0), replied: Cell::new(false), context: Cell::new(None) }
    }

    pub(super) fn take(&self) -> Slot<T> {
        Slot {
            id: Cell::new(self.id.take()),
            replied: Cell::new(self.replied.take()),
            context: Cell::new(self.context.take()),
        }
    }

    /// Puts a context back that was taken out to run. Drops it if the id was deleted, or given to another,
    /// while it ran.
    #[inline(always)]
    pub(super) fn put_back(&self, context: Box<T>) {
        match self.context.take() {
            None => self.context.set(Some(context)),
            // Dropped last: its code may use the table.
            newer => {
                self.context.set(newer);
                drop(context);
            }
        }
    }

    pub(super) fn set(&self, other: Slot<T>) {
        self.id.set(other.id.take());
        self.replied.set(other.replied.take());
        self.context.set(other.context.take());
    }
}
