//! The panic hook and the logger that the crate `proxy-wasm` installs, once for the process.

use super::allocator;
use crate::panic;
use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::{Arc, OnceLock};
use std::thread;

/// Lets the crate install them, and puts the hook back that was there before.
///
/// Its hook takes the place of the one that reports a failing test and ends a guest. It comes once for the process, and so
/// it comes now, and not when an extension sets its level in the middle of a test.
///
/// # Errors
///
/// If the process has a logger already.
pub(super) fn install(set_log_level: fn()) -> Result<(), String> {
    static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();
    let install = || {
        let _turn = super::turn::Turn::take();
        let before = Arc::new(take_hook());
        let (this_thread, others) = (thread::current().id(), before.clone());
        // The crate unwraps.
        set_hook(Box::new(move |info| {
            if thread::current().id() != this_thread {
                others(info);
            }
        }));
        let installed = catch_unwind(set_log_level);
        set_hook(Box::new(move |info| before(info)));
        panic::install_hook();
        installed.map_err(|_| PROBLEM.to_owned())
    };
    INSTALLED.get_or_init(install).clone()
}

const PROBLEM: &str = "this process has a logger already, and the crate `proxy-wasm` insists on its own; in a test binary with \
                       linked extensions nothing else may set one, as env_logger does";

/// Does so before any other guest starts, where a binary has linked extensions: a native one sets a logger too, and does
/// without it where there is one.
pub(crate) fn prepare() {
    if let Some(set_log_level) = allocator::set_log_level() {
        // Where it is a problem, linked guests do not start.
        let _ = install(set_log_level);
    }
}
