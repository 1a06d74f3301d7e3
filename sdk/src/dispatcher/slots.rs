//! Contexts by id.

use alloc::boxed::Box;
use core::cell::Cell;
use core::hash::{BuildHasher, Hasher};
use hashbrown::HashMap;

/// Contexts by id: a direct-mapped front, because ids are sequential, with a hash map behind it.
///
/// A context is boxed, so that taking it out while its code runs moves a pointer; a stateless one allocates
/// nothing. Everything is in cells, so nothing is borrowed while the code of a context runs, its `Drop`
/// included. All-zero bytes are the empty table, so that a static one costs nothing in a module's file.
pub(super) struct Slots<T, const FRONT: usize> {
    front: [Slot<T>; FRONT],
    behind: Cell<Option<Behind<T>>>,
}

type Behind<T> = HashMap<u32, Slot<T>, Identity>;

/// A place for a context. Empty in the front if `id` is 0, which no host gives to a context.
struct Slot<T> {
    id: Cell<u32>,
    replied: Cell<bool>,
    context: Cell<Option<Box<T>>>,
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
    const fn empty() -> Self {
        Slot { id: Cell::new(0), replied: Cell::new(false), context: Cell::new(None) }
    }

    fn take(&self) -> Slot<T> {
        Slot {
            id: Cell::new(self.id.take()),
            replied: Cell::new(self.replied.take()),
            context: Cell::new(self.context.take()),
        }
    }
}

impl<T, const FRONT: usize> Slots<T, FRONT> {
    /// The position of an id in the front.
    const MASK: usize = {
        assert!(FRONT.is_power_of_two());
        FRONT - 1
    };

    pub(super) const fn new() -> Self {
        Slots { front: [const { Slot::empty() }; FRONT], behind: Cell::new(None) }
    }

    #[inline(always)]
    fn front(&self, id: u32) -> Option<&Slot<T>> {
        self.front.get(id as usize & Self::MASK)
    }

    /// Runs `read` on the slot of an id. It must not run the code of a context.
    #[inline(always)]
    fn with<U>(&self, id: u32, read: impl FnOnce(&Slot<T>) -> U) -> Option<U> {
        match self.front(id) {
            Some(slot) if slot.id.get() == id && id != 0 => Some(read(slot)),
            _ => self.with_behind(id, read),
        }
    }

    #[cold]
    #[inline(never)]
    fn with_behind<U>(&self, id: u32, read: impl FnOnce(&Slot<T>) -> U) -> Option<U> {
        let behind = self.behind.take()?;
        let result = behind.get(&id).map(read);
        self.behind.set(Some(behind));
        result
    }

    /// Whether the id is in the table.
    pub(super) fn contains(&self, id: u32) -> bool {
        self.with(id, |_| ()).is_some()
    }

    /// Adds an id that is not in the table, with or without its context. False if there is no memory.
    #[inline]
    pub(super) fn insert(&self, id: u32, context: Option<Box<T>>) -> bool {
        let Some(slot) = self.front(id) else { return false };
        if slot.id.get() != 0 && !self.move_behind(slot) {
            return false;
        }
        slot.id.set(id);
        slot.context.set(context);
        true
    }

    /// Makes room in the front for a newer id.
    #[cold]
    #[inline(never)]
    fn move_behind(&self, slot: &Slot<T>) -> bool {
        let mut behind = self.behind.take().unwrap_or_else(|| HashMap::with_hasher(Identity));
        let has_room = behind.try_reserve(1).is_ok();
        if has_room {
            let slot = slot.take();
            behind.insert(slot.id.get(), slot);
        }
        self.behind.set(Some(behind));
        has_room
    }

    /// Takes a context out, to run it.
    #[inline(always)]
    pub(super) fn take(&self, id: u32) -> Result<Box<T>, Absent> {
        match self.with(id, |slot| slot.context.take()) {
            Some(Some(context)) => Ok(context),
            Some(None) => Err(Absent::Empty),
            None => Err(Absent::Unknown),
        }
    }

