//! Contexts by id.

use super::behind::Behind;
use super::slot::{Absent, Slot, State};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;
use core::mem::needs_drop;
use hashbrown::HashTable;

/// Streams: there may be many, and their ids are sequential.
pub(super) type Streams<T> = Contexts<T, HashTable<Slot<T>>, 64>;

/// Root contexts: most VMs have one.
pub(super) type Roots<T> = Contexts<T, Vec<Slot<T>>, 1>;

/// Contexts by id: a direct-mapped front, and what has no place there behind it.
///
/// An id that is used comes to the front, and what has its place there goes behind. A context is boxed, so
/// that taking it out while its code runs moves a pointer; a stateless one allocates nothing. Everything is
/// in cells, so nothing is borrowed while the code of a context runs, its `Drop` included. All-zero bytes are
/// the empty table, so that a static one costs nothing in a module's file.
pub(super) struct Contexts<T, B, const FRONT: usize> {
    front: [Slot<T>; FRONT],
    /// Boxed, because nothing is then all zero bytes, whatever `B` is.
    behind: Cell<Option<Box<B>>>,
    /// How many are behind, to know without a look that there are none.
    behind_len: Cell<usize>,
    /// A context that has ended, whose memory the next one gets.
    spare: Cell<Option<Box<T>>>,
}

impl<T, B: Behind<T>, const FRONT: usize> Contexts<T, B, FRONT> {
    pub(super) const fn new() -> Self {
        const { assert!(FRONT.is_power_of_two()) };
        Contexts {
            front: [const { Slot::empty() }; FRONT],
            behind: Cell::new(None),
            behind_len: Cell::new(0),
            spare: Cell::new(None),
        }
    }

