//! Streams by id.

use super::slot::{Absent, Slot};
use alloc::boxed::Box;
use core::cell::Cell;
use core::hash::{BuildHasher, Hasher};
use hashbrown::HashMap;

/// Streams by id: a direct-mapped front, because ids are sequential, with a hash map behind it.
///
/// An id that is used comes to the front, and what has its place there goes behind. A context is boxed, so
/// that taking it out while its code runs moves a pointer; a stateless one allocates nothing. Everything is
/// in cells, so nothing is borrowed while the code of a context runs, its `Drop` included. All-zero bytes are
/// the empty table, so that a static one costs nothing in a module's file.
pub(super) struct Streams<T> {
    front: [Slot<T>; FRONT],
    behind: Cell<Option<Behind<T>>>,
}

/// The places in the front: a power of two.
const FRONT: usize = 64;

type Behind<T> = HashMap<u32, Slot<T>, Identity>;

impl<T> Streams<T> {
    pub(super) const fn new() -> Self {
        Streams { front: [const { Slot::empty() }; FRONT], behind: Cell::new(None) }
    }

    /// The place of an id in the front, whichever id has it now.
    #[inline(always)]
    fn place(&self, id: u32) -> &Slot<T> {
        #[allow(clippy::indexing_slicing, reason = "the remainder is below the length, and rustc sees it")]
        &self.front[id as usize % FRONT]
    }

    /// The slot of an id, in the front. It may be that of no id, if `id` is 0: that has no context.
    #[inline(always)]
    fn slot(&self, id: u32) -> Option<&Slot<T>> {
        let place = self.place(id);
        if place.id.get() == id || self.bring_to_front(id) { Some(place) } else { None }
    }

    /// Lets an id that is behind change places with the one that is in its place.
    #[cold]
    #[inline(never)]
    fn bring_to_front(&self, id: u32) -> bool {
        let Some(mut behind) = self.behind.take() else { return false };
        let found = behind.remove(&id);
        let was_behind = found.is_some();
        if let Some(found) = found {
            let place = self.place(id);
            let other = place.take();
            place.set(found);
            if other.id.get() != 0 {
                // There is room: one was removed.
                behind.insert(other.id.get(), other);
            }
        }
        self.behind.set(Some(behind));
        was_behind
    }

    /// Whether the id is in the table.
    #[inline(always)]
    pub(super) fn contains(&self, id: u32) -> bool {
        self.slot(id).is_some_and(|slot| slot.id.get() != 0)
    }

    /// Adds an id that is not in the table, with or without its context. False if there is no memory.
    #[inline(always)]
    pub(super) fn insert(&self, id: u32, context: Option<Box<T>>) -> bool {
        let place = self.place(id);
        if place.id.get() != 0 && !self.move_behind(place) {
            return false;
        }
        place.id.set(id);
        place.context.set(context);
        true
    }

    /// Makes room in the front for a newer id.
    #[cold]
    #[inline(never)]
    fn move_behind(&self, place: &Slot<T>) -> bool {
        let mut behind = self.behind.take().unwrap_or_else(|| HashMap::with_hasher(Identity));
        let has_room = behind.try_reserve(1).is_ok();
        if has_room {
            let slot = place.take();
            behind.insert(slot.id.get(), slot);
        }
        self.behind.set(Some(behind));
        has_room
    }

    /// Takes a context out, to run it.
    #[inline(always)]
    pub(super) fn take(&self, id: u32) -> Option<Box<T>> {
        self.slot(id)?.context.take()
    }

    /// Why [`take`](Streams::take) gave nothing.
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

    /// Removes an id, and gives its context, if it has one that is not running.
    #[inline(always)]
    pub(super) fn remove(&self, id: u32) -> Option<Option<Box<T>>> {
        if !self.contains(id) {
            return None;
        }
        Some(self.place(id).take().context.take())
    }

    /// Notes that the stream was answered; true if it had been before.
    pub(super) fn set_replied(&self, id: u32) -> bool {
        self.contains(id) && self.place(id).replied.replace(true)
    }
}

/// Spreads sequential ids over a `hashbrown` table, which takes its control byte from the top bits.
#[derive(Clone, Copy, Default)]
struct Identity;

#[derive(Default)]
struct IdentityHasher(u64);

impl BuildHasher for Identity {
    type Hasher = IdentityHasher;

    fn build_hasher(&self) -> IdentityHasher {
        IdentityHasher::default()
    }
}

impl Hasher for IdentityHasher {
    fn write_u32(&mut self, id: u32) {
        let id = u64::from(id);
        self.0 = id | id << 57;
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not used for ids; right for any key all the same.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::rc::Rc;
    use alloc::vec::Vec;

    fn table() -> Streams<u32> {
        Streams::new()
    }

    #[test]
    fn ids_that_share_a_place_in_the_front_are_kept_apart() {
        let streams = table();
        let ids: Vec<u32> = (1..200).collect();
        for id in &ids {
            assert!(streams.insert(*id, Some(Box::new(id * 10))));
        }
        for id in &ids {
            let context = streams.take(*id).unwrap();
            assert_eq!(*context, id * 10);
            assert_eq!(streams.take(*id).ok_or(streams.absence(*id)), Err(Absent::Empty));
            streams.put_back(*id, context);
        }
        for id in ids.iter().rev() {
            assert_eq!(streams.remove(*id), Some(Some(Box::new(id * 10))));
            assert_eq!(streams.remove(*id), None);
        }
    }

    #[test]
    fn zero_is_never_an_id() {
        let streams = table();
        assert!(!streams.contains(0));
        assert_eq!(streams.take(0).ok_or(streams.absence(0)), Err(Absent::Unknown));
        assert_eq!(streams.remove(0), None);
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
        assert_eq!(streams.take(1).ok_or(streams.absence(1)), Err(Absent::Unknown));
    }

    #[test]
    fn a_context_that_was_remade_while_the_old_one_ran_stays() {
        let streams = table();
        streams.insert(1, Some(Box::new(1)));
        let old = streams.take(1).unwrap();
        streams.remove(1);
        streams.insert(1, Some(Box::new(2)));
        streams.put_back(1, old);
        assert_eq!(*streams.take(1).unwrap(), 2);
    }

    #[test]
    fn a_running_context_survives_being_moved_behind() {
        let streams = table();
        streams.insert(1, Some(Box::new(1)));
        let running = streams.take(1).unwrap();
        streams.insert(65, Some(Box::new(5)));
        streams.put_back(1, running);
        assert_eq!((*streams.take(1).unwrap(), *streams.take(65).unwrap()), (1, 5));
    }

    #[test]
    fn a_reply_is_noted_once_per_stream() {
        let streams = table();
        streams.insert(1, Some(Box::new(1)));
        assert!(!streams.set_replied(1));
        assert!(streams.set_replied(1));
        streams.remove(1);
        streams.insert(1, Some(Box::new(1)));
        assert!(!streams.set_replied(1));
    }
}
