//! The streams that began before their root context had started.

use crate::dispatcher::behind::hash;
use crate::exchange::{Arrived, Part};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;
use hashbrown::HashTable;

/// The streams whose first callback waits for the start of their root context, in their order.
///
/// All-zero bytes are the empty table, and nothing of it is in a module without a task. It is never borrowed while code of
/// an extension runs, or the host is called.
pub(super) struct Held {
    table: Cell<Option<Box<Table>>>,
}

#[derive(Default)]
struct Table {
    last: u64,
    streams: HashTable<Entry>,
}

/// A stream that is held, or will be when its request arrives.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    context: u32,
    root: u32,
    /// Its place in the order of arrival.
    number: u64,
    pub(super) arrived: Arrived,
    /// Whether it was made from a root context that has been replaced.
    pub(super) is_outdated: bool,
}

/// What is to be begun, when its turn comes.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) context: u32,
    number: u64,
}

impl Held {
    pub(super) const fn new() -> Self {
        Held { table: Cell::new(None) }
    }

    /// Notes a stream that begins.
    pub(super) fn add(&self, context: u32, root: u32) {
        self.with(|table| {
            table.remove(context);
            let number = table.next();
            let entry = Entry { context, root, number, arrived: Arrived::default(), is_outdated: false };
            table.streams.insert_unique(hash(context), entry, |entry| hash(entry.context));
        });
    }

    /// The root context of a stream; `None` if it waits for nothing any more.
    pub(super) fn root_of(&self, context: u32) -> Option<u32> {
        self.with(|table| table.find(context).map(|entry| entry.root))
    }

    /// Notes what has arrived of a stream's request.
    pub(super) fn arrive(&self, context: u32, part: Part) {
        self.with(|table| {
            let number = table.next();
            if let Some(entry) = table.find(context) {
                if matches!(part, Part::Headers { .. }) {
                    entry.number = number;
                }
                entry.arrived.arrive(part);
            }
        });
    }

    /// Lets a stream wait no longer.
    pub(super) fn remove(&self, context: u32) {
        self.with(|table| table.remove(context));
    }

    /// Notes that a root context has been replaced.
    pub(super) fn outdate(&self, root: u32) {
        self.with(|table| {
            for entry in table.streams.iter_mut().filter(|entry| entry.root == root) {
                entry.is_outdated = true;
            }
        });
    }

    /// The streams of a root context, in the order in which their requests have arrived.
    pub(super) fn turns(&self, root: u32) -> Vec<Turn> {
        self.with(|table| {
            let streams = table.streams.iter().filter(|entry| entry.root == root);
            let mut turns: Vec<_> =
                streams.map(|entry| Turn { context: entry.context, number: entry.number }).collect();
            turns.sort_unstable_by_key(|turn| turn.number);
            turns
        })
    }

    /// Takes out a stream whose turn it is, if that still waits; and if its request has arrived, when `with_request`.
    pub(super) fn take(&self, turn: Turn, with_request: bool) -> Option<Entry> {
        self.with(|table| {
            let entry = *table.find(turn.context)?;
            if entry.number != turn.number || (with_request && entry.arrived.headers.is_none()) {
                return None;
            }
            table.remove(turn.context);
            Some(entry)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.table.take().unwrap_or_default();
        let result = work(&mut table);
        self.table.set(Some(table));
        result
    }
}

impl Table {
    fn next(&mut self) -> u64 {
        self.last = self.last.wrapping_add(1);
        self.last
    }

    fn find(&mut self, context: u32) -> Option<&mut Entry> {
        self.streams.find_mut(hash(context), |entry| entry.context == context)
    }

    fn remove(&mut self, context: u32) {
        if let Ok(entry) = self.streams.find_entry(hash(context), |entry| entry.context == context) {
            entry.remove();
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_in_the_order_of_the_headers_and_not_of_the_contexts() {
        let held = Held::new();
        for context in 1..100 {
            held.add(context, 1 + context % 2);
        }
        for context in (1..100).rev() {
            held.arrive(context, Part::Headers { ends: true });
        }
        let turns = held.turns(1).into_iter().map(|turn| turn.context).collect::<Vec<_>>();
        assert_eq!(turns, (1..100).rev().filter(|context| context % 2 == 0).collect::<Vec<_>>());
    }

    #[test]
    fn a_context_that_ended_or_is_another_one_has_no_turn() {
        let held = Held::new();
        for context in [2, 3, 4] {
            held.add(context, 1);
        }
        held.arrive(4, Part::Headers { ends: false });
        let turns = held.turns(1);
        held.remove(2);
        held.add(3, 1);
        held.outdate(1);
        let taken =
            turns.iter().map(|turn| held.take(*turn, false)).map(|entry| entry.map(|entry| entry.context));
        assert_eq!(taken.collect::<Vec<_>>(), [None, None, Some(4)]);
        assert_eq!(held.root_of(3), Some(1));
        assert!(held.take(held.turns(1)[0], true).is_none(), "its request has not arrived");
        assert!(held.take(held.turns(1)[0], false).unwrap().is_outdated);
        assert!(held.turns(1).is_empty());
    }
}
