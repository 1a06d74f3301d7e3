//! The kinds of streams: HTTP streams and TCP connections.

use super::Dispatcher;
use super::contexts::Streams;
use super::outside::{AWAITED, FROM_OUTSIDE};
use super::vm::Oddity;
use crate::abi::guest::{Callback, Callbacks, Entry};
use crate::context::{Extension, HttpContext, StreamContext};
use crate::view::Cx;
use crate::{Flow, Result};
use alloc::boxed::Box;

/// A kind of stream.
pub(super) trait Protocol<R: Extension> {
    type Stream;
    /// What its callbacks from outside decide.
    type Decision;
    /// The callbacks that they have.
    const CALLBACKS: Callbacks;
    /// Whether one of them can wait for something.
    const WAITS: bool = Self::CALLBACKS.intersects(AWAITED);
    /// Whether one of them has callbacks from outside.
    const IS_WOKEN: bool = Self::CALLBACKS.intersects(FROM_OUTSIDE);
    /// Whether they have timers, as callbacks.
    const TIMED: bool = Self::CALLBACKS.contains(Callback::Tick) && !Self::EXCHANGES;

    /// Whether they are exchanges.
    const EXCHANGES: bool = false;

    fn streams(dispatcher: &Dispatcher<R>) -> &Streams<Self::Stream>;

    fn new(root: &R) -> Self::Stream;

    /// The same in the memory of a stream that has ended.
    #[inline(always)]
    fn renew(stream: &mut Self::Stream, root: &R) {
        *stream = Self::new(root);
    }

    /// Tells a stream that has begun which root context it is of.
    #[inline(always)]
    fn begin(_stream: &mut Self::Stream, _root: u32) {}

