//! Entering the guest, and what a trap leaves behind.

use super::HostCore;
use super::profile::{Stop, StopCause};
use super::queue::AfterCall;
use crate::backend::{Backend, CALL_LIMIT, ENDLESS};
use crate::profile::Profile;
use crate::timeline::{Arguments, Event, Returned};
use crate::trap::Sighting;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use waxwing::__private::{Answer, Callback, Callbacks, Guest};

/// The state of a VM besides its contexts.
pub(super) struct Vm {
    backend: Rc<dyn Backend>,
    callbacks: Callbacks,
    next_context: Cell<u32>,
    /// The callback that is running, and its context.
    running: Cell<Option<(Callback, u32)>>,
    /// The context that the running callback has chosen to act on; 0 for its own.
    effective: Cell<u32>,
    /// The other context whose journal knows that the running callback acts on it.
    told: Cell<Option<u32>>,
    /// Set by a local response: whatever the callback returns then, its direction stops.
    stop: Cell<bool>,
    after_call: RefCell<VecDeque<AfterCall>>,
    trap: RefCell<Option<Sighting>>,
    /// Why the host ends the guest that is calling it.
    stop_cause: Cell<Option<StopCause>>,
    /// The host does not have what the guest has called.
    pub(super) is_missing: Cell<bool>,
    /// How many bytes of messages the running callback has changed.
    pub(super) changed: Cell<usize>,
    /// How many host calls the running callback has made.
    calls: Cell<u64>,
    /// It was thrown away.
    abandoned: Cell<bool>,
}

/// How a callback went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// The guest does not export it.
    Absent,
    /// It returned this number, and whether it had sent a local response.
    Returned { value: u32, replied: bool },
    /// It trapped, or the VM was dead already.
    Failed,
}

impl Vm {
    pub(super) fn new(backend: Rc<dyn Backend>, profile: Profile) -> Self {
        let exported = backend.guest().callbacks();
        let called = Callback::ALL.iter().filter(|it| exported.contains(**it) && profile.calls(**it));
        let callbacks = called.fold(Callbacks::NONE, |set, callback| set.with(*callback));
        Vm {
            backend,
            callbacks,
            next_context: Cell::new(1),
            running: Cell::new(None),
            effective: Cell::new(0),
            told: Cell::default(),
            stop: Cell::new(false),
            after_call: RefCell::default(),
            trap: RefCell::default(),
            stop_cause: Cell::default(),
            is_missing: Cell::default(),
            changed: Cell::default(),
            calls: Cell::default(),
            abandoned: Cell::default(),
        }
    }

    /// A context id that was not used before: root contexts and streams share the numbers.
    pub(super) fn new_context(&self) -> u32 {
        let id = self.next_context.get();
        self.next_context.set(id + 1);
        id
    }

    pub(super) fn is_dead(&self) -> bool {
        self.abandoned.get() || self.trap.borrow().is_some()
    }

    pub(super) fn abandon(&self) {
        self.abandoned.set(true);
    }

    pub(super) fn trap(&self) -> Option<Sighting> {
        self.trap.borrow().clone()
    }

    /// Ends it, if it is not dead.
    pub(super) fn kill(&self, trap: &Sighting) {
        self.trap.borrow_mut().get_or_insert_with(|| trap.clone());
    }

    /// The callback that is running.
    pub(super) fn callback(&self) -> Option<Callback> {
        self.running.get().map(|(callback, _)| callback)
    }

    /// The same, and its context.
    pub(super) fn running_callback(&self) -> Option<(Callback, u32)> {
        self.running.get()
    }

    pub(super) fn stops_because(&self, cause: StopCause) {
        self.stop_cause.set(Some(cause));
    }

    /// The context whose callback is running.
    pub(super) fn running(&self) -> Option<u32> {
        self.running.get().map(|(_, context)| context)
    }

    pub(super) fn is_running(&self, callback: Callback) -> bool {
        self.running.get().is_some_and(|(running, _)| running == callback)
    }

    /// The context that host calls act on; `None` outside a callback.
    pub(super) fn acting(&self) -> Option<u32> {
        let running = self.running()?;
        Some(if self.effective.get() == 0 { running } else { self.effective.get() })
    }

