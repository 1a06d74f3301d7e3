//! Whose the callouts are that have no answer yet.

use crate::Result;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;
use hashbrown::HashTable;

/// A kind of callout. Hosts number each kind by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Http,
    GrpcCall,
    /// It is answered many times: until it is closed.
    GrpcStream,
}

/// The host calls that end a gRPC stream: a module that opens none does not have them.
#[derive(Debug)]
pub(crate) struct StreamCalls {
    pub(crate) close: fn(u32) -> Result<()>,
    pub(crate) cancel: fn(u32) -> Result<()>,
}

/// The callouts of a VM that have no answer yet, with the contexts that made them.
///
/// All-zero bytes are the empty table, so that a static one costs nothing in a module's file; nothing of it is in
/// a module without callouts.
pub(crate) struct Pending(Cell<Option<Box<Tables>>>);

#[derive(Default)]
struct Tables {
    callouts: HashTable<Callout>,
    /// How many each context waits for, so that a context that waits for none need not be looked for.
    contexts: HashTable<Waiting>,
}

struct Callout {
    kind: Kind,
    token: u32,
    context: u32,
    /// Of a gRPC stream.
    calls: Option<&'static StreamCalls>,
}

struct Waiting {
    context: u32,
    callouts: u32,
}

impl Pending {
    pub(super) const fn new() -> Self {
        Pending(Cell::new(None))
    }

    /// Notes a callout. A token that is there already was never answered: it belongs to the new one.
    pub(crate) fn add(&self, kind: Kind, token: u32, context: u32) {
        self.insert(Callout { kind, token, context, calls: None });
    }

    /// Notes a gRPC stream, which `calls` end.
    pub(crate) fn add_stream(&self, token: u32, context: u32, calls: &'static StreamCalls) {
        self.insert(Callout { kind: Kind::GrpcStream, token, context, calls: Some(calls) });
    }

    fn insert(&self, callout: Callout) {
        let Callout { kind, token, context, .. } = callout;
        self.take(kind, token);
        let mut tables = self.0.take().unwrap_or_default();
        tables.callouts.insert_unique(hash(token), callout, |callout| hash(callout.token));
        match tables.contexts.find_mut(hash(context), |waiting| waiting.context == context) {
            Some(waiting) => waiting.callouts = waiting.callouts.saturating_add(1),
            None => {
                let waiting = Waiting { context, callouts: 1 };
                tables.contexts.insert_unique(hash(context), waiting, |waiting| hash(waiting.context));
            }
        }
        self.0.set(Some(tables));
    }

    /// Whose a callout is, which is answered with this; `None` if it is unknown, or its context has ended.
    pub(crate) fn take(&self, kind: Kind, token: u32) -> Option<u32> {
        let mut tables = self.0.take()?;
        let callout = tables.take(kind, token);
        self.0.set(Some(tables));
        Some(callout?.context)
    }

    /// The same for a gRPC stream that is closed, with what ends it on the host.
    pub(super) fn take_stream(&self, token: u32) -> Option<(u32, &'static StreamCalls)> {
        let mut tables = self.0.take()?;
        let callout = tables.take(Kind::GrpcStream, token);
        self.0.set(Some(tables));
        let callout = callout?;
        Some((callout.context, callout.calls?))
    }

    /// Whose a gRPC stream is, which goes on.
    pub(super) fn stream_owner(&self, token: u32) -> Option<u32> {
        let tables = self.0.take()?;
        let is_it = |callout: &Callout| callout.token == token && callout.kind == Kind::GrpcStream;
        let context = tables.callouts.find(hash(token), is_it).map(|callout| callout.context);
        self.0.set(Some(tables));
        context
    }

