//! The keys that were fetched, for all requests of a worker.

use crate::keys::Keys;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// The last key set that came, if any did.
#[derive(Default)]
pub(crate) struct Store(RefCell<Inner>);

#[derive(Default)]
struct Inner {
    fetched: Option<(Rc<Keys>, Duration)>,
    /// Whether an attempt has ended, in whatever way.
    has_tried: bool,
}

/// What a request gets of it.
pub(crate) enum Lookup {
    Found(Rc<Keys>),
    /// The first attempt is under way.
    Starting,
    /// None came, or they are too old.
    Unavailable,
}

impl Store {
    /// Keeps a set that has come at this time, in place of the one before.
    pub(crate) fn set(&self, keys: Keys, now: Duration) {
        *self.0.borrow_mut() = Inner { fetched: Some((Rc::new(keys), now)), has_tried: true };
    }

    /// Notes that an attempt has failed. What came before stays.
    pub(crate) fn fail(&self) {
        self.0.borrow_mut().has_tried = true;
    }

    /// The keys, if they are not older than `max_age`.
    pub(crate) fn get(&self, now: Duration, max_age: Duration) -> Lookup {
        let inner = self.0.borrow();
        match &inner.fetched {
            // The clock can have been set back.
            Some((keys, then)) if now.saturating_sub(*then) < max_age => Lookup::Found(keys.clone()),
            None if !inner.has_tried => Lookup::Starting,
            _ => Lookup::Unavailable,
        }
    }
}
