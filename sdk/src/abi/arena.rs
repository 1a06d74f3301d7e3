//! Memory that the host fills during a callback, released when the callback ends.
//!
//! The host asks the guest for memory whenever it returns bytes. An allocator would have to be told when
//! they are no longer wanted; here they all live as long as the callback can use them: until the
//! [`Arena::enter`] that was running when they were allocated returns. That makes a header value cost an
//! addition, and lets views hand out slices that outlive the view's own borrow.

use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::ptr::{self, NonNull};

/// The bytes that a callback may receive from the host before the arena has to ask the allocator.
pub const BLOCK_SIZE: usize = 4096;

/// Every allocation starts at a multiple of this, so that any header of a large one is aligned.
const ALIGN: usize = 8;

#[repr(C, align(8))]
struct Block([u8; BLOCK_SIZE]);

/// The header of an allocation that did not fit into the block.
struct Large {
    next: Option<NonNull<Large>>,
    /// Of the bytes behind the header.
    size: usize,
}

/// The header, rounded up to [`ALIGN`].
const HEADER_SIZE: usize = size_of::<Large>().next_multiple_of(ALIGN);

/// A block of zeroed bytes that is given out from its start, with the allocator behind it.
///
/// All-zero bytes are its empty state, so that a static one costs nothing in a module's file.
pub struct Arena {
    used: Cell<usize>,
    depth: Cell<u32>,
    large: Cell<Option<NonNull<Large>>>,
    block: UnsafeCell<Block>,
}

impl Arena {
    /// An empty arena.
    #[allow(clippy::new_without_default, reason = "only ever built as a static or by a dispatcher")]
    pub const fn new() -> Self {
        Arena {
            used: Cell::new(0),
            depth: Cell::new(0),
            large: Cell::new(None),
            block: UnsafeCell::new(Block([0; BLOCK_SIZE])),
        }
    }

