//! Where a guest that has panicked comes to a stop.
//!
//! A panic in a linked extension must not unwind: the crate's functions are `extern "C"`, and the process would abort. Its
//! thread cannot wait in the panic hook either, because the standard library keeps the hook locked meanwhile, and libtest takes
//! the hook out when all tests are over. Behind the hook and before the unwinding, the standard library allocates the
//! exception; so it waits there.
#![allow(
    unsafe_code,
    reason = "an allocator that is the system's, but for threads that have come to their end"
)]

use super::thread;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The system's allocator, in which the thread of a guest that has panicked stays; [`link!`](crate::link!) installs it.
#[derive(Debug)]
pub struct Allocator {
    set_log_level: fn(),
}

impl Allocator {
    /// What [`link!`](crate::link!) uses.
    #[doc(hidden)]
    pub const fn new(set_log_level: fn()) -> Self {
        Allocator { set_log_level }
    }

    /// Whether it is the allocator of this process.
    pub(super) fn is_installed() -> bool {
        INSTALLED.load(Ordering::Relaxed)
    }

    /// Keeps what it was made with, the first time that it is used.
    fn note(&self) {
        if !Allocator::is_installed() {
            INSTALLED.store(true, Ordering::Relaxed);
            let _ = SET_LOG_LEVEL.set(self.set_log_level);
        }
    }
}

/// What sets the level of the crate's logger, where [`link!`](crate::link!) is in the binary.
pub(super) fn set_log_level() -> Option<fn()> {
    SET_LOG_LEVEL.get().copied()
}

static INSTALLED: AtomicBool = AtomicBool::new(false);

static SET_LOG_LEVEL: OnceLock<fn()> = OnceLock::new();

// SAFETY: it hands everything to the system's allocator, or does not return.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.note();
        thread::stay_if_ended();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        thread::stay_if_ended();
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        thread::stay_if_ended();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(at, layout, new_size) }
    }
}