    /// Whether the journal of this other context is yet to say that the running callback acts on it.
    pub(super) fn is_to_tell(&self, acting: u32) -> bool {
        self.told.replace(Some(acting)) != Some(acting)
    }

    pub(super) fn set_effective(&self, context: u32) {
        self.effective.set(context);
    }

    pub(super) fn request_stop(&self) {
        self.stop.set(true);
    }

    pub(super) fn backend(&self) -> &Rc<dyn Backend> {
        &self.backend
    }

    pub(super) fn after_call(&self, action: AfterCall) {
        self.after_call.borrow_mut().push_back(action);
    }
}

impl HostCore {
    /// Ends a guest that calls the host without end.
    pub(super) fn count_call(&self) -> Answer {
        let calls = &self.vm.calls;
        calls.set(calls.get() + 1);
        if calls.get() <= CALL_LIMIT {
            return Ok(());
        }
        // What it calls while it is unwound is counted anew.
        calls.set(0);
        self.stop_guest(Stop::trap(ENDLESS))
    }

    /// Calls the guest. `convert` turns its answer into what the host does about it, and may already act on
    /// it; only then does what the guest asked for in the callback happen.
    pub(super) fn call<T>(
        self: &Rc<Self>,
        callback: Callback,
        context: u32,
        arguments: Arguments,
        convert: impl FnOnce(Called) -> T,
    ) -> T {
        if self.vm.is_dead() {
            return convert(Called::Failed);
        }
        if !self.vm.callbacks.contains(callback) {
            return convert(Called::Absent);
        }
        let converted = convert(self.enter(callback, context, arguments));
        self.run_after_calls();
        converted
    }

    /// Does what the guest asked for in a callback that has returned.
    pub(super) fn run_after_calls(self: &Rc<Self>) {
        self.vm.stop.set(false);
        // Popped one by one: an action may call the guest, which then runs the rest.
        while let Some(action) = self.next_action() {
            self.run_after_call(action);
        }
    }

    fn next_action(&self) -> Option<AfterCall> {
        self.vm.after_call.borrow_mut().pop_front()
    }

    fn enter(self: &Rc<Self>, callback: Callback, context: u32, arguments: Arguments) -> Called {
        self.journal(context).push(Event::Callback { callback, context, arguments });
        self.enter_with(callback, context, |guest| invoke(guest, callback, context, arguments))
    }

    /// Lets the guest run for this context, as in this callback.
    pub(super) fn enter_with(
        self: &Rc<Self>,
        callback: Callback,
        context: u32,
        invoke: impl Fn(&dyn Guest) -> Returned,
    ) -> Called {
        assert!(
            self.vm.running.get().is_none(),
            "the host model would re-enter the guest with {callback}: this is a bug in waxwing-testing"
        );
        let journal = self.journal(context);
        self.vm.running.set(Some((callback, context)));
        self.vm.effective.set(0);
        self.vm.told.set(None);
        self.vm.changed.set(0);
        self.vm.calls.set(0);
        let mut returned = Returned::Nothing;
        let result = self.vm.backend.enter(self.clone(), &mut |guest| returned = invoke(guest));
        self.vm.running.set(None);
        self.vm.effective.set(0);
        match result {
            Ok(()) => {
                journal.push(Event::Return(returned));
                let value = match returned {
                    Returned::Nothing => 0,
                    Returned::Bool(value) => u32::from(value),
                    Returned::Action(action) => action,
                };
                Called::Returned { value, replied: self.vm.stop.get() }
            }
            Err(mut trap) => {
                trap.during = Some(callback);
                journal.push(Event::Trap(trap.clone()));
                let trap = Sighting::new(trap);
                self.vm.trap.replace(Some(trap.clone()));
                if let Some(cause) = self.vm.stop_cause.take() {
                    self.after_stop(cause, &trap);
                }
                Called::Failed
            }
        }
    }
}

