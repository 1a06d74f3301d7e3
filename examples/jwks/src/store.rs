//! The keys that were fetched, for all requests of a worker.

use crate::keys::Keys;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// The last key set that came, if any did, and the attempts to get another.
#[derive(Default)]
pub(crate) struct Store {
    fetched: RefCell<Option<(Rc<Keys>, Duration)>>,
    /// When the last attempt began.
    tried: Cell<Option<Duration>>,
    has_failed: Cell<bool>,
    is_looking: Cell<bool>,
}

/// While it lives, a request looks for an unknown key.
pub(crate) struct Looking<'a>(&'a Store);

impl Drop for Looking<'_> {
    /// Also if the client has gone away meanwhile.
    fn drop(&mut self) {
        self.0.is_looking.set(false);
    }
}

impl Store {
    /// Notes that an attempt begins.
    pub(crate) fn begin(&self, now: Duration) {
        self.tried.set(Some(now));
    }

    /// Keeps a set that has come at this time, in place of the one before.
    pub(crate) fn set(&self, keys: Keys, now: Duration) {
        *self.fetched.borrow_mut() = Some((Rc::new(keys), now));
        self.has_failed.set(false);
    }

    /// Notes that an attempt has failed. What came before stays.
    pub(crate) fn fail(&self) {
        self.has_failed.set(true);
    }

    /// Whether the last attempt that has ended has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.get()
    }

    /// The keys, if there are any, and they are not older than `max_age`.
    pub(crate) fn get(&self, now: Duration, max_age: Duration) -> Option<Rc<Keys>> {
        let fetched = self.fetched.borrow();
        let (keys, then) = fetched.as_ref()?;
        // The clock can have been set back.
        (now.saturating_sub(*then) < max_age).then(|| keys.clone())
    }

    /// Whether a request looks for an unknown key.
    pub(crate) fn is_looking(&self) -> bool {
        self.is_looking.get()
    }

    /// Lets a request look for an unknown key, if nobody does, and the last attempt of any kind began that long ago.
    pub(crate) fn look(&self, now: Duration, pause: Duration) -> Option<Looking<'_>> {
        let is_soon = self.tried.get().is_some_and(|tried| now.saturating_sub(tried) < pause);
        (!is_soon && !self.is_looking.replace(true)).then_some(Looking(self))
    }
}
