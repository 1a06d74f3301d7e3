//! Where the contexts are that have no place in the front.

use super::slot::Slot;
use alloc::vec::Vec;
use hashbrown::HashTable;

/// A set of slots, each with another id.
pub(super) trait Behind<T>: Default {
    /// How many there are.
    fn len(&self) -> usize;

    /// Adds a slot, whose id is not among them.
    fn add(&mut self, slot: Slot<T>);

    /// Takes out the slot of an id.
    fn remove(&mut self, id: u32) -> Option<Slot<T>>;
}

/// For a few.
impl<T> Behind<T> for Vec<Slot<T>> {
    fn len(&self) -> usize {
        self.len()
    }

    fn add(&mut self, slot: Slot<T>) {
        self.push(slot);
    }

    fn remove(&mut self, id: u32) -> Option<Slot<T>> {
        let at = self.iter().position(|slot| slot.id.get() == id)?;
        Some(self.swap_remove(at))
    }
}

/// For many.
impl<T> Behind<T> for HashTable<Slot<T>> {
    fn len(&self) -> usize {
        self.len()
    }

    fn add(&mut self, slot: Slot<T>) {
        self.insert_unique(hash(slot.id.get()), slot, |slot| hash(slot.id.get()));
    }

    fn remove(&mut self, id: u32) -> Option<Slot<T>> {
        let entry = self.find_entry(hash(id), |slot| slot.id.get() == id).ok()?;
        Some(entry.remove().0)
    }
}

/// Ids are sequential: as they are they spread well over the places of the table, and their low bits over
/// the seven top bits by which it tells the slots of a place apart: those of a `usize`, where that is smaller.
pub(super) fn hash(id: u32) -> u64 {
    let id = u64::from(id);
    id | id << (usize::BITS - 7)
}