    /// Sends what a callback from outside has decided, if that is to be sent while its memory is there. What is left of
    /// the decision is small: an [`Action`](crate::Action) with a response costs much to hand on.
    fn send(dispatcher: &Dispatcher<R>, context: u32, decision: Self::Decision, cx: Cx<'_>) -> Result<Flow>;

    /// Does what such a callback has decided.
    fn conclude(dispatcher: &Dispatcher<R>, callback: &'static Entry, context: u32, decision: Result<Flow>);
}

/// Streams of HTTP.
pub(super) struct Http;

/// Connections of TCP.
pub(super) struct Tcp;

/// A context of which it is not known yet what it is, in an extension that has both kinds.
pub(super) struct Undecided {
    pub(super) parent: u32,
}

/// A stream that is in no table any more, with its context, if that is not running. To be dropped last: its code may
/// use the tables.
pub(super) enum Removed<R: Extension> {
    Http(Option<Box<R::Http>>),
    Tcp(Option<Box<R::Tcp>>),
    Undecided,
}

impl<R: Extension> Dispatcher<R> {
    /// Whether the extension has HTTP streams.
    pub(super) const HTTP: bool = !<R::Http as HttpContext>::IS_NONE;

    /// Whether it has TCP connections.
    pub(super) const TCP: bool = !<R::Tcp as StreamContext>::IS_NONE;

    /// Whether a context can be either, so that its first callback has to tell.
    pub(super) const BOTH: bool = Self::HTTP && Self::TCP;

    /// Whether a context is a TCP connection, as far as is known.
    #[inline(always)]
    pub(super) fn is_connection(&self, context: u32) -> bool {
        Self::TCP && (!Self::HTTP || self.connections.contains(context))
    }

    /// Whether a context is a stream of either kind, or will be.
    #[inline(always)]
    pub(super) fn is_stream(&self, context: u32) -> bool {
        (Self::HTTP && self.streams.contains(context))
            || (Self::TCP && self.connections.contains(context))
            || (Self::BOTH && self.undecided.contains(context))
    }

    /// Lets a context be a stream of this kind, if that was not known.
    #[inline(always)]
    pub(super) fn settle<P: Protocol<R>>(&self, context: u32) {
        if Self::BOTH {
            self.settle_undecided::<P>(context);
        }
    }

    #[inline(never)]
    fn settle_undecided<P: Protocol<R>>(&self, context: u32) {
        let Some(Some(undecided)) = self.undecided.remove(context) else { return };
        if let Err(oddity) = self.create_stream_as::<P>(context, undecided.parent) {
            self.vm.report_oddity(Callback::ContextCreate.entry(), context, oddity);
        }
    }

    #[inline(always)]
    pub(super) fn create_stream(&self, context: u32, parent: u32) -> Result<(), Oddity> {
        if Self::BOTH {
            self.create_undecided(context, parent)
        } else if Self::TCP {
            self.create_stream_as::<Tcp>(context, parent)
        } else {
            self.create_stream_as::<Http>(context, parent)
        }
    }

    #[inline(never)]
    fn create_undecided(&self, context: u32, parent: u32) -> Result<(), Oddity> {
        if context == 0 || self.roots.contains(context) {
            return Err(Oddity::RepeatedContext);
        }
        if !self.roots.contains(parent) {
            return Err(self.missing_parent(parent));
        }
        let old = self.remove_stream(context);
        self.undecided.insert(context, Some(Box::new(Undecided { parent })));
        if old.is_some() { Err(Oddity::RepeatedContext) } else { Ok(()) }
    }

    #[inline(always)]
    fn create_stream_as<P: Protocol<R>>(&self, context: u32, parent: u32) -> Result<(), Oddity> {
        let Some(root) = self.roots.take(parent) else { return Err(self.missing_parent(parent)) };
        let stream = match P::streams(self).spare(P::EXCHANGES) {
            Some(mut spare) => {
                P::renew(&mut spare, &root);
                spare
            }
            None => Box::new(P::new(&root)),
        };
        self.roots.put_back(parent, root);
        // Asked only now that the extension's code has run: the host may have used the id meanwhile.
        if self.is_known(context) {
            return self.repeat_stream::<P>(context, parent, stream);
        }
        self.insert_stream::<P>(context, parent, stream);
        Ok(())
    }

    /// Lets a stream begin that has the id of another: what that one knows must not decide about this one.
    #[cold]
    fn repeat_stream<P: Protocol<R>>(
        &self,
        context: u32,
        parent: u32,
        stream: Box<P::Stream>,
    ) -> Result<(), Oddity> {
        let old = self.remove_stream(context);
        if old.is_some() {
            self.insert_stream::<P>(context, parent, stream);
        }
        Err(Oddity::RepeatedContext)
    }

    #[inline(always)]
    fn insert_stream<P: Protocol<R>>(&self, context: u32, parent: u32, mut stream: Box<P::Stream>) {
        P::begin(&mut stream, parent);
        P::streams(self).insert(context, Some(stream));
        if P::TIMED {
            self.vm.timers.begin_stream(context, parent);
        }
    }

    #[cold]
    fn missing_parent(&self, parent: u32) -> Oddity {
        match self.roots.absence(parent) {
            super::slot::Absent::Unknown => Oddity::UnknownParent,
            super::slot::Absent::Empty => Oddity::UnconfiguredParent,
        }
    }

    /// Takes a stream of either kind out of its table.
    #[inline(always)]
    pub(super) fn remove_stream(&self, context: u32) -> Option<Removed<R>> {
        if Self::HTTP {
            if let Some(stream) = self.streams.remove(context) {
                self.forget_stream::<Http>(context);
                return Some(Removed::Http(stream));
            }
        }
        if Self::TCP {
            if let Some(connection) = self.connections.remove(context) {
                self.forget_stream::<Tcp>(context);
                return Some(Removed::Tcp(connection));
            }
        }
        if Self::BOTH && self.undecided.remove(context).is_some() {
            return Some(Removed::Undecided);
        }
        None
    }

    #[inline(always)]
    fn forget_stream<P: Protocol<R>>(&self, context: u32) {
        if Self::CALLS_OUT {
            self.vm.pending.forget(context);
            #[cfg(feature = "envoy-dns")]
            self.vm.lookups.forget(context);
        }
        if P::TIMED {
            self.vm.timers.forget_stream(context);
        } else if P::EXCHANGES {
            if let Some(clockwork) = self.vm.clockwork() {
                (clockwork.forget_stream)(&self.vm.timers, context);
            }
        }
    }
}