    /// Puts a context back; drops it if its id was deleted, or given to another, while it ran.
    #[inline(always)]
    pub(super) fn put_back(&self, id: u32, context: Box<T>) {
        let mut context = Some(context);
        self.with(id, |slot| {
            let newer = slot.context.take();
            slot.context.set(newer.or_else(|| context.take()));
        });
        drop(context);
    }

    /// Puts a new context in place of what the id has, and gives that back. `None` if the id is unknown.
    pub(super) fn replace(&self, id: u32, context: Box<T>) -> Option<Option<Box<T>>> {
        self.with(id, |slot| slot.context.replace(Some(context)))
    }

    /// Removes an id, and gives its context, if it has one that is not running.
    #[inline]
    pub(super) fn remove(&self, id: u32) -> Option<Option<Box<T>>> {
        match self.front(id) {
            Some(slot) if slot.id.get() == id && id != 0 => Some(slot.take().context.take()),
            _ => self.remove_behind(id),
        }
    }

    #[cold]
    #[inline(never)]
    fn remove_behind(&self, id: u32) -> Option<Option<Box<T>>> {
        let mut behind = self.behind.take()?;
        let slot = behind.remove(&id);
        self.behind.set(Some(behind));
        slot.map(|slot| slot.context.take())
    }

    /// Notes that the stream was answered; true if it had been before.
    #[cold]
    pub(super) fn set_replied(&self, id: u32) -> bool {
        self.with(id, |slot| slot.replied.replace(true)).unwrap_or(false)
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

    fn table() -> Slots<u32, 4> {
        Slots::new()
    }

    #[test]
    fn ids_that_share_a_place_in_the_front_are_kept_apart() {
        let slots = table();
        let ids: Vec<u32> = (1..200).collect();
        for id in &ids {
            assert!(slots.insert(*id, Some(Box::new(id * 10))));
        }
        for id in &ids {
            let context = slots.take(*id).unwrap();
            assert_eq!(*context, id * 10);
            assert_eq!(slots.take(*id).unwrap_err(), Absent::Empty);
            slots.put_back(*id, context);
        }
        for id in ids.iter().rev() {
            assert_eq!(slots.remove(*id), Some(Some(Box::new(id * 10))));
            assert_eq!(slots.remove(*id), None);
        }
    }

    #[test]
    fn zero_is_never_an_id() {
        let slots = table();
        assert!(!slots.contains(0));
        assert_eq!(slots.take(0).unwrap_err(), Absent::Unknown);
        assert_eq!(slots.remove(0), None);
    }

    #[test]
    fn a_context_whose_id_is_gone_is_dropped_when_it_is_put_back() {
        let slots: Slots<Rc<()>, 1> = Slots::new();
        let context = Rc::new(());
        slots.insert(1, Some(Box::new(context.clone())));
        let taken = slots.take(1).unwrap();
        assert_eq!(slots.remove(1), Some(None));
        slots.put_back(1, taken);
        assert_eq!(Rc::strong_count(&context), 1);
        assert_eq!(slots.take(1).unwrap_err(), Absent::Unknown);
    }

    #[test]
    fn a_context_that_was_remade_while_the_old_one_ran_stays() {
        let slots = table();
        slots.insert(1, Some(Box::new(1)));
        let old = slots.take(1).unwrap();
        slots.remove(1);
        slots.insert(1, Some(Box::new(2)));
        slots.put_back(1, old);
        assert_eq!(*slots.take(1).unwrap(), 2);
    }

    #[test]
    fn a_running_context_survives_being_moved_behind() {
        let slots = table();
        slots.insert(1, Some(Box::new(1)));
        let running = slots.take(1).unwrap();
        slots.insert(5, Some(Box::new(5)));
        slots.put_back(1, running);
        assert_eq!((*slots.take(1).unwrap(), *slots.take(5).unwrap()), (1, 5));
    }

    #[test]
    fn a_reply_is_noted_once_per_stream() {
        let slots = table();
        slots.insert(1, Some(Box::new(1)));
        assert!(!slots.set_replied(1));
        assert!(slots.set_replied(1));
        slots.remove(1);
        slots.insert(1, Some(Box::new(1)));
        assert!(!slots.set_replied(1));
    }
}