    /// Forgets the callouts of a context that ends: nobody gets what is still answered to them. Its gRPC streams, which
    /// might go on for ever, are cancelled.
    pub(crate) fn forget(&self, context: u32) {
        let Some(mut tables) = self.0.take() else { return };
        let waits = tables.contexts.find_entry(hash(context), |waiting| waiting.context == context);
        let mut streams = Vec::new();
        if let Ok(entry) = waits {
            entry.remove();
            tables.callouts.retain(|callout| {
                let stays = callout.context != context;
                if let (false, Some(calls)) = (stays, callout.calls) {
                    streams.push((calls, callout.token));
                }
                stays
            });
        }
        self.0.set(Some(tables));
        // Only now: the host may call back.
        for (calls, token) in streams {
            let _ = (calls.cancel)(token);
        }
    }
}

impl Tables {
    fn take(&mut self, kind: Kind, token: u32) -> Option<Callout> {
        let is_it = |callout: &Callout| callout.token == token && callout.kind == kind;
        let callout = self.callouts.find_entry(hash(token), is_it).ok()?.remove().0;
        let context = callout.context;
        let waits = self.contexts.find_entry(hash(context), |waiting| waiting.context == context);
        if let Ok(mut entry) = waits {
            let left = entry.get().callouts.saturating_sub(1);
            if left == 0 {
                entry.remove();
            } else {
                entry.get_mut().callouts = left;
            }
        }
        Some(callout)
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

/// Tokens come in steps of four, whose low bits say the kind, and contexts one by one: both spread well if each
/// bit is used.
fn hash(number: u32) -> u64 {
    super::behind::hash(number.rotate_right(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_for_the_context_that_asked_and_comes_once() {
        let pending = Pending::new();
        for token in (4..4000).step_by(4) {
            pending.add(Kind::Http, token, token / 8);
        }
        for token in (4..4000).step_by(4) {
            assert_eq!(pending.take(Kind::Http, token), Some(token / 8));
            assert_eq!(pending.take(Kind::Http, token), None);
        }
    }

    #[test]
    fn nobody_gets_the_answers_to_a_context_that_has_ended() {
        let pending = Pending::new();
        pending.add(Kind::Http, 4, 2);
        pending.add(Kind::Http, 8, 3);
        pending.add(Kind::Http, 12, 2);
        pending.forget(2);
        pending.forget(77);
        assert_eq!([4, 8, 12].map(|token| pending.take(Kind::Http, token)), [None, Some(3), None]);
    }

    #[test]
    fn a_token_that_comes_again_belongs_to_the_new_callout() {
        let pending = Pending::new();
        pending.add(Kind::Http, 0, 2);
        pending.add(Kind::Http, 0, 3);
        pending.forget(2);
        assert_eq!(pending.take(Kind::Http, 0), Some(3));
    }

    #[test]
    fn a_stream_stays_until_it_is_closed_and_is_cancelled_with_its_context() {
        use core::sync::atomic::{AtomicU32, Ordering};
        static CANCELLED: AtomicU32 = AtomicU32::new(0);
        const CALLS: &StreamCalls = &StreamCalls {
            close: |_| Ok(()),
            cancel: |token| {
                CANCELLED.fetch_add(token, Ordering::Relaxed);
                Ok(())
            },
        };
        let pending = Pending::new();
        pending.add_stream(6, 2, CALLS);
        pending.add_stream(10, 2, CALLS);
        pending.add_stream(14, 3, CALLS);
        // A call with the number of a stream is another callout.
        pending.add(Kind::GrpcCall, 6, 3);
        assert_eq!(
            [6, 6, 10, 18].map(|token| pending.stream_owner(token)),
            [Some(2), Some(2), Some(2), None]
        );
        assert_eq!(pending.take_stream(6).map(|(context, _)| context), Some(2));
        assert_eq!(pending.stream_owner(6), None);
        pending.forget(2);
        assert_eq!(CANCELLED.load(Ordering::Relaxed), 10);
        assert_eq!([10, 14].map(|token| pending.stream_owner(token)), [None, Some(3)]);
        assert_eq!(pending.take(Kind::GrpcCall, 6), Some(3));
    }
}
