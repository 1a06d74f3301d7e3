//! The lives of root contexts.

use super::HostCore;
use super::connection::Connection;
use super::queue::AfterCall;
use super::stream::Stream;
use super::tick::Timer;
use super::vm::Called;
use crate::timeline::Arguments;
use crate::trap::{Sighting, Trap};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use waxwing::__private::{Answer, Callback};
use waxwing::Status;

/// The root contexts of a worker.
#[derive(Debug, Default)]
pub(super) struct Roots {
    /// In the order in which they were made; the last is for new streams. Those that have ended stay.
    all: RefCell<Vec<Rc<Root>>>,
    /// Whose streams and connections are.
    of: RefCell<HashMap<u32, u32>>,
}

/// A root context: one for each configuration that the extension has had.
#[derive(Debug)]
pub(super) struct Root {
    context: u32,
    life: Cell<Life>,
    pub(super) timer: Timer,
}

/// How far a root context's life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Running,
    /// Another one has taken its place: it ends with its last stream.
    Replaced,
    /// It is to end, and has asked for time.
    Parked,
    /// It is deleted as soon as the callback has returned.
    Leaving,
    Ended,
}

/// Why an extension did not start, or did not take a configuration.
pub(crate) enum Refusal {
    /// A callback returned false.
    Refused(Callback),
    /// The guest trapped.
    Trapped(Sighting),
    /// It needs what the host does not have.
    Missing(String),
}

impl Root {
    pub(super) fn context(&self) -> u32 {
        self.context
    }
}

impl Roots {
    /// Adds one, for the streams that begin from now on.
    pub(super) fn add(&self, context: u32) {
        let root = Root { context, life: Cell::new(Life::Running), timer: Timer::default() };
        self.all.borrow_mut().push(Rc::new(root));
    }

    fn get(&self, context: u32) -> Option<Rc<Root>> {
        self.all.borrow().iter().find(|root| root.context == context).cloned()
    }

    /// A stream or a connection begins, which belongs to this one.
    pub(super) fn adopt(&self, context: u32, root: u32) {
        self.of.borrow_mut().insert(context, root);
    }
}

impl HostCore {
    /// The root context of new streams.
    pub(super) fn root(&self) -> u32 {
        self.roots.all.borrow().last().map_or(0, |root| root.context)
    }

    /// The root context that this context belongs to, or is.
    pub(super) fn root_of(&self, context: u32) -> u32 {
        if self.roots.get(context).is_some() {
            return context;
        }
        self.roots.of.borrow().get(&context).copied().unwrap_or_else(|| self.root())
    }

    /// The root context of the callback that is running.
    pub(super) fn acting_root(&self) -> Option<Rc<Root>> {
        self.root_with_id(self.root_of(self.vm.acting()?))
    }

    pub(super) fn root_with_id(&self, context: u32) -> Option<Rc<Root>> {
        self.roots.get(context)
    }

    /// Whether it is a root context that has not ended.
    pub(super) fn is_live_root(&self, context: u32) -> bool {
        self.roots.get(context).is_some_and(|root| root.life.get() != Life::Ended)
    }

    /// Whether the timer of one runs.
    pub(crate) fn has_timer(&self) -> bool {
        let roots = self.roots.all.borrow();
        !self.vm.is_dead() && roots.iter().any(|root| root.timer.is_running())
    }

    /// The first that was asked to end, and was not done.
    pub(super) fn parked_root(&self) -> Option<u32> {
        let roots = self.roots.all.borrow();
        roots.iter().find(|root| root.life.get() == Life::Parked).map(|root| root.context)
    }

    /// Makes the root context and configures it.
    pub(crate) fn start(self: &Rc<Self>) -> Result<(), Refusal> {
        let vm_size = self.settings().vm_config.len();
        // The plugin's configuration can be read where a root context is made and configured, but not between.
        self.begin_root(Callback::ContextCreate, Arguments::Parent(0), true)?;
        self.begin_root(Callback::VmStart, Arguments::Size(vm_size), false)?;
        let size = self.process.config.borrow().len();
        self.begin_root(Callback::Configure, Arguments::Size(size), true)
    }

    /// Makes another root context, with the configuration that the process has now; the one before ends with its streams.
    pub(crate) fn reconfigure(self: &Rc<Self>) -> Result<(), Refusal> {
        let before = self.root_with_id(self.root());
        self.roots.add(self.vm.new_context());
        self.foreign.forget();
        if let Err(refusal) = self.start() {
            // The one before is the last again.
            self.roots.all.borrow_mut().pop();
            return Err(refusal);
        }
        if let Some(before) = before {
            before.life.set(Life::Replaced);
        }
        self.end_replaced_roots();
        Ok(())
    }

