//! The tasks of root contexts, and what becomes of requests until they have started.

mod held;
#[cfg(test)]
mod tests;

use self::held::{Entry as HeldStream, Held};
use super::contexts::Roots;
use super::outside::EffectiveContext;
use super::protocol::{Http, Protocol};
use super::slot::State;
use super::{Dispatcher, Kind};
use crate::abi::call;
use crate::abi::guest::{Callback, Callbacks, Entry};
use crate::abi::wire::{StreamType, action};
use crate::context::{Extension, HttpContext, RootContext};
use crate::exchange::{OUTSIDE, Outside, Part, RunningTask, TaskOf, WhileStarting};
use crate::{Error, ErrorPolicy};
use alloc::boxed::Box;
use core::fmt;

/// The tasks of a VM, and the streams that wait for them.
#[allow(
    unnameable_types,
    unreachable_pub,
    reason = "part of a hidden trait; compilers differ in what they call it"
)]
pub struct Tasks {
    running: Roots<RunningTask>,
    held: Held,
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("held", &self.held).finish_non_exhaustive()
    }
}

/// What a VM has of tasks: nothing, if its root contexts have none.
#[allow(
    unnameable_types,
    unreachable_pub,
    reason = "part of a hidden trait; compilers differ in what they call it"
)]
pub trait TaskTable {
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a table of its own")]
    const NEW: Self;

    fn tasks(&self) -> Option<&Tasks>;
}

impl TaskTable for Tasks {
    const NEW: Self = Tasks { running: Roots::new(), held: Held::new() };

    #[inline(always)]
    fn tasks(&self) -> Option<&Tasks> {
        Some(self)
    }
}

impl TaskTable for () {
    const NEW: Self = ();

    fn tasks(&self) -> Option<&Tasks> {
        None
    }
}

impl<R: Extension> Dispatcher<R> {
    /// Whether root contexts of this type have a task. All of this file is left out of a module whose have none.
    pub(super) const HAS_TASK: bool = !<R::Task as TaskOf<R>>::IS_NONE;

    /// What a module exports for a task: what that may wait for, and where requests are held.
    pub(super) const TASK_CALLBACKS: Callbacks = match (Self::HAS_TASK, Self::HTTP) {
        (false, _) => Callbacks::NONE,
        (true, false) => OUTSIDE,
        (true, true) => OUTSIDE.with(Callback::RequestHeaders),
    };

    /// Begins the task of a root context that was configured, in place of the one that it had.
    #[cold]
    pub(super) fn begin_task(&self, root: u32) {
        let Some(tasks) = self.tasks.tasks() else { return };
        let Some(context) = self.roots.take(root) else { return };
        let running = R::Task::begin(&context);
        self.roots.put_back(root, context);
        let Some(mut running) = running else { return };
        running.set_root(root);
        self.roots.change(root, |state| state.without(State::START_FAILED).with(State::STARTING));
        let running = Box::new(running);
        if tasks.running.contains(root) {
            tasks.running.replace(root, running);
        } else {
            tasks.running.insert(root, Some(running));
        }
        self.run_task(Callback::Configure.entry(), root, root, None);
    }

    /// Ends the task of a root context that ends, or is replaced, while its host calls can be told so.
    #[cold]
    pub(super) fn end_task(&self, root: u32) {
        let Some(tasks) = self.tasks.tasks() else { return };
        if let Some(Some(mut running)) = tasks.running.remove(root) {
            self.vm.enter(root, |cx| running.end(cx));
        }
        tasks.held.outdate(root);
    }

    /// Something has come for a task, for which the host calls the context `called`.
    #[inline(never)]
    pub(super) fn task_outside(&self, callback: &'static Entry, called: u32, root: u32, outside: Outside) {
        self.run_task(callback, called, root, Some(outside));
    }