    /// The place of an id in the front, whichever id has it now.
    #[inline(always)]
    fn place(&self, id: u32) -> &Slot<T> {
        #[allow(
            clippy::indexing_slicing,
            clippy::arithmetic_side_effects,
            reason = "the length is not 0, and a remainder is below it"
        )]
        &self.front[id as usize % FRONT]
    }

    /// The slot of an id, in the front. For the id 0 it may be an empty one, which has no context.
    #[inline(always)]
    fn slot(&self, id: u32) -> Option<&Slot<T>> {
        let place = self.place(id);
        if place.id.get() == id || (self.behind_len.get() != 0 && self.bring_to_front(id)) {
            Some(place)
        } else {
            None
        }
    }

    /// Gives an id its place: with its slot, if that is behind, else empty. What was there goes behind.
    ///
    /// True if the slot was behind.
    #[cold]
    #[inline(never)]
    fn bring_to_front(&self, id: u32) -> bool {
        let mut behind = self.behind.take().unwrap_or_default();
        let found = behind.remove(id);
        let was_behind = found.is_some();
        let place = self.place(id);
        if place.id.get() != 0 {
            behind.add(place.take());
        }
        if let Some(found) = found {
            place.set(found);
        }
        self.behind_len.set(behind.len());
        self.behind.set(Some(behind));
        was_behind
    }

    /// Whether the id is in the table.
    #[inline(always)]
    pub(super) fn contains(&self, id: u32) -> bool {
        self.slot(id).is_some() && id != 0
    }

    /// Whether the memory of contexts that have ended is used again, which saves most of what a small one costs: if it
    /// takes memory, and nobody can tell that it is still there.
    const REUSES: bool = size_of::<T>() != 0 && !needs_drop::<T>();

    /// A context that has ended, in whose memory a new one can begin. With `reuses` it may be one that has a `Drop`,
    /// and has ended without it.
    #[inline(always)]
    pub(super) fn spare(&self, reuses: bool) -> Option<Box<T>> {
        if Self::REUSES || reuses { self.spare.take() } else { None }
    }

    /// Drops a context that has ended; with `reuses`, when the next one begins.
    #[inline(always)]
    pub(super) fn end(&self, context: Option<Box<T>>, reuses: bool) {
        if Self::REUSES || reuses {
            if context.is_some() {
                self.spare.set(context);
            }
        } else {
            drop(context);
        }
    }

    /// Adds an id that is not in the table, with or without its context.
    #[inline(always)]
    pub(super) fn insert(&self, id: u32, context: Option<Box<T>>) {
        let place = self.place(id);
        if place.id.get() != 0 {
            self.bring_to_front(id);
        }
        place.id.set(id);
        place.context.set(context);
    }

    /// Takes a context out, to run it.
    #[inline(always)]
    pub(super) fn take(&self, id: u32) -> Option<Box<T>> {
        self.slot(id)?.context.take()
    }

    /// Why [`take`](Contexts::take) gave nothing.
    pub(super) fn absence(&self, id: u32) -> Absent {
        if self.contains(id) { Absent::Empty } else { Absent::Unknown }
    }

    /// Puts a context back; drops it if its id was deleted, or given to another, while it ran.
    #[inline(always)]
    pub(super) fn put_back(&self, id: u32, context: Box<T>) {
        match self.slot(id) {
            Some(slot) => slot.put_back(context),
            None => drop(context),
        }
    }

    /// Puts a new context in place of what the id has, and gives that back. `None` if the id is unknown.
    pub(super) fn replace(&self, id: u32, context: Box<T>) -> Option<Option<Box<T>>> {
        if self.contains(id) { Some(self.place(id).context.replace(Some(context))) } else { None }
    }

    /// Removes an id, and gives its context, if it has one that is not running.
    #[inline(always)]
    pub(super) fn remove(&self, id: u32) -> Option<Option<Box<T>>> {
        if self.contains(id) { Some(self.place(id).take().context.take()) } else { None }
    }

    /// Whether the flag is raised; not for an id that is unknown.
    pub(super) fn is(&self, id: u32, flag: State) -> bool {
        self.contains(id) && self.place(id).state.get().has(flag)
    }

    /// What is noted of an id; nothing of one that is unknown.
    #[inline]
    pub(super) fn state(&self, id: u32) -> State {
        if self.contains(id) { self.place(id).state.get() } else { State::NEW }
    }

    /// Raises a flag.
    #[inline]
    pub(super) fn raise(&self, id: u32, flag: State) {
        self.change(id, |state| state.with(flag));
    }

    /// Lowers a flag.
    #[inline]
    pub(super) fn lower(&self, id: u32, flag: State) {
        self.change(id, |state| state.without(flag));
    }

    /// Changes what is noted of an id, unless that is unknown.
    #[inline]
    pub(super) fn change(&self, id: u32, change: impl FnOnce(State) -> State) {
        if self.contains(id) {
            let state = &self.place(id).state;
            state.set(change(state.get()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::rc::Rc;

    fn each_table(test: impl Fn(&dyn Table)) {
        test(&Streams::new());
        test(&Roots::new());
    }

    /// What the tests use of a table of numbers.
    trait Table {
        fn insert(&self, id: u32, context: Option<u32>);
        fn take(&self, id: u32) -> Result<Box<u32>, Absent>;
        fn put_back(&self, id: u32, context: Box<u32>);
        fn replace(&self, id: u32, context: u32) -> Option<Option<u32>>;
        fn remove(&self, id: u32) -> Option<Option<u32>>;
        fn raise(&self, id: u32, flag: State);
        fn lower(&self, id: u32, flag: State);
        fn is(&self, id: u32, flag: State) -> bool;
    }

    impl<B: Behind<u32>, const FRONT: usize> Table for Contexts<u32, B, FRONT> {
        fn insert(&self, id: u32, context: Option<u32>) {
            assert!(!self.contains(id));
            self.insert(id, context.map(Box::new));
            assert!(self.contains(id));
        }
        fn take(&self, id: u32) -> Result<Box<u32>, Absent> {
            self.take(id).ok_or_else(|| self.absence(id))
        }
        fn put_back(&self, id: u32, context: Box<u32>) {
            self.put_back(id, context);
        }
        fn replace(&self, id: u32, context: u32) -> Option<Option<u32>> {
            self.replace(id, Box::new(context)).map(|old| old.map(|old| *old))
        }
        fn remove(&self, id: u32) -> Option<Option<u32>> {
            self.remove(id).map(|old| old.map(|old| *old))
        }
        fn raise(&self, id: u32, flag: State) {
            self.raise(id, flag);
        }
        fn lower(&self, id: u32, flag: State) {
            self.lower(id, flag);
        }
        fn is(&self, id: u32, flag: State) -> bool {
            self.is(id, flag)
        }
    }

    #[test]
    fn ids_that_share_a_place_in_the_front_are_kept_apart() {
        each_table(|table| {
            for id in 1..200 {
                table.insert(id, Some(id * 10));
            }
            for id in 1..200 {
                let context = table.take(id).unwrap();
                assert_eq!(*context, id * 10);
                assert_eq!(table.take(id), Err(Absent::Empty));
                table.put_back(id, context);
            }
            for id in (1..200).rev() {
                assert_eq!(table.remove(id), Some(Some(id * 10)));
                assert_eq!(table.remove(id), None);
            }
            table.insert(7, Some(70));
            assert_eq!(table.remove(7), Some(Some(70)));
        });
    }

    #[test]
    fn zero_is_never_an_id() {
        each_table(|table| {
            assert_eq!(table.take(0), Err(Absent::Unknown));
            assert_eq!(table.replace(0, 1), None);
            assert_eq!(table.remove(0), None);
            table.raise(0, State::REPLIED);
            assert!(!table.is(0, State::REPLIED));
        });
    }

    #[test]
    fn a_context_whose_id_is_gone_is_dropped_when_it_is_put_back() {
        let streams: Streams<Rc<()>> = Streams::new();
        let context = Rc::new(());
        streams.insert(1, Some(Box::new(context.clone())));
        let taken = streams.take(1).unwrap();
        assert_eq!(streams.remove(1), Some(None));
        streams.put_back(1, taken);
        assert_eq!(Rc::strong_count(&context), 1);
        assert_eq!(streams.absence(1), Absent::Unknown);
    }

    #[test]
    fn a_context_that_was_remade_or_replaced_while_the_old_one_ran_stays() {
        each_table(|table| {
            table.insert(1, Some(1));
            let old = table.take(1).unwrap();
            assert_eq!(table.remove(1), Some(None));
            table.insert(1, Some(2));
            table.put_back(1, old);
            let old = table.take(1).unwrap();
            assert_eq!(*old, 2);
            assert_eq!(table.replace(1, 3), Some(None));
            table.put_back(1, old);
            assert_eq!(*table.take(1).unwrap(), 3);
        });
    }

    #[test]
    fn the_memory_of_a_context_that_has_ended_is_used_again_and_what_has_an_end_of_its_own_ends() {
        let streams: Streams<u32> = Streams::new();
        assert!(streams.spare(false).is_none());
        let first = Box::new(1);
        let address: *const u32 = &*first;
        streams.end(Some(first), false);
        assert_eq!(streams.spare(false).map(|spare| &*spare as *const u32), Some(address));
        assert!(streams.spare(false).is_none());

        let streams: Streams<Rc<()>> = Streams::new();
        let context = Rc::new(());
        streams.end(Some(Box::new(context.clone())), false);
        assert_eq!(Rc::strong_count(&context), 1);
    }

    #[test]
    fn a_running_context_survives_being_moved_behind() {
        each_table(|table| {
            table.insert(1, Some(1));
            let running = table.take(1).unwrap();
            table.insert(65, Some(65));
            table.put_back(1, running);
            assert_eq!((*table.take(1).unwrap(), *table.take(65).unwrap()), (1, 65));
        });
    }

    #[test]
    fn an_id_without_a_context_gets_one_later() {
        each_table(|table| {
            table.insert(1, None);
            assert_eq!(table.take(1), Err(Absent::Empty));
            assert_eq!(table.replace(1, 1), Some(None));
            assert_eq!(table.replace(1, 2), Some(Some(1)));
        });
    }

    #[test]
    fn what_is_noted_of_a_stream_is_gone_when_it_ends() {
        each_table(|table| {
            table.insert(1, Some(1));
            table.insert(65, Some(1));
            table.raise(1, State::REPLIED);
            table.raise(1, State::REQUEST_PAUSED);
            assert!(!table.is(65, State::REPLIED));
            assert!(table.is(1, State::REPLIED));
            table.lower(1, State::REQUEST_PAUSED);
            assert!(table.is(1, State::REPLIED) && !table.is(1, State::REQUEST_PAUSED));
            table.remove(1);
            table.insert(1, Some(1));
            assert!(!table.is(1, State::REPLIED));
        });
    }
}
