//! The place of one context.

use alloc::boxed::Box;
use core::cell::Cell;

/// A place for a context. Empty if `id` is 0, which no host gives to a context.
pub(super) struct Slot<T> {
    pub(super) id: Cell<u32>,
    pub(super) state: Cell<State>,
    pub(super) context: Cell<Option<Box<T>>>,
}

/// What is known of a stream besides its context: a set of flags.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State(u8);

impl State {
    /// Nothing has happened.
    pub(super) const NEW: State = State(0);
    /// It was answered.
    pub(super) const REPLIED: State = State(1);
    /// Its request is held back, or what a TCP client sends.
    pub(super) const REQUEST_PAUSED: State = State(2);
    /// Its response is held back.
    pub(super) const RESPONSE_PAUSED: State = State(4);
    /// The headers of its response have gone on.
    pub(super) const RESPONSE_BEGUN: State = State(8);
    /// The whole body of its request was shown, or passes without that.
    pub(super) const REQUEST_BODY_DONE: State = State(16);
    /// The same of its response.
    pub(super) const RESPONSE_BODY_DONE: State = State(32);

    /// Its function has ended, and everything passes.
    pub(super) const PASSES: State = State(64);
    /// Its request is held until its root context has started.
    pub(super) const HELD: State = State(128);

    /// Of a root context: the start of its task has not ended.
    pub(super) const STARTING: State = State(1);
    /// The same: it has failed.
    pub(super) const START_FAILED: State = State(2);
    /// The same: either of both.
    pub(super) const UNREADY: State = State::STARTING.with(State::START_FAILED);

    #[inline(always)]
    pub(super) const fn with(self, flag: State) -> State {
        State(self.0 | flag.0)
    }

    #[inline(always)]
    pub(super) const fn without(self, flag: State) -> State {
        State(self.0 & !flag.0)
    }

    #[inline(always)]
    pub(super) const fn has(self, flag: State) -> bool {
        self.0 & flag.0 != 0
    }
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
        Slot { id: Cell::new(0), state: Cell::new(State::NEW), context: Cell::new(None) }
    }

    pub(super) fn take(&self) -> Slot<T> {
        Slot {
            id: Cell::new(self.id.take()),
            state: Cell::new(self.state.take()),
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
        self.state.set(other.state.take());
        self.context.set(other.context.take());
    }
}