    fn run_task(&self, callback: &'static Entry, called: u32, root: u32, outside: Option<Outside>) {
        let Some(tasks) = self.tasks.tasks() else { return };
        let Some(mut running) = tasks.running.take(root) else {
            return self.report_absent_root(callback, root);
        };
        let effective = match EffectiveContext::enter(called, root) {
            Ok(effective) => effective,
            Err(error) => {
                tasks.running.put_back(root, running);
                return self.vm.report(callback, root, &error);
            }
        };
        let result = self.vm.enter(root, |cx| running.run(outside, cx));
        let has_started = running.has_started();
        if let Err(error) = &result {
            self.vm.report(callback, root, error);
        }
        // The host may have configured or deleted the root context in a call of the task: then this one is over.
        let newer = tasks.running.take(root);
        let is_over = newer.is_some() || !tasks.running.contains(root);
        if let Some(newer) = newer {
            tasks.running.put_back(root, newer);
        }
        if is_over {
            return self.vm.enter(root, |cx| running.end(cx));
        }
        tasks.running.put_back(root, running);
        if self.roots.is(root, State::STARTING) && (has_started || result.is_err()) {
            self.roots.change(root, |state| match has_started {
                true => state.without(State::STARTING),
                false => state.without(State::STARTING).with(State::START_FAILED),
            });
            self.end_start(root, has_started);
        }
        drop(effective);
    }

    /// The start of a root context has ended: lets the streams go on that wait for it, in the order in which they have come.
    #[cold]
    fn end_start(&self, root: u32, has_started: bool) {
        let Some(Tasks { held: waiting, .. }) = self.tasks.tasks() else { return };
        for turn in waiting.turns(root) {
            // After a failure, those are left whose requests have not arrived: each is told when it arrives.
            let Some(held) = waiting.take(turn, !has_started) else { continue };
            let context = turn.context;
            if !self.streams.is(context, State::HELD) {
                continue;
            }
            let callback = Callback::RequestHeaders.entry();
            let effective = match EffectiveContext::enter(root, context) {
                Ok(effective) => effective,
                Err(error) => {
                    // The host does not know it any more.
                    self.vm.report(callback, context, &error);
                    continue;
                }
            };
            if has_started {
                self.admit(root, context, held);
            } else {
                let action = self.fail_held(callback, context);
                if action == action::CONTINUE && !held.arrived.is_partial() {
                    self.continue_held(callback, context);
                }
            }
            drop(effective);
        }
    }

    /// Lets a stream begin that has waited, as far as its request has arrived.
    fn admit(&self, root: u32, context: u32, held: HeldStream) {
        self.streams.lower(context, State::HELD);
        if held.is_outdated {
            self.remake(root, context);
        }
        let Some(ends) = held.arrived.headers else { return };
        let callback = Callback::RequestHeaders.entry();
        if Self::EXCHANGES {
            if let Some(mut stream) = self.streams.take(context) {
                if let Some(running) = stream.exchange() {
                    running.catch_up(held.arrived);
                }
                self.streams.put_back(context, stream);
            }
            self.exchange_outside(callback, context, context, Outside::Admitted);
            return;
        }
        let mut action = self.request_headers(context, ends);
        // Some hosts show the body while the headers are held back, and those that do show it again with what follows.
        if !held.arrived.is_partial() {
            if let Some((size, ends)) = held.arrived.body.filter(|_| self.can_go_on(context)) {
                if <Http as Protocol<R>>::CALLBACKS.contains(Callback::RequestBody) {
                    action = self.request_body(context, size, ends);
                }
            }
            if held.arrived.trailers && self.can_go_on(context) {
                action = self.request_trailers(context);
            }
            if action == action::CONTINUE && self.can_go_on(context) {
                self.continue_held(callback, context);
            }
        }
    }

    /// Whether a stream is still there and was not answered.
    fn can_go_on(&self, context: u32) -> bool {
        self.streams.contains(context) && !self.streams.is(context, State::REPLIED)
    }

    fn continue_held(&self, callback: &'static Entry, context: u32) {
        if let Err(error) = call::continue_stream(StreamType::HTTP_REQUEST) {
            self.vm.report(callback, context, &error);
        }
    }

    /// Makes a stream anew, of which no callback has run, from the root context that has replaced its own.
    fn remake(&self, root: u32, context: u32) {
        let Some(parent) = self.roots.take(root) else { return };
        let mut stream = Box::new(<Http as Protocol<R>>::new(&parent));
        self.roots.put_back(root, parent);
        <Http as Protocol<R>>::begin(&mut stream, root);
        if let Some(old) = self.streams.take(context) {
            self.streams.put_back(context, stream);
            drop(old);
        }
    }

    /// A stream begins.
    #[inline]
    pub(super) fn create_held(&self, context: u32, root: u32) {
        self.forget_held(context);
        if let Err(oddity) = self.create_stream(context, root) {
            self.vm.report_oddity(Callback::ContextCreate.entry(), context, oddity);
        }
        self.hold_new(context, root);
    }

