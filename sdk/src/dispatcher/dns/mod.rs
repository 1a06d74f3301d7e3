//! The answers to DNS lookups, also those that come before the lookup is known.

use super::foreign::call_data;
use super::protocol::{Http, Protocol, Tcp};
use super::{Dispatcher, Kind};
use crate::abi::guest::Callback;
use crate::callout::{DnsAnswer, DnsLookupId};
use crate::context::{Extension, HttpContext, RootCallbacks, StreamContext};
use crate::view::{ConnectionView, Cx, RootView, StreamView};
use crate::{Result, TimerId};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

/// What a host has answered while a lookup was being begun.
///
/// All-zero bytes are the empty list, so that a static one costs nothing in a module's file. It is never borrowed while
/// the host is called.
pub(crate) struct Lookups {
    /// How many are being begun, one inside the other.
    beginning: Cell<u32>,
    early: Cell<Option<Box<Early>>>,
}

#[derive(Default)]
struct Early {
    /// Of lookups that may be the one that is being begun.
    unclaimed: Vec<(u32, Bytes)>,
    /// Those that are to be handed over.
    kept: Vec<Kept>,
}

struct Kept {
    context: u32,
    timer: TimerId,
    token: u32,
    answer: Bytes,
}

/// An answer as the host gave it, or why it could not be read.
type Bytes = Result<Vec<u8>>;

/// A host answers one lookup at once, that which is being begun. More answers than this are not kept.
const UNCLAIMED: usize = 8;

impl Lookups {
    pub(super) const fn new() -> Self {
        Lookups { beginning: Cell::new(0), early: Cell::new(None) }
    }

    /// A lookup is being begun.
    pub(crate) fn begin(&self) {
        self.beginning.set(self.beginning.get().saturating_add(1));
    }

    /// It has begun, and this is its token if the host did not refuse: gives the answer that has come already.
    pub(crate) fn end(&self, token: Option<u32>) -> Option<Bytes> {
        let beginning = self.beginning.get().saturating_sub(1);
        self.beginning.set(beginning);
        let mut early = self.early.take()?;
        let at = early.unclaimed.iter().position(|(other, _)| Some(*other) == token);
        let answer = at.map(|at| early.unclaimed.swap_remove(at).1);
        if beginning == 0 {
            early.unclaimed.clear();
        }
        self.early.set(Some(early));
        answer
    }

    /// Keeps an answer until a timer of its context is due.
    pub(crate) fn keep(&self, context: u32, timer: TimerId, token: u32, answer: Bytes) {
        self.with(|early| early.kept.push(Kept { context, timer, token, answer }));
    }

    /// Forgets the answers to a context that ends, as its timers are.
    pub(super) fn forget(&self, context: u32) {
        self.forget_with(context, |_| true);
    }

    /// Forgets those to a root context that is replaced, or was not to be, with its timers.
    pub(super) fn forget_with(&self, context: u32, ends: impl Fn(u64) -> bool) {
        let Some(mut early) = self.early.take() else { return };
        early.kept.retain(|kept| kept.context != context || !ends(kept.timer.0));
        self.early.set(Some(early));
    }

    fn note(&self, token: u32, answer: Bytes) {
        self.with(|early| {
            if early.unclaimed.len() < UNCLAIMED {
                early.unclaimed.push((token, answer));
            }
        });
    }

    /// The answer that was kept until this timer.
    fn take(&self, timer: TimerId) -> Option<Kept> {
        let mut early = self.early.take()?;
        let at = early.kept.iter().position(|kept| kept.timer == timer);
        let kept = at.map(|at| early.kept.swap_remove(at));
        self.early.set(Some(early));
        kept
    }

    fn with(&self, use_it: impl FnOnce(&mut Early)) {
        let mut early = self.early.take().unwrap_or_default();
        use_it(&mut early);
        self.early.set(Some(early));
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").finish_non_exhaustive()
    }
}

/// Where an answer is.
enum Source {
    /// At the host, of this size.
    Host(usize),
    Kept(Bytes),
}

impl Source {
    fn read<'a>(&'a self, cx: Cx<'a>) -> Result<&'a [u8]> {
        match self {
            // Nothing is there to be read, and that is the answer.
            Source::Host(0) => Ok(&[]),
            Source::Host(_) => call_data(cx),
            Source::Kept(Ok(bytes)) => Ok(bytes),
            Source::Kept(Err(error)) => Err(error.clone()),
        }
    }
}

impl<R: Extension> Dispatcher<R> {
    /// Whether contexts of any kind resolve names.
    const RESOLVES: bool = <Http as Protocol<R>>::CALLBACKS.contains(Callback::ResolveDns)
        || <Tcp as Protocol<R>>::CALLBACKS.contains(Callback::ResolveDns)
        || <R as RootCallbacks>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL.contains(Callback::ResolveDns);

    /// The answer to a lookup, for the context that began it.
    pub(super) fn dns_resolved(&self, called: u32, token: u32, size: usize) {
        let source = Source::Host(size);
        match self.vm.pending.take(Kind::Dns, token) {
            Some(owner) => self.tell_addresses(called, owner, token, &source),
            // It may be that which is being begun, whose context is running.
            None if self.vm.lookups.beginning.get() != 0 => {
                let answer = self.vm.enter(called, |cx| source.read(cx).map(<[u8]>::to_vec));
                self.vm.lookups.note(token, answer);
            }
            // One that nobody waits for any more is nothing odd: its stream has ended.
            None => {}
        }
    }

    /// Hands over the answer that was kept until this timer; false if it is a timer of the extension's own.
    pub(super) fn early_answer(&self, root: u32, timer: TimerId) -> bool {
        if !Self::RESOLVES {
            return false;
        }
        let Some(kept) = self.vm.lookups.take(timer) else { return false };
        if let Some(owner) = self.vm.pending.take(Kind::Dns, kept.token) {
            self.tell_addresses(root, owner, kept.token, &Source::Kept(kept.answer));
        }
        true
    }

    fn tell_addresses(&self, called: u32, owner: u32, token: u32, source: &Source) {
        let callback = Callback::ResolveDns.entry();
        let lookup = DnsLookupId(token);
        if self.roots.contains(owner) {
            self.wake_root(callback, owner, |root, cx| {
                let answer = &DnsAnswer::new(source.read(cx)?);
                root.on_dns_resolved(lookup, answer, &mut RootView::new(cx))
            });
        } else {
            self.wake(
                callback,
                called,
                owner,
                |stream, cx| {
                    let answer = &DnsAnswer::new(source.read(cx)?);
                    stream.on_dns_resolved(lookup, answer, &mut StreamView::new(cx))
                },
                |connection, cx| {
                    let answer = &DnsAnswer::new(source.read(cx)?);
                    connection.on_dns_resolved(lookup, answer, &mut ConnectionView::new(cx))
                },
            );
        }
    }
}

#[cfg(test)]
mod tests;