    /// Runs `callback`; what is allocated meanwhile is released when it returns or unwinds.
    ///
    /// Calls nest like the callbacks of a host that re-enters: an inner one releases only its own.
    #[inline]
    pub fn enter<T>(&self, callback: impl for<'cb> FnOnce(Scope<'cb>) -> T) -> T {
        let outer_depth = self.depth.get();
        if outer_depth == 0 {
            // Whatever a host allocated outside a callback has no owner.
            self.release(0, None);
        }
        let depth = outer_depth.wrapping_add(1);
        self.depth.set(depth);
        let _release = Release { arena: self, outer_depth, used: self.used.get(), large: self.large.get() };
        callback(Scope { arena: self, depth })
    }

    #[inline(always)]
    fn release(&self, used: usize, large: Option<NonNull<Large>>) {
        self.used.set(used);
        if self.large.get() != large {
            self.free_until(large);
        }
    }

    /// Gives out `size` bytes, aligned to 8; null where there is no memory for them.
    ///
    /// The bytes are initialised: the block is zeroed once, large allocations each time.
    #[inline]
    pub fn allocate(&self, size: usize) -> *mut u8 {
        let start = self.used.get();
        // `used` never exceeds the block, so the difference does not wrap.
        if size <= BLOCK_SIZE.wrapping_sub(start) {
            let end = start.wrapping_add(size);
            self.used.set(end.wrapping_add(ALIGN - 1) & !(ALIGN - 1));
            // SAFETY: `start + size <= BLOCK_SIZE`, so the result is inside the block or one past its end.
            unsafe { self.block.get().cast::<u8>().add(start) }
        } else {
            self.allocate_large(size)
        }
    }

    #[cold]
    #[inline(never)]
    fn allocate_large(&self, size: usize) -> *mut u8 {
        let Some(layout) = large_layout(size) else { return ptr::null_mut() };
        // SAFETY: the layout holds at least the header, so it is not empty.
        let Some(at) = NonNull::new(unsafe { alloc_zeroed(layout) }.cast::<Large>()) else {
            return ptr::null_mut();
        };
        // SAFETY: the allocation is fresh, aligned for the header, and has room for it.
        unsafe { at.write(Large { next: self.large.get(), size }) };
        self.large.set(Some(at));
        // SAFETY: the layout is the header and then `size` bytes.
        unsafe { at.as_ptr().cast::<u8>().add(HEADER_SIZE) }
    }

    /// The `len` bytes at `address`, if all of them were allocated here and are still alive.
    #[inline]
    fn bytes(&self, address: usize, len: usize) -> Option<&[u8]> {
        let block = self.block.get().cast::<u8>();
        let start = address.wrapping_sub(block.addr());
        let used = self.used.get();
        if start <= used && len <= used.wrapping_sub(start) {
            // SAFETY: `start <= used <= BLOCK_SIZE`.
            let at = unsafe { block.add(start) };
            // SAFETY: `start + len <= used`, inside the block, initialised. Nobody writes there while a
            // shared slice can exist: `allocate` gave the bytes to one writer, who is done, and gives
            // them out again only after the callback in which they were allocated has returned.
            Some(unsafe { core::slice::from_raw_parts(at, len) })
        } else {
            self.large_bytes(address, len)
        }
    }

    #[cold]
    #[inline(never)]
    fn large_bytes(&self, address: usize, len: usize) -> Option<&[u8]> {
        let mut next = self.large.get();
        while let Some(at) = next {
            // SAFETY: every entry of the list is alive and has a header that `allocate_large` wrote.
            let Large { next: following, size } = unsafe { at.read() };
            let start = address.wrapping_sub(at.addr().get().wrapping_add(HEADER_SIZE));
            if start <= size && len <= size.wrapping_sub(start) {
                // SAFETY: `HEADER_SIZE + start` is inside the allocation of `HEADER_SIZE + size` bytes.
                let data = unsafe { at.as_ptr().cast::<u8>().add(HEADER_SIZE.wrapping_add(start)) };
                // SAFETY: as in `bytes`: inside one live, initialised allocation with no writer.
                return Some(unsafe { core::slice::from_raw_parts(data, len) });
            }
            next = following;
        }
        None
    }

    #[cold]
    #[inline(never)]
    fn free_until(&self, mark: Option<NonNull<Large>>) {
        while let Some(at) = self.large.get() {
            if Some(at) == mark {
                return;
            }
            // SAFETY: every entry of the list is alive and has a header that `allocate_large` wrote.
            let Large { next, size } = unsafe { at.read() };
            self.large.set(next);
            if let Some(layout) = large_layout(size) {
                // SAFETY: the same size gave the same layout when this entry was allocated.
                unsafe { dealloc(at.as_ptr().cast(), layout) };
            }
        }
    }
}

fn large_layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER_SIZE)?, ALIGN).ok()
}

impl Drop for Arena {
    fn drop(&mut self) {
        self.free_until(None);
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena").field("used", &self.used.get()).finish_non_exhaustive()
    }
}

/// The arena during one callback. What it gives lives as long as the callback.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'cb> {
    arena: &'cb Arena,
    depth: u32,
}

impl<'cb> Scope<'cb> {
    /// Whether no nested callback is running, whose end would release what is allocated now.
    #[inline]
    fn is_innermost(self) -> bool {
        self.arena.depth.get() == self.depth
    }

    /// The `len` bytes at `address`, if all of them were allocated here and are still alive.
    ///
    /// This is how bytes that a host claims to have written become a slice: the address is only compared,
    /// never followed, so a host that answers with a wrong one is refused.
    #[inline]
    pub fn bytes(self, address: usize, len: usize) -> Option<&'cb [u8]> {
        if self.is_innermost() { self.arena.bytes(address, len) } else { None }
    }

    /// Scratch bytes that `fill` writes. `None` where there is no memory.
    ///
    /// Not public: `fill` must not ask [`bytes`](Scope::bytes) for what it is writing.
    #[inline]
    pub(crate) fn build(self, size: usize, fill: impl FnOnce(&mut [u8])) -> Option<&'cb [u8]> {
        if !self.is_innermost() {
            return None;
        }
        let at = NonNull::new(self.arena.allocate(size))?;
        // SAFETY: `size` fresh and initialised bytes that nobody else refers to, until this borrow ends:
        // no `fill` of this crate runs an extension's code or calls the host.
        fill(unsafe { core::slice::from_raw_parts_mut(at.as_ptr(), size) });
        self.arena.bytes(at.addr().get(), size)
    }
}