    /// Holds a stream that begins, if its root context has not started.
    #[inline]
    pub(super) fn hold_new(&self, context: u32, root: u32) {
        if self.roots.state(root).has(State::UNREADY) && self.streams.contains(context) {
            if let Some(tasks) = self.tasks.tasks() {
                self.streams.raise(context, State::HELD);
                tasks.held.add(context, root);
            }
        }
    }

    /// The headers of a request have arrived: what the host is to do, if the stream is held.
    #[inline]
    pub(super) fn hold_headers(&self, context: u32, end_of_stream: bool) -> Option<u32> {
        if Self::BOTH {
            self.settle_held(context);
        }
        if self.streams.is(context, State::HELD) { self.hold_request(context, end_of_stream) } else { None }
    }

    /// Lets a context be a stream of HTTP, if that was not known. A connection is not held.
    fn settle_held(&self, context: u32) {
        let Some(undecided) = self.undecided.take(context) else { return };
        let root = undecided.parent;
        self.undecided.put_back(context, undecided);
        self.settle::<Http>(context);
        self.hold_new(context, root);
    }

    #[cold]
    #[inline(never)]
    fn hold_request(&self, context: u32, end_of_stream: bool) -> Option<u32> {
        let callback = Callback::RequestHeaders.entry();
        let held = &self.tasks.tasks()?.held;
        // It was answered.
        let Some(root) = held.root_of(context) else { return Some(action::PAUSE) };
        if !self.roots.is(root, State::STARTING) {
            held.remove(context);
            return Some(self.fail_held(callback, context));
        }
        match self.while_starting(root) {
            WhileStarting::Hold => {
                held.arrive(context, Part::Headers { ends: end_of_stream });
                Some(action::PAUSE)
            }
            WhileStarting::Admit => {
                held.remove(context);
                self.streams.lower(context, State::HELD);
                None
            }
            // It stays as it is: nothing more of the request goes on.
            WhileStarting::Respond(response) => {
                held.remove(context);
                match self.vm.enter(context, |cx| self.respond(context, &response, cx)) {
                    Ok(action) => Some(action),
                    Err(error) => Some(self.fail_held_with(callback, context, &error)),
                }
            }
        }
    }

    fn while_starting(&self, root: u32) -> WhileStarting {
        let Some(context) = self.roots.take(root) else { return WhileStarting::Hold };
        let policy = R::Task::while_starting(&context);
        self.roots.put_back(root, context);
        policy
    }

    /// Another part of a request has arrived: whether that is held.
    #[inline]
    pub(super) fn holds(&self, context: u32, part: Part) -> bool {
        if Self::BOTH {
            self.settle_held(context);
        }
        let is_held = self.streams.is(context, State::HELD);
        if let Some(tasks) = self.tasks.tasks().filter(|_| is_held) {
            tasks.held.arrive(context, part);
        }
        is_held
    }

    /// The response of another filter has come, or the end of the stream: then a request that is held is never begun. True
    /// if that is all, because the function of an exchange has not begun.
    #[inline]
    pub(super) fn passes_by(&self, context: u32) -> bool {
        self.forget_held(context) && Self::EXCHANGES
    }

    /// Lets a stream wait no longer. Nothing of its request goes on. True if it has not begun.
    #[inline]
    pub(super) fn forget_held(&self, context: u32) -> bool {
        let is_held = self.streams.is(context, State::HELD);
        if let Some(tasks) = self.tasks.tasks().filter(|_| is_held) {
            tasks.held.remove(context);
        }
        is_held
    }

    /// Whether a callout is of a task.
    #[inline(always)]
    pub(super) fn is_of_task(&self, kind: Kind, token: u32) -> bool {
        Self::HAS_TASK && self.vm.pending.is_of_task(kind, token)
    }

    /// Applies the policy to a request whose root context has failed to start.
    #[cold]
    fn fail_held(&self, callback: &'static Entry, context: u32) -> u32 {
        self.fail_held_with(callback, context, &Error::new("the root context has failed to start"))
    }

    #[cold]
    fn fail_held_with(&self, callback: &'static Entry, context: u32, error: &Error) -> u32 {
        // Otherwise it stays held, whatever comes.
        if matches!(<R as RootContext>::ON_ERROR, ErrorPolicy::FailOpen) {
            self.streams.lower(context, State::HELD);
        }
        let action = self.fail(callback, context, error);
        if Self::EXCHANGES && action == action::CONTINUE {
            self.let_exchange_pass(callback, context);
        }
        action
    }
}