    /// Ends the root contexts that were replaced and have no stream any more.
    pub(super) fn end_replaced_roots(self: &Rc<Self>) {
        let replaced = |root: &&Rc<Root>| root.life.get() == Life::Replaced;
        let replaced: Vec<_> = self.roots.all.borrow().iter().filter(replaced).cloned().collect();
        for root in replaced {
            let streams = self.streams.borrow().keys().copied().collect::<Vec<_>>();
            let connections = self.connections.borrow().keys().copied().collect::<Vec<_>>();
            let has_any =
                streams.into_iter().chain(connections).any(|context| self.root_of(context) == root.context);
            if !has_any {
                self.end_root(&root);
            }
        }
    }

    /// Ends the streams, as clients do that go away, and then the root contexts, at once or when they are done.
    pub(crate) fn shut_down(self: &Rc<Self>) {
        if !self.is_running() {
            return;
        }
        for stream in self.all_streams() {
            stream.journal.host("the host shuts down");
            self.disconnect(&stream);
        }
        for connection in self.all_connections() {
            connection.journal.host("the host shuts down");
            self.reset_connection(&connection);
        }
        let roots = self.roots.all.borrow().clone();
        for root in roots.iter().filter(|root| matches!(root.life.get(), Life::Running | Life::Replaced)) {
            self.end_root(root);
        }
    }

    /// Ends a root context, or gives it time.
    fn end_root(self: &Rc<Self>, root: &Root) {
        // What ends meanwhile does not do it again.
        root.life.set(Life::Parked);
        let done = self.call(Callback::Done, root.context, Arguments::None, |called| called);
        if matches!(done, Called::Returned { value: 0, .. }) {
            self.root_journal.host("the root context is not done: it is deleted after `proxy_done`");
        } else {
            self.delete_root(root.context);
        }
    }

    /// Ends all streams and connections, without a response.
    pub(super) fn reset_all(self: &Rc<Self>, details: &str) {
        for stream in self.all_streams() {
            stream.note_trap(self.vm.trap());
            self.reset(&stream, details);
        }
        for connection in self.all_connections() {
            self.reset_connection(&connection);
        }
    }

    /// Those that have not ended, in the order of their contexts.
    fn all_streams(&self) -> Vec<Rc<Stream>> {
        let mut streams: Vec<_> = self.streams.borrow().values().cloned().collect();
        streams.sort_by_key(|stream| stream.context);
        streams
    }

    fn all_connections(&self) -> Vec<Rc<Connection>> {
        let mut connections: Vec<_> = self.connections.borrow().values().cloned().collect();
        connections.sort_by_key(|connection| connection.context);
        connections
    }

    /// Whether it has not been shut down.
    pub(crate) fn is_running(&self) -> bool {
        self.root_with_id(self.root()).is_some_and(|root| root.life.get() == Life::Running)
    }

    /// Whether it has been shut down, and the root contexts deleted.
    pub(crate) fn is_over(&self) -> bool {
        self.roots.all.borrow().iter().all(|root| root.life.get() == Life::Ended)
    }

    /// The root context says that it needs no more time.
    pub(super) fn root_is_done(&self) -> Answer {
        let root = self.acting_root().filter(|root| root.life.get() == Life::Parked);
        // While it is asked, it has not answered yet.
        let root = root.filter(|_| !self.vm.is_running(Callback::Done)).ok_or(Status::NOT_FOUND)?;
        root.life.set(Life::Leaving);
        self.vm.after_call(AfterCall::DeleteRoot(root.context));
        Ok(())
    }

    pub(super) fn delete_root(self: &Rc<Self>, context: u32) {
        self.call(Callback::Delete, context, Arguments::None, drop);
        if let Some(root) = self.root_with_id(context) {
            root.life.set(Life::Ended);
            self.stop_timer(&root);
        }
        self.cancel_callouts(context);
        self.cancel_lookups(context);
        self.cancel_all_grpc(context);
    }

    /// Throws the VM away: the guest hears of nothing any more, and streams that are open fail as after a trap.
    pub(super) fn abandon(&self) {
        self.vm.abandon();
        for root in self.roots.all.borrow().iter() {
            self.stop_timer(root);
            self.cancel_callouts(root.context);
            self.cancel_lookups(root.context);
            self.cancel_all_grpc(root.context);
        }
    }

    /// A callback with which the root context begins.
    fn begin_root(
        self: &Rc<Self>,
        callback: Callback,
        arguments: Arguments,
        configuring: bool,
    ) -> Result<(), Refusal> {
        self.configuring.set(configuring);
        let called = self.call(callback, self.root(), arguments, |called| called);
        self.configuring.set(false);
        match called {
            Called::Failed if self.vm.is_missing.get() => {
                Err(Refusal::Missing(self.process.failure().unwrap_or_default()))
            }
            Called::Failed => {
                // A VM fails by a trap only, which the caller reports.
                let trap = self.vm.trap();
                Err(Refusal::Trapped(trap.unwrap_or_else(|| Sighting::new(Trap::new("the VM is dead")))))
            }
            Called::Returned { value: 0, .. } if callback != Callback::ContextCreate => {
                Err(Refusal::Refused(callback))
            }
            Called::Returned { .. } | Called::Absent => Ok(()),
        }
    }
}
