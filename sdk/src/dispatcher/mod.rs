//! From the host's callbacks to those of an extension.

mod behind;
mod bundle;
mod contexts;
mod failure;
mod guest;
mod outside;
mod pending;
mod root;
mod slot;
mod vm;

pub use self::bundle::{Bundle, Part};
pub(crate) use self::pending::Kind;
pub(crate) use self::vm::Vm;

use self::contexts::{Roots, Streams};
use self::slot::{Absent, State};
use self::vm::Oddity;
use crate::abi::guest::{Callback, Entry};
use crate::abi::wire::action;
use crate::config::{self, Configure};
use crate::context::{Extension, HttpContext};
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
}

impl<R: Extension> Dispatcher<R> {
    /// A VM without contexts.
    #[allow(clippy::new_without_default, reason = "a host model asks for a new VM, never for a default one")]
    pub const fn new() -> Self {
        Dispatcher { vm: Vm::new(), roots: Roots::new(), streams: Streams::new() }
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
    fn with_stream<T>(
        &self,
        context: u32,
        run: impl for<'cb> FnOnce(&mut R::Http, Cx<'cb>) -> T,
    ) -> Option<T> {
        let mut stream = self.streams.take(context)?;
        let result = self.vm.enter(
            context,
            #[inline(always)]
            |cx| run(&mut stream, cx),
        );
        self.streams.put_back(context, stream);
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
        let decision = self.with_stream(
            context,
            #[inline(always)]
            |stream, cx| match run(stream, cx) {
                Ok(Action::Continue) => Ok(action::CONTINUE),
                Ok(Action::Pause) => Ok(action::PAUSE),
                Ok(Action::Respond(response)) => self.respond(context, &response, cx),
                Err(error) => Err(error),
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
        match self.with_stream(context, run) {
            Some(Ok(flow)) => {
                let action = match flow {
                    Flow::Continue => action::CONTINUE,
                    Flow::Pause => action::PAUSE,
                };
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
        let oddity = match self.streams.absence(context) {
            Absent::Unknown => Oddity::UnknownContext,
            Absent::Empty => Oddity::RunningContext,
        };
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
        self.vm.start();
        if self.is_known(context) {
            self.vm.report_oddity(Callback::ContextCreate.entry(), context, Oddity::RepeatedContext);
        } else {
            self.roots.insert(context, None);
        }
    }

    #[inline(always)]
    fn create_stream(&self, context: u32, parent: u32) -> Result<(), Oddity> {
        let Some(root) = self.roots.take(parent) else { return Err(self.missing_parent(parent)) };
        let stream = Box::new(R::Http::new(&root));
        self.roots.put_back(parent, root);
        // Asked only now that the extension's code has run: the host may have used the id meanwhile.
        if self.is_known(context) {
            return self.repeat_stream(context, stream);
        }
        self.streams.insert(context, Some(stream));
        Ok(())
    }

    /// Lets a stream begin that has the id of another: what that one knows must not decide about this one.
    #[cold]
    fn repeat_stream(&self, context: u32, stream: Box<R::Http>) -> Result<(), Oddity> {
        let old = self.streams.remove(context);
        if Self::WAITS {
            self.vm.pending.forget(context);
        }
        if old.is_some() {
            self.streams.insert(context, Some(stream));
        }
        Err(Oddity::RepeatedContext)
    }

    #[cold]
    fn missing_parent(&self, parent: u32) -> Oddity {
        match self.roots.absence(parent) {
            Absent::Unknown => Oddity::UnknownParent,
            Absent::Empty => Oddity::UnconfiguredParent,
        }
    }

    #[inline(always)]
    fn is_known(&self, context: u32) -> bool {
        context == 0 || self.streams.contains(context) || self.roots.contains(context)
    }

    #[cold]
    fn configure(&self, context: u32) -> bool {
        let root = self.vm.enter(context, |cx| {
            let config = config::read::<R::Config>(cx)?;
            R::configure(config, &mut Configure::new(cx))
        });
        match root {
            // What it replaces, the root context of the last configuration, is dropped.
            Ok(root) => match self.roots.replace(context, Box::new(root)) {
                Some(_old) => true,
                None => {
                    self.vm.report_oddity(Callback::Configure.entry(), context, Oddity::UnknownContext);
                    false
                }
            },
            Err(error) => {
                self.vm.report(Callback::Configure.entry(), context, &error);
                false
            }
        }
    }

    /// Runs one of the callbacks that end a stream. A root context gets them too, and has none.
    #[inline(always)]
    fn end(
        &self,
        callback: &'static Entry,
        context: u32,
        run: impl for<'cb> FnOnce(&mut R::Http, Cx<'cb>) -> Result<()>,
    ) {
        match self.with_stream(context, run) {
            Some(Ok(())) => {}
            Some(Err(error)) => self.vm.report(callback, context, &error),
            None if self.roots.contains(context) => {}
            None => self.report_absent(callback, context),
        }
    }

    #[inline(always)]
    fn delete(&self, context: u32) {
        match self.streams.remove(context) {
            Some(stream) => {
                if Self::WAITS {
                    self.vm.pending.forget(context);
                }
                drop(stream);
            }
            None => self.delete_root(context),
        }
    }

    #[cold]
    #[inline(never)]
    fn delete_root(&self, context: u32) {
        match self.roots.remove(context) {
            Some(root) => {
                if Self::ROOT_WAITS {
                    self.vm.pending.forget(context);
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
