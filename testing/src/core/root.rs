//! The life of the root context.

use super::HostCore;
use super::queue::AfterCall;
use super::vm::Called;
use crate::timeline::Arguments;
use crate::trap::Trap;
use std::rc::Rc;
use waxwing::__private::{Answer, Callback};
use waxwing::Status;

/// How far the root context's life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Running,
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
    Trapped(Trap),
}

impl HostCore {
    /// Makes the root context and configures it.
    pub(crate) fn start(self: &Rc<Self>) -> Result<(), Refusal> {
        let vm_size = self.settings().vm_config.len();
        // The plugin's configuration can be read where a root context is made and configured, but not between.
        self.begin_root(Callback::ContextCreate, Arguments::Parent(0), true)?;
        self.begin_root(Callback::VmStart, Arguments::Size(vm_size), false)?;
        self.configure()
    }

    /// Gives it the configuration, which may be another one than before.
    pub(crate) fn configure(self: &Rc<Self>) -> Result<(), Refusal> {
        // Envoy makes a new root context for another configuration.
        self.foreign.forget();
        let size = self.process.config.borrow().len();
        self.begin_root(Callback::Configure, Arguments::Size(size), true)
    }

    /// Ends the streams, as clients do that go away, and then the root context, at once or when it is done.
    pub(crate) fn shut_down(self: &Rc<Self>) {
        if self.life.get() != Life::Running {
            return;
        }
        let mut streams: Vec<_> = self.streams.borrow().values().cloned().collect();
        streams.sort_by_key(|stream| stream.context);
        for stream in streams {
            stream.journal.host("the host shuts down");
            self.disconnect(&stream);
        }
        let mut connections: Vec<_> = self.connections.borrow().values().cloned().collect();
        connections.sort_by_key(|connection| connection.context);
        for connection in connections {
            connection.journal.host("the host shuts down");
            self.reset_connection(&connection);
        }
        let done = self.call(Callback::Done, self.root, Arguments::None, |called| called);
        if matches!(done, Called::Returned { value: 0, .. }) {
            self.root_journal.host("the root context is not done: it is deleted after `proxy_done`");
            self.life.set(Life::Parked);
        } else {
            self.delete_root();
        }
    }

    /// Whether it has not been shut down.
    pub(crate) fn is_running(&self) -> bool {
        self.life.get() == Life::Running
    }

    /// Whether it has been shut down, and the root context deleted.
    pub(crate) fn is_over(&self) -> bool {
        self.life.get() == Life::Ended
    }

    /// The root context says that it needs no more time.
    pub(super) fn root_is_done(&self) -> Answer {
        if self.life.get() != Life::Parked {
            return Err(Status::NOT_FOUND);
        }
        self.life.set(Life::Leaving);
        self.vm.after_call(AfterCall::DeleteRoot);
        Ok(())
    }

    pub(super) fn delete_root(self: &Rc<Self>) {
        self.call(Callback::Delete, self.root, Arguments::None, drop);
        self.life.set(Life::Ended);
        self.stop_timer();
        self.cancel_callouts();
        self.cancel_lookups();
        self.cancel_all_grpc();
    }

    /// A callback with which the root context begins.
    fn begin_root(
        self: &Rc<Self>,
        callback: Callback,
        arguments: Arguments,
        configuring: bool,
    ) -> Result<(), Refusal> {
        self.configuring.set(configuring);
        let called = self.call(callback, self.root, arguments, |called| called);
        self.configuring.set(false);
        match called {
            Called::Failed => {
                // A VM fails by a trap only, which the caller reports.
                let trap = self.vm.trap().map(|trap| trap.look().clone());
                Err(Refusal::Trapped(trap.unwrap_or_else(|| Trap::new("the VM is dead"))))
            }
            Called::Returned { value: 0, .. } if callback != Callback::ContextCreate => {
                Err(Refusal::Refused(callback))
            }
            Called::Returned { .. } | Called::Absent => Ok(()),
        }
    }
}
