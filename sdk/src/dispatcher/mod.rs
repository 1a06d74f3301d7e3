//! From the host's callbacks to those of an extension.

mod behind;
mod body;
mod bundle;
mod connection;
mod contexts;
#[cfg(feature = "envoy-dns")]
mod dns;
mod exchange;
mod failure;
mod foreign;
mod grpc;
mod guest;
mod outside;
mod pending;
mod protocol;
mod queues;
mod root;
mod slot;
mod task;
#[cfg(test)]
mod tests;
mod tick;
mod time;
mod timers;
mod vm;

pub use self::bundle::{Bundle, Part};
pub(crate) use self::pending::{Kind, StreamCalls};
pub(crate) use self::task::{TaskTable, Tasks};
pub(crate) use self::timers::Owner;
pub(crate) use self::vm::Vm;

use self::contexts::{Roots, Streams};
use self::protocol::{Http, Protocol, Removed, Undecided};
use self::slot::{Absent, State};
use self::vm::Oddity;
use crate::abi::guest::{Callback, Entry, Guest};
use crate::abi::wire::action;
use crate::config::{self, Configure};
use crate::context::Extension;
use crate::exchange::TaskOf;
use crate::view::Cx;
use crate::{Action, Error, Flow, LocalResponse, Result};
use alloc::boxed::Box;
use core::fmt;

/// One VM's worth of an extension, as a plain value: its root contexts, its streams, and the memory of its
/// callbacks.
///
/// A module has one, as a static; a native host model has one per VM. It is a
/// [`Guest`](crate::__private::Guest).
///
/// Nothing is borrowed while an extension's code runs: a context is taken out of the table and put back, so
/// a host may call back, for the same context or another, from inside any call. Ids that are unknown, used
/// twice, or running are logged at a limited rate, and on the way of a request they are errors like others:
/// the extension's policy decides.
pub struct Dispatcher<R: Extension> {
    vm: Vm,
    roots: Roots<R>,
    streams: Streams<R::Http>,
    connections: Streams<R::Tcp>,
    undecided: Roots<Undecided>,
    tasks: <R::Task as TaskOf<R>>::Tasks,
}

impl<R: Extension> Dispatcher<R> {
    /// A VM without contexts.
    #[allow(clippy::new_without_default, reason = "a host model asks for a new VM, never for a default one")]
    pub const fn new() -> Self {
        Dispatcher {
            vm: Vm::new(),
            roots: Roots::new(),
            streams: Streams::new(),
            connections: Streams::new(),
            undecided: Roots::new(),
            tasks: TaskTable::NEW,
        }
    }

    /// Memory for what the host is about to return: the module's `proxy_on_memory_allocate`.
    #[inline]
    pub fn allocate(&self, size: usize) -> *mut u8 {
        self.vm.arena.allocate(size)
    }

