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
    /// A DNS lookup.
    #[cfg(feature = "envoy-dns")]
    Dns,
}

/// The host calls that end a gRPC stream: a module that opens none does not have them.
#[derive(Debug)]
pub(crate) struct StreamCalls {
    pub(crate) close: fn(u32) -> Result<()>,
    pub(crate) cancel: fn(u32) -> Result<()>,
}

/// The callouts of a VM that have no answer yet, with the contexts that made them.
///
/// A direct-mapped front, and behind it what has no place there, as contexts have it. All-zero bytes are the empty
/// table, so that a static one costs nothing in a module's file; no code of it is in a module without callouts.
pub(crate) struct Pending {
    front: [Callout; FRONT],
    behind: Cell<Option<Box<HashTable<Callout>>>>,
    /// How many are behind, to know without a look that there are none.
    behind_len: Cell<usize>,
    /// How many callouts the contexts have made that share a place, to know without a search that one has none.
    counts: [Cell<u16>; COUNTS],
    /// Of the gRPC streams.
    calls: Cell<Option<&'static StreamCalls>>,
}

/// Most VMs wait for fewer answers at a time.
const FRONT: usize = 16;
const COUNTS: usize = 64;

/// A place for a callout. The context 0 makes none: with it, the place is empty.
#[derive(Clone)]
struct Callout {
    token: Cell<u32>,
    context: Cell<u32>,
    kind: Cell<Kind>,
    marks: Cell<u8>,
}

/// It was there when the callouts of its context were marked last.
const MARKED: u8 = 1;
/// It is of the task of a root context, and not of its callbacks.
const OF_TASK: u8 = 2;

impl Callout {
    const fn new(kind: Kind, token: u32, context: u32) -> Self {
        Callout {
            token: Cell::new(token),
            context: Cell::new(context),
            kind: Cell::new(kind),
            marks: Cell::new(0),
        }
    }

    fn mark(&self, mark: u8) {
        self.marks.set(self.marks.get() | mark);
    }

    fn has(&self, mark: u8) -> bool {
        self.marks.get() & mark != 0
    }

    #[inline(always)]
    fn is(&self, kind: Kind, token: u32) -> bool {
        self.token.get() == token && self.kind.get() == kind && self.context.get() != 0
    }
}

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "the length is not 0, and a remainder is below it"
)]
#[inline(always)]
fn place<T, const N: usize>(places: &[T; N], number: u32) -> &T {
    &places[number as usize % N]
}

impl Pending {
    pub(super) const fn new() -> Self {
        Pending {
            front: [const { Callout::new(Kind::Http, 0, 0) }; FRONT],
            behind: Cell::new(None),
            behind_len: Cell::new(0),
            counts: [const { Cell::new(0) }; COUNTS],
            calls: Cell::new(None),
        }
    }

    /// The place of a token. They come in steps of four, whose low bits say the kind, or one by one.
    #[inline(always)]
    fn place(&self, token: u32) -> &Callout {
        place(&self.front, token ^ token >> 2)
    }

    #[inline(always)]
    fn count(&self, context: u32) -> &Cell<u16> {
        place(&self.counts, context)
    }

    /// Notes a callout. A token that is there already was never answered: it belongs to the new one.
    #[inline(never)]
    pub(crate) fn add(&self, kind: Kind, token: u32, context: u32) {
        self.take(kind, token);
        let place = self.place(token);
        if place.context.get() != 0 {
            self.put_behind(place.clone());
        }
        place.token.set(token);
        place.context.set(context);
        place.kind.set(kind);
        place.marks.set(0);
        let count = self.count(context);
        count.set(count.get().saturating_add(1));
    }

    /// Notes a gRPC stream, which `calls` end.
    pub(crate) fn add_stream(&self, token: u32, context: u32, calls: &'static StreamCalls) {
        self.calls.set(Some(calls));
        self.add(Kind::GrpcStream, token, context);
    }

    /// Whose a callout is, which is answered with this; `None` if it is unknown, or its context has ended.
    #[inline]
    pub(crate) fn take(&self, kind: Kind, token: u32) -> Option<u32> {
        let place = self.place(token);
        let context = if place.is(kind, token) {
            place.context.take()
        } else if self.behind_len.get() == 0 {
            return None;
        } else {
            self.take_behind(kind, token)?
        };
        let count = self.count(context);
        // One that was too large to be counted stays, and costs a search.
        if count.get() != u16::MAX {
            count.set(count.get().saturating_sub(1));
        }
        Some(context)
    }

    /// The same where it is seldom, in one place.
    #[inline(never)]
    pub(super) fn take_seldom(&self, kind: Kind, token: u32) -> Option<u32> {
        self.take(kind, token)
    }

    /// The same for a gRPC stream that is closed, with what ends it on the host.
    pub(super) fn take_stream(&self, token: u32) -> Option<(u32, &'static StreamCalls)> {
        Some((self.take_seldom(Kind::GrpcStream, token)?, self.calls.get()?))
    }

    /// Whose a gRPC stream is, which goes on.
    #[inline(never)]
    pub(super) fn stream_owner(&self, token: u32) -> Option<u32> {
        let place = self.place(token);
        if place.is(Kind::GrpcStream, token) {
            return Some(place.context.get());
        }
        self.with_behind(|behind| {
            let stream = behind.find(hash(token), |callout| callout.is(Kind::GrpcStream, token))?;
            Some(stream.context.get())
        })
    }

