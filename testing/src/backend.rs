//! The guests that the host model can run.

use crate::trap::Trap;
use std::rc::Rc;
use waxwing::__private::{Guest, Host};

/// One VM: a guest, and the way into it.
pub(crate) trait Backend {
    /// The guest, to be asked for its [callbacks](Guest::callbacks). To call it, [`enter`](Backend::enter).
    fn guest(&self) -> &dyn Guest;

    /// Runs `callback` on the guest; the host calls that it makes meanwhile go to `host`.
    ///
    /// # Errors
    ///
    /// If the guest trapped. It is not entered again after that.
    fn enter(&self, host: Rc<dyn Host>, callback: &mut dyn FnMut(&dyn Guest)) -> Result<(), Trap>;

    /// Finds out whether there is an export beside those of the ABI that takes so many numbers.
    ///
    /// # Errors
    ///
    /// If there is not, with what there is.
    fn check_export(&self, name: &str, _arguments: usize) -> Result<(), String> {
        Err(format!("there is no export {name}: only a built module has exports beside the callbacks"))
    }

    /// Calls such an export, from within [`enter`](Backend::enter).
    fn call_export(&self, _name: &str, _arguments: &[u32]) {}
}

/// How many host calls a callback can make before it is stopped as hung: far more than one makes that comes to an end.
pub(crate) const CALL_LIMIT: u64 = 20_000;

/// What its trap says then.
pub(crate) const ENDLESS: &str = "the callback has made 20,000 host calls, and is stopped as hung";