    /// Whether the `log` bridge passes lines of this level on.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn log_enabled(&self, level: u32) -> bool {
        self.vm.log_enabled(level)
    }

    /// Runs a callback of a stream; `None` if there is none to run.
    #[inline(always)]
    fn with<P: Protocol<R>, T>(
        &self,
        context: u32,
        run: impl for<'cb> FnOnce(&mut P::Stream, Cx<'cb>) -> T,
    ) -> Option<T> {
        self.settle::<P>(context);
        let mut stream = P::streams(self).take(context)?;
        let result = self.vm.enter(
            context,
            #[inline(always)]
            |cx| run(&mut stream, cx),
        );
        P::streams(self).put_back(context, stream);
        Some(result)
    }

    /// Runs a callback on the way of a request or a response, where the stream can still be answered.
    #[inline(always)]
    fn decide(
        &self,
        callback: &'static Entry,
        context: u32,
        run: impl for<'cb> FnOnce(&mut R::Http, Cx<'cb>) -> Result<Action>,
    ) -> u32 {
        self.decide_and(
            callback,
            context,
            run,
            #[inline(always)]
            |_, _, decided| decided,
        )
    }

    /// The same; `and` gets what the host is to be told, and can tell it something else.
    #[inline(always)]
    fn decide_and(
        &self,
        callback: &'static Entry,
        context: u32,
        run: impl for<'cb> FnOnce(&mut R::Http, Cx<'cb>) -> Result<Action>,
        and: impl for<'cb> FnOnce(&R::Http, Cx<'cb>, Result<u32>) -> Result<u32>,
    ) -> u32 {
        let decision = self.with::<Http, _>(
            context,
            #[inline(always)]
            |stream, cx| {
                let decided = match run(stream, cx) {
                    Ok(Action::Continue) => Ok(action::CONTINUE),
                    Ok(Action::Pause) => Ok(action::PAUSE),
                    Ok(Action::Hold(hold)) => hold.number(callback.callback),
                    Ok(Action::Respond(response)) => self.respond(context, &response, cx),
                    Err(error) => Err(error),
                };
                and(stream, cx, decided)
            },
        );
        match decision {
            Some(Ok(action)) => {
                self.note_pause(callback, context, action);
                action
            }
            Some(Err(error)) => self.fail(callback, context, &error),
            None => self.fail_absent(callback, context),
        }
    }

    /// The same where it is too late for an answer; `fail` applies the policy there.
    #[inline(always)]
    fn decide_late(
        &self,
        callback: &'static Entry,
        context: u32,
        run: impl for<'cb> FnOnce(&mut R::Http, Cx<'cb>) -> Result<Flow>,
        fail: impl FnOnce(&Self, &'static Entry, u32, &Error) -> u32,
    ) -> u32 {
        let decision = self.with::<Http, _>(
            context,
            #[inline(always)]
            |stream, cx| match run(stream, cx) {
                Ok(Flow::Continue) => Ok(action::CONTINUE),
                Ok(Flow::Pause) => Ok(action::PAUSE),
                Ok(Flow::Hold(hold)) => hold.number(callback.callback),
                Err(error) => Err(error),
            },
        );
        match decision {
            Some(Ok(action)) => {
                self.note_pause(callback, context, action);
                action
            }
            Some(Err(error)) => fail(self, callback, context, &error),
            None => self.fail_absent(callback, context),
        }
    }

    /// Answers the client.
    fn respond(&self, context: u32, response: &LocalResponse, cx: Cx<'_>) -> Result<u32> {
        if self.streams.is(context, State::REPLIED) {
            return Err(Error::AlreadyReplied);
        }
        response.send(cx.scope)?;
        self.streams.raise(context, State::REPLIED);
        Ok(action::PAUSE)
    }

    #[cold]
    #[inline(never)]
    fn report_absent(&self, callback: &'static Entry, context: u32) {
        let oddity = if self.is_stream(context) { Oddity::RunningContext } else { Oddity::UnknownContext };
        self.vm.report_oddity(callback, context, oddity);
    }

    #[cold]
    #[inline(never)]
    fn report_absent_root(&self, callback: &'static Entry, context: u32) {
        let oddity = match self.roots.absence(context) {
            Absent::Unknown => Oddity::UnknownContext,
            Absent::Empty => Oddity::RunningContext,
        };
        self.vm.report_oddity(callback, context, oddity);
    }

    #[cold]
    #[inline(never)]
    fn create_root(&self, context: u32) {
        self.vm.start(Guest::callbacks(self));
        if self.is_known(context) {
            self.vm.report_oddity(Callback::ContextCreate.entry(), context, Oddity::RepeatedContext);
        } else {
            self.roots.insert(context, None);
            if Self::TIMED {
                self.vm.timers.begin_root(context, Self::TIMER_OWNERS);
            }
        }
    }

    #[inline(always)]
    fn is_known(&self, context: u32) -> bool {
        context == 0 || self.is_stream(context) || self.roots.contains(context)
    }

    #[cold]
    fn configure(&self, context: u32) -> bool {
        // What the configuration of something else asks for would be answered to that.
        if Self::CALLS_OUT && !self.roots.contains(context) {
            self.vm.report_oddity(Callback::Configure.entry(), context, Oddity::UnknownContext);
            return false;
        }
        let timers = if Self::TIMED { self.vm.timers.last() } else { 0 };
        if Self::ROOT_CALLS_OUT {
            self.vm.pending.mark(context);
        }
        let replaced = self.try_configure(context);
        if Self::HAS_TASK && replaced.is_some() {
            self.end_task(context);
        }
        // What belongs to the root context that goes: the old one, or the one that was not to be.
        if Self::TIMED {
            match replaced {
                Some(_) => self.vm.timers.forget_until(context, timers),
                None => self.vm.timers.forget_since(context, timers),
            }
            #[cfg(feature = "envoy-dns")]
            self.vm.lookups.forget_with(context, |timer| (timer <= timers) == replaced.is_some());
        }
        if Self::ROOT_CALLS_OUT {
            match replaced {
                Some(Some(_)) => self.vm.pending.forget_marked(context, true),
                // What the start of the VM has asked for is for the first one.
                Some(None) => {}
                None => self.vm.pending.forget_marked(context, false),
            }
        }
        let is_configured = replaced.is_some();
        // Its code may use the tables.
        drop(replaced);
        if Self::HAS_TASK && is_configured {
            self.begin_task(context);
        }
        is_configured
    }

    /// Makes a root context, and gives the one that it replaces; `None` if the configuration was refused.
    #[inline(always)]
    fn try_configure(&self, context: u32) -> Option<Option<Box<R>>> {
        let root = self.vm.enter(context, |cx| {
            let config = config::read::<R::Config>(cx)?;
            R::configure(config, &mut Configure::new(cx))
        });
        match root {
            Ok(root) => {
                let replaced = self.roots.replace(context, Box::new(root));
                if replaced.is_none() {
                    self.vm.report_oddity(Callback::Configure.entry(), context, Oddity::UnknownContext);
                }
                replaced
            }
            Err(error) => {
                self.vm.report(Callback::Configure.entry(), context, &error);
                None
            }
        }
    }

    /// Runs a callback that decides nothing: metadata, and what ends a stream. A root context gets the latter too, and
    /// has none.
    #[inline(always)]
    fn end<P: Protocol<R>>(
        &self,
        callback: &'static Entry,
        context: u32,
        run: impl for<'cb> FnOnce(&mut P::Stream, Cx<'cb>) -> Result<()>,
    ) {
        match self.with::<P, _>(context, run) {
            Some(Ok(())) => {}
            Some(Err(error)) => self.vm.report(callback, context, &error),
            None if self.roots.contains(context) => {}
            None => self.report_absent(callback, context),
        }
    }

    #[inline(always)]
    fn delete(&self, context: u32) {
        if Self::EXCHANGES {
            self.exchange_delete(context);
        }
        if Self::HAS_TASK {
            self.forget_held(context);
        }
        match self.remove_stream(context) {
            Some(Removed::Http(stream)) => self.streams.end(stream, Self::EXCHANGES),
            Some(Removed::Tcp(connection)) => self.connections.end(connection, false),
            Some(Removed::Undecided) => {}
            None => self.delete_root(context),
        }
    }

    #[cold]
    #[inline(never)]
    fn delete_root(&self, context: u32) {
        if Self::HAS_TASK && self.roots.contains(context) {
            self.end_task(context);
        }
        match self.roots.remove(context) {
            Some(root) => {
                if Self::CALLS_OUT {
                    self.vm.pending.forget(context);
                    #[cfg(feature = "envoy-dns")]
                    self.vm.lookups.forget(context);
                }
                if Self::TIMED {
                    self.vm.timers.forget_root(context);
                } else if let Some(clockwork) =
                    self.vm.clockwork().filter(|_| Self::EXCHANGES || Self::HAS_TASK)
                {
                    (clockwork.forget_root)(&self.vm.timers, context);
                }
                drop(root);
            }
            None => self.vm.report_oddity(Callback::Delete.entry(), context, Oddity::UnknownContext),
        }
    }
}

impl<R: Extension> fmt::Debug for Dispatcher<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher").field("vm", &self.vm).finish_non_exhaustive()
    }
}
