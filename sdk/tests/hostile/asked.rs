//! Who has asked for what: an answer may come to nobody else.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// A kind of callout, with its token.
type Callout = (&'static str, u32);

/// The callouts that have no answer yet, and who made them; nobody in particular if the host has given the token of one
/// away again: which of the two it answers then is not to be known.
#[derive(Default)]
pub(crate) struct Asked {
    askers: Cell<u32>,
    open: RefCell<BTreeMap<Callout, Option<u32>>>,
    /// The first answer that was wrong.
    wrong: RefCell<Option<String>>,
}

/// All root contexts: one takes over what another with its id has asked for.
pub(crate) const ROOT: u32 = 0;

impl Asked {
    /// A context begins: its number, which no other has.
    pub(crate) fn begin(&self) -> u32 {
        self.askers.set(self.askers.get() + 1);
        self.askers.get()
    }

    /// It has asked.
    pub(crate) fn ask(&self, kind: &'static str, token: u32, asker: u32) {
        let mut open = self.open.borrow_mut();
        let asker = if open.contains_key(&(kind, token)) { None } else { Some(asker) };
        open.insert((kind, token), asker);
    }

    /// It is answered, for the last time if so said.
    pub(crate) fn answer(&self, kind: &'static str, token: u32, asker: u32, is_last: bool) {
        let asked = self.open.borrow().get(&(kind, token)).copied();
        if asked.is_none_or(|asked| asked.is_some_and(|asked| asked != asker)) {
            self.wrong.borrow_mut().get_or_insert(format!(
                "the {kind} {token}, asked for by {asked:?}, was answered to {asker}; 0 is a root context"
            ));
        }
        if is_last {
            self.forget(kind, token);
        }
    }

    /// Nothing more comes of it.
    pub(crate) fn forget(&self, kind: &'static str, token: u32) {
        let mut open = self.open.borrow_mut();
        if open.get(&(kind, token)).is_some_and(Option::is_some) {
            open.remove(&(kind, token));
        }
    }

    pub(crate) fn wrong(&self) -> Option<String> {
        self.wrong.borrow().clone()
    }
}
