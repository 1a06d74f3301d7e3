//! Whose turn it is, of all linked VMs of the process.

use log::LevelFilter;
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One callback at a time, because the level of the `log` crate is the process's. As long as a VM has its turn, the level is
/// its own, as in a module; and nothing else that extensions keep in statics is used by two of them at once.
pub(super) struct Turn {
    /// That of whoever had the turn before.
    level: LevelFilter,
    _lock: Option<MutexGuard<'static, ()>>,
    _of_this_thread: PhantomData<*const ()>,
}

static LOCK: Mutex<()> = Mutex::new(());

thread_local! {
    /// The turns that this thread has, one within the other: what answers a host call may use another host.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

impl Turn {
    /// Waits until it is this test's turn.
    pub(super) fn take() -> Turn {
        let depth = DEPTH.get();
        DEPTH.set(depth + 1);
        // It guards nothing that a panic could leave half done.
        let lock = (depth == 0).then(|| LOCK.lock().unwrap_or_else(PoisonError::into_inner));
        Turn { level: log::max_level(), _lock: lock, _of_this_thread: PhantomData }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        log::set_max_level(self.level);
        DEPTH.set(DEPTH.get() - 1);
    }
}