    /// Lets the task of a root context have a callout.
    pub(crate) fn give_to_task(&self, kind: Kind, token: u32) {
        self.with_callout(kind, token, |callout| callout.mark(OF_TASK));
    }

    /// Whether the task of a root context has it.
    pub(super) fn is_of_task(&self, kind: Kind, token: u32) -> bool {
        self.with_callout(kind, token, |callout| callout.has(OF_TASK)).unwrap_or_default()
    }

    #[inline(never)]
    fn with_callout<T>(&self, kind: Kind, token: u32, use_it: impl FnOnce(&Callout) -> T) -> Option<T> {
        let place = self.place(token);
        if place.is(kind, token) {
            return Some(use_it(place));
        }
        if self.behind_len.get() == 0 {
            return None;
        }
        self.with_behind(|behind| behind.find(hash(token), |callout| callout.is(kind, token)).map(use_it))
    }

    /// Forgets the callouts of a context that ends: nobody gets what is still answered to them. Its gRPC streams, which
    /// might go on for ever, are cancelled.
    #[inline(always)]
    pub(crate) fn forget(&self, context: u32) {
        if self.count(context).get() != 0 {
            self.forget_callouts(context, None);
        }
    }

    /// Marks the callouts of a context, to tell them from those that come later.
    pub(super) fn mark(&self, context: u32) {
        if self.count(context).get() == 0 {
            return;
        }
        let mark = |callout: &Callout| {
            if callout.context.get() == context {
                callout.mark(MARKED);
            }
        };
        self.front.iter().for_each(mark);
        if self.behind_len.get() != 0 {
            self.with_behind(|behind| behind.iter().for_each(mark));
        }
    }

    /// Forgets those callouts of a context that were marked last, or those that were not.
    pub(super) fn forget_marked(&self, context: u32, is_marked: bool) {
        if self.count(context).get() != 0 {
            self.forget_callouts(context, Some(is_marked));
        }
    }

    #[cold]
    #[inline(never)]
    fn forget_callouts(&self, context: u32, is_marked: Option<bool>) {
        let (mut forgotten, mut streams) = (0u16, Vec::new());
        let mut forget = |callout: &Callout| {
            // Those of a task end with that.
            let is_meant = callout.context.get() == context
                && !callout.has(OF_TASK)
                && is_marked.is_none_or(|is_marked| callout.has(MARKED) == is_marked);
            if is_meant {
                forgotten = forgotten.saturating_add(1);
                if callout.kind.get() == Kind::GrpcStream {
                    streams.push(callout.token.get());
                }
            }
            is_meant
        };
        for place in &self.front {
            if forget(place) {
                place.context.set(0);
            }
        }
        if self.behind_len.get() != 0 {
            self.with_behind(|behind| behind.retain(|callout| !forget(callout)));
        }
        let count = self.count(context);
        if count.get() != u16::MAX {
            count.set(count.get().saturating_sub(forgotten));
        }
        // Only now: the host may call back.
        if let Some(calls) = self.calls.get() {
            for token in streams {
                let _ = (calls.cancel)(token);
            }
        }
    }

    #[cold]
    fn put_behind(&self, callout: Callout) {
        let number = |callout: &Callout| hash(callout.token.get());
        self.with_behind(|behind| {
            behind.insert_unique(number(&callout), callout, number);
        });
    }

    #[cold]
    fn take_behind(&self, kind: Kind, token: u32) -> Option<u32> {
        self.with_behind(|behind| {
            let entry = behind.find_entry(hash(token), |callout| callout.is(kind, token)).ok()?;
            Some(entry.remove().0.context.get())
        })
    }

    fn with_behind<T>(&self, use_it: impl FnOnce(&mut HashTable<Callout>) -> T) -> T {
        let mut behind = self.behind.take().unwrap_or_default();
        let result = use_it(&mut behind);
        self.behind_len.set(behind.len());
        self.behind.set(Some(behind));
        result
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

/// Spreads well if each bit is used.
fn hash(token: u32) -> u64 {
    super::behind::hash(token.rotate_right(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_for_the_context_that_asked_and_comes_once() {
        let pending = Pending::new();
        for token in (4..4000).step_by(4) {
            pending.add(Kind::Http, token, token / 8 + 1);
        }
        for token in (4..4000).step_by(4) {
            assert_eq!(pending.take(Kind::Http, token), Some(token / 8 + 1));
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
    fn a_context_that_waits_for_nothing_takes_nothing_from_those_that_share_its_count() {
        let pending = Pending::new();
        for token in 0..100 {
            pending.add(Kind::Http, token, 2 + 64 * (token % 3));
        }
        pending.forget(2);
        pending.forget(2 + 64 * 3);
        for token in 0..100 {
            let owner = 2 + 64 * (token % 3);
            assert_eq!(pending.take(Kind::Http, token), (owner != 2).then_some(owner));
        }
        assert!(pending.counts.iter().all(|count| count.get() == 0));
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
    fn a_callout_is_of_the_task_wherever_it_is_until_its_number_is_another_one() {
        let pending = Pending::new();
        for token in 0..40 {
            pending.add(Kind::Http, token, 1);
            if token % 3 == 0 {
                pending.give_to_task(Kind::Http, token);
            }
        }
        pending.give_to_task(Kind::Http, 77);
        for token in 0..40 {
            assert_eq!(pending.is_of_task(Kind::Http, token), token % 3 == 0);
            assert!(!pending.is_of_task(Kind::GrpcCall, token));
        }
        pending.add(Kind::Http, 3, 1);
        assert!(!pending.is_of_task(Kind::Http, 3));
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
