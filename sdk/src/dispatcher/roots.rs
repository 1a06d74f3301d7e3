//! Root contexts by id.

use super::slot::{Absent, Slot};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;

/// Root contexts by id: the first, which is the only one in most VMs, and a list of the others.
///
/// An id is known from its beginning, and has a context once it is configured. Like the table of streams, it
/// is in cells, and all-zero bytes are the empty one.
pub(super) struct Roots<R> {
    first: Slot<R>,
    others: Cell<Option<Vec<Slot<R>>>>,
}

impl<R> Roots<R> {
    pub(super) const fn new() -> Self {
        Roots { first: Slot::empty(), others: Cell::new(None) }
    }

    /// Runs `read` on the slot of an id. It must not run the code of a context.
    #[inline(always)]
    fn with<T>(&self, id: u32, read: impl FnOnce(&Slot<R>) -> T) -> Option<T> {
        if self.first.id.get() == id && id != 0 { Some(read(&self.first)) } else { self.with_other(id, read) }
    }

    #[cold]
    #[inline(never)]
    fn with_other<T>(&self, id: u32, read: impl FnOnce(&Slot<R>) -> T) -> Option<T> {
        let others = self.others.take()?;
        let result = others.iter().find(|slot| slot.id.get() == id).map(read);
        self.others.set(Some(others));
        result
    }

    /// Whether the id is known.
    #[inline(always)]
    pub(super) fn contains(&self, id: u32) -> bool {
        self.with(id, |_| ()).is_some()
    }

    /// Adds an id that is not known, without a context. False if there is no memory.
    pub(super) fn insert(&self, id: u32) -> bool {
        if self.first.id.get() == 0 {
            self.first.id.set(id);
            return true;
        }
        let mut others = self.others.take().unwrap_or_default();
        let has_room = others.try_reserve(1).is_ok();
        if has_room {
            let slot = Slot::empty();
            slot.id.set(id);
            others.push(slot);
        }
        self.others.set(Some(others));
        has_room
    }

    /// Takes a context out, to run it.
    #[inline(always)]
    pub(super) fn take(&self, id: u32) -> Option<Box<R>> {
        self.with(id, |slot| slot.context.take())?
    }

    /// Why [`take`](Roots::take) gave nothing.
    pub(super) fn absence(&self, id: u32) -> Absent {
        if self.contains(id) { Absent::Empty } else { Absent::Unknown }
    }

    /// Puts a context back; drops it if its id was deleted or reconfigured while it ran.
    #[inline(always)]
    pub(super) fn put_back(&self, id: u32, context: Box<R>) {
        let mut context = Some(context);
        self.with(id, |slot| {
            let newer = slot.context.take();
            slot.context.set(newer.or_else(|| context.take()));
        });
        drop(context);
    }

    /// Puts a new context in place of what the id has, and gives that back. `None` if the id is unknown.
    pub(super) fn replace(&self, id: u32, context: Box<R>) -> Option<Option<Box<R>>> {
        self.with(id, |slot| slot.context.replace(Some(context)))
    }

    /// Removes an id, and gives its context, if it has one that is not running.
    pub(super) fn remove(&self, id: u32) -> Option<Option<Box<R>>> {
        let context = self.with(id, |slot| slot.take().context.take());
        if context.is_some() {
            if let Some(mut others) = self.others.take() {
                others.retain(|slot| slot.id.get() != 0);
                self.others.set(Some(others));
            }
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_root_contexts_are_kept_apart() {
        let roots = Roots::new();
        for id in 1..5 {
            assert!(roots.insert(id));
            assert_eq!(roots.take(id), None);
            assert_eq!(roots.absence(id), Absent::Empty);
            assert_eq!(roots.replace(id, Box::new(id)), Some(None));
        }
        for id in 1..5 {
            let root = roots.take(id).unwrap();
            assert_eq!((*root, roots.absence(id)), (id, Absent::Empty));
            roots.put_back(id, root);
            assert_eq!(roots.remove(id), Some(Some(Box::new(id))));
            assert_eq!(roots.absence(id), Absent::Unknown);
        }
        assert!(roots.insert(9));
        assert!(roots.contains(9));
    }

    #[test]
    fn a_root_context_that_was_reconfigured_while_it_ran_is_not_put_back() {
        let roots = Roots::new();
        roots.insert(1);
        roots.replace(1, Box::new("old"));
        let old = roots.take(1).unwrap();
        assert_eq!(roots.replace(1, Box::new("new")), Some(None));
        roots.put_back(1, old);
        assert_eq!(*roots.take(1).unwrap(), "new");
    }
}