fn invoke(guest: &dyn Guest, callback: Callback, context: u32, arguments: Arguments) -> Returned {
    use Returned::{Action, Bool, Nothing};
    match (callback, arguments) {
        (Callback::ContextCreate, Arguments::Parent(parent)) => {
            guest.on_context_create(context, parent);
            Nothing
        }
        (Callback::VmStart, Arguments::Size(size)) => Bool(guest.on_vm_start(context, size)),
        (Callback::Configure, Arguments::Size(size)) => Bool(guest.on_configure(context, size)),
        (Callback::RequestHeaders, Arguments::Headers { count, end_of_stream }) => {
            Action(guest.on_request_headers(context, count, end_of_stream))
        }
        (Callback::RequestBody, Arguments::Body { size, end_of_stream }) => {
            Action(guest.on_request_body(context, size, end_of_stream))
        }
        (Callback::RequestTrailers, Arguments::Trailers(count)) => {
            Action(guest.on_request_trailers(context, count))
        }
        (Callback::ResponseHeaders, Arguments::Headers { count, end_of_stream }) => {
            Action(guest.on_response_headers(context, count, end_of_stream))
        }
        (Callback::ResponseBody, Arguments::Body { size, end_of_stream }) => {
            Action(guest.on_response_body(context, size, end_of_stream))
        }
        (Callback::ResponseTrailers, Arguments::Trailers(count)) => {
            Action(guest.on_response_trailers(context, count))
        }
        (Callback::RequestMetadata, Arguments::Metadata(count)) => {
            Action(guest.on_request_metadata(context, count))
        }
        (Callback::ResponseMetadata, Arguments::Metadata(count)) => {
            Action(guest.on_response_metadata(context, count))
        }
        (Callback::NewConnection, Arguments::None) => Action(guest.on_new_connection(context)),
        (Callback::DownstreamData, Arguments::Body { size, end_of_stream }) => {
            Action(guest.on_downstream_data(context, size, end_of_stream))
        }
        (Callback::UpstreamData, Arguments::Body { size, end_of_stream }) => {
            Action(guest.on_upstream_data(context, size, end_of_stream))
        }
        (Callback::Done, Arguments::None) => Bool(guest.on_done(context)),
        (Callback::Log, Arguments::None) => {
            guest.on_log(context);
            Nothing
        }
        (Callback::Delete, Arguments::None) => {
            guest.on_delete(context);
            Nothing
        }
        _ => {
            notify(guest, callback, context, arguments);
            Nothing
        }
    }
}

/// The callbacks that return nothing and are not about the way of a message.
fn notify(guest: &dyn Guest, callback: Callback, context: u32, arguments: Arguments) {
    match (callback, arguments) {
        (Callback::Tick, Arguments::None) => guest.on_tick(context),
        (Callback::QueueReady, Arguments::Queue(queue)) => guest.on_queue_ready(context, queue),
        (Callback::DownstreamConnectionClose, Arguments::Peer(peer)) => {
            guest.on_downstream_connection_close(context, peer.0);
        }
        (Callback::UpstreamConnectionClose, Arguments::Peer(peer)) => {
            guest.on_upstream_connection_close(context, peer.0);
        }
        (Callback::HttpCallResponse, Arguments::HttpCall { token, headers, body_size, trailers }) => {
            guest.on_http_call_response(context, token, headers, body_size, trailers);
        }
        (Callback::GrpcReceiveInitialMetadata, Arguments::Grpc { token, size }) => {
            guest.on_grpc_receive_initial_metadata(context, token, size);
        }
        (Callback::GrpcReceive, Arguments::Grpc { token, size }) => {
            guest.on_grpc_receive(context, token, size);
        }
        (Callback::GrpcReceiveTrailingMetadata, Arguments::Grpc { token, size }) => {
            guest.on_grpc_receive_trailing_metadata(context, token, size);
        }
        (Callback::GrpcClose, Arguments::GrpcClose { token, status }) => {
            guest.on_grpc_close(context, token, status);
        }
        (Callback::ForeignFunction, Arguments::Foreign { function, size }) => {
            guest.on_foreign_function(context, function, size);
        }
        (Callback::ResolveDns, Arguments::Grpc { token, size }) => {
            guest.on_resolve_dns(context, token, size);
        }
        _ => unreachable!("the host model calls {callback} with {arguments:?}"),
    }
}
