//! Counts the allocations of native guests.
//!
//! An allocator of the module itself cannot be watched from outside of it, so this count is made natively,
//! where the dispatcher and the extension are the same code.
#![allow(unsafe_code, reason = "an allocator can only be wrapped by an allocator, and its trait is unsafe")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The allocations that `work` makes on this thread, outside of [`uncounted`] parts.
pub(crate) fn count(work: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    let counting = COUNTING.replace(true);
    work();
    COUNTING.set(counting);
    COUNT.get() - before
}

/// The bytes that are allocated now, in the whole process.
pub(crate) fn live_bytes() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// Runs `work`, whose allocations are not the guest's.
pub(crate) fn uncounted<T>(work: impl FnOnce() -> T) -> T {
    let counting = COUNTING.replace(false);
    let result = work();
    COUNTING.set(counting);
    result
}

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Everybody's, because what one thread allocates another may free.
static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

/// Counts an allocation; a thread that ends has no counters any more.
fn note() {
    if COUNTING.try_with(Cell::get).unwrap_or(false) {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
    }
}

// SAFETY: every call is passed on as it is to the system's allocator, which keeps the contract; counting in
// between neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is the one that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note();
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        LIVE.fetch_add(size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_counted_counts() {
        let mut kept = Vec::new();
        let counted = count(|| {
            kept.push(Box::new(1));
            uncounted(|| kept.reserve(100));
        });
        assert_eq!(counted, 2, "the vector's first memory, and the box");
        assert_eq!(count(|| {}), 0);
    }

    #[test]
    fn what_is_allocated_is_live_until_it_is_freed() {
        // Other tests allocate meanwhile, but not as much.
        const SIZE: usize = 1 << 30;
        let before = live_bytes();
        let mut bytes = Vec::<u8>::with_capacity(SIZE / 2);
        bytes.reserve_exact(SIZE);
        assert!(live_bytes() >= before + SIZE / 2);
        drop(bytes);
        assert!(live_bytes() < before + SIZE / 2);
    }
}