/// Restores the arena to its state before a callback, also when the callback unwinds.
struct Release<'a> {
    arena: &'a Arena,
    outer_depth: u32,
    used: usize,
    large: Option<NonNull<Large>>,
}

impl Drop for Release<'_> {
    #[inline]
    fn drop(&mut self) {
        self.arena.depth.set(self.outer_depth);
        self.arena.release(self.used, self.large);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn keep<'cb>(scope: Scope<'cb>, bytes: &[u8]) -> &'cb [u8] {
        scope.build(bytes.len(), |to| to.copy_from_slice(bytes)).unwrap()
    }

    #[test]
    fn a_nested_callback_frees_only_what_it_allocated() {
        let arena = Arena::new();
        arena.enter(|outer| {
            let first = keep(outer, b"first");
            arena.enter(|inner| {
                assert_eq!(keep(inner, b"second"), b"second");
                assert_eq!(keep(inner, &vec![7; 10_000]).len(), 10_000);
            });
            let third = keep(outer, b"third");
            assert_eq!((first, third), (&b"first"[..], &b"third"[..]));
        });
        assert_eq!(arena.used.get(), 0);
        assert!(arena.large.get().is_none());
    }

    #[test]
    fn an_outer_scope_gives_nothing_while_a_nested_callback_runs() {
        let arena = Arena::new();
        arena.enter(|outer| {
            let first = keep(outer, b"first");
            arena.enter(|_inner| {
                assert_eq!(outer.build(1, |_| ()), None);
                assert_eq!(outer.bytes(first.as_ptr().addr(), first.len()), None);
            });
            assert_eq!(outer.bytes(first.as_ptr().addr(), first.len()), Some(first));
        });
    }

    #[test]
    fn what_a_host_allocates_outside_a_callback_is_released_by_the_next() {
        let arena = Arena::new();
        for _ in 0..1_000 {
            assert!(!arena.allocate(100).is_null());
        }
        arena.enter(|_| {
            assert_eq!(arena.used.get(), 0);
            assert!(arena.large.get().is_none());
        });
    }

    #[test]
    fn addresses_that_were_not_given_out_are_refused() {
        let arena = Arena::new();
        let at = arena.enter(|scope| {
            let at = arena.allocate(10).addr();
            let large = arena.allocate(5000).addr();
            for (address, len) in [
                (0, 1),
                (at, 17),
                (at.wrapping_sub(1), 1),
                (at.wrapping_add(16), 1),
                (at, usize::MAX),
                (usize::MAX, 2),
                (large, 5001),
                (large.wrapping_sub(1), 1),
                (large.wrapping_add(5000), 1),
                (large.wrapping_add(1), usize::MAX),
            ] {
                assert_eq!(scope.bytes(address, len), None, "{address:x} {len}");
            }
            assert_eq!(scope.bytes(at, 10).map(<[u8]>::len), Some(10));
            assert_eq!(scope.bytes(large.wrapping_add(1), 4999).map(<[u8]>::len), Some(4999));
            at
        });
        arena.enter(|scope| assert_eq!(scope.bytes(at, 1), None));
    }

    #[test]
    fn a_size_that_no_allocator_has_gives_null() {
        let arena = Arena::new();
        for size in [usize::MAX, usize::MAX / 2 + 1, usize::MAX - HEADER_SIZE] {
            assert!(arena.allocate(size).is_null());
        }
    }

    #[test]
    fn allocations_are_aligned_and_do_not_overlap() {
        let arena = Arena::new();
        arena.enter(|_| {
            let mut end = 0;
            for size in [1, 8, 0, 9, 3] {
                let at = arena.allocate(size).addr();
                assert_eq!(at % ALIGN, 0);
                assert!(at >= end);
                end = at + size;
            }
        });
    }
}
