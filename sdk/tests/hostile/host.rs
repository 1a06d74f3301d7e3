//! A host that answers anything, and calls back from inside any call.

use crate::case::{Case, set_case};
use crate::chaos::Chaos;
use crate::ledger::Phase;
use crate::sharing::Shared;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use waxwing::__private::{Answer, Callback, Dispatcher, Extension, Guest, enter};
use waxwing::Status;

/// How deep it calls back into a guest that is calling it.
const MAX_DEPTH: u8 = 3;

pub(crate) struct HostileHost<R: Extension> {
    guest: Rc<Dispatcher<R>>,
    pub(crate) case: Case,
    /// Of the contexts that it made, and may have deleted.
    ids: RefCell<Vec<u32>>,
    depth: Cell<u8>,
    last_token: Cell<u32>,
    /// The callouts whose answers it shows, one callback within another.
    answers: RefCell<Vec<u32>>,
    pub(crate) shared: Shared,
    this: Weak<HostileHost<R>>,
}

impl<R: Extension> HostileHost<R> {
    pub(crate) fn start(case: Case) -> Rc<Self> {
        set_case(Some(case.clone()));
        let host = Rc::new_cyclic(|this| HostileHost {
            guest: Rc::new(Dispatcher::new()),
            case,
            ids: RefCell::new(vec![1]),
            depth: Cell::new(0),
            last_token: Cell::new(0),
            answers: RefCell::default(),
            shared: Shared::default(),
            this: this.clone(),
        });
        // Most cases begin as a sane host would.
        if !host.chaos().rarely(8) {
            host.enter(|| {
                host.create(1, 0);
                host.guest(Callback::VmStart).on_vm_start(1, 0);
                host.case.ledger.other(|| host.guest(Callback::Configure).on_configure(1, 2));
            });
        }
        host
    }

    /// Ends the case; the guest's contexts are dropped while its decisions can still be asked for.
    pub(crate) fn stop(self: Rc<Self>) {
        drop(self);
        set_case(None);
    }

    fn enter(&self, callback: impl FnOnce()) {
        let Some(host) = self.this.upgrade() else { return };
        self.depth.set(self.depth.get() + 1);
        enter(host, self.guest.clone(), callback);
        self.depth.set(self.depth.get() - 1);
    }

    /// An id that is probably alive.
    fn id(&self, choice: u8) -> u32 {
        let ids = self.ids.borrow();
        match choice % 16 {
            15 => [0, u32::MAX, 77][usize::from(choice / 16) % 3],
            _ => ids[usize::from(choice) % ids.len()],
        }
    }

    /// One callback, whatever the bytes make of it.
    pub(crate) fn call(&self, [kind, id, number, flags]: [u8; 4]) {
        let id = self.id(id);
        let (number, flag) = (usize::from(number), flags & 1 == 1);
        let ledger = &self.case.ledger;
        // A host does not call what is not exported.
        let exported = self.guest.callbacks();
        let kinds = match (
            exported.contains(Callback::NewConnection),
            exported.contains(Callback::ForeignFunction),
        ) {
            (false, _) => 16,
            (true, false) => 24,
            (true, true) => 28,
        };
        let of_grpc = if exported.contains(Callback::GrpcReceive) { 3 } else { 0 };
        // The answers to the callouts of a module without connections.
        let of_http = if kinds == 16 && exported.contains(Callback::HttpCallResponse) { 3 } else { 0 };
        self.enter(|| match kind % (kinds + of_grpc + of_http) {
            kind if kind >= kinds + of_grpc => self.http_answer(if flag { id } else { 1 }, flags, number),
            kind if kind >= kinds => ledger.other(|| {
                // For the root context most of the time, with a token that was probably given out.
                self.grpc(if flag { id } else { 1 }, self.token(flags / 2), number);
            }),
            0 | 1 => {
                // A new stream, of the root context most of the time; rarely with an id that exists.
                let parent = if flags < 200 { 1 } else { id };
                self.create(if flags % 16 == 0 { id } else { self.new_id() }, parent);
            }
            2 => {
                let root = self.new_id();
                self.create(root, 0);
                ledger.other(|| self.guest(Callback::Configure).on_configure(root, number));
            }
            3 => ledger.other(|| {
                self.guest(Callback::VmStart).on_vm_start(id, number);
                self.guest(Callback::Configure).on_configure(if flag { id } else { 1 }, number);
            }),
            12 if number % 3 == 0 => ledger.other(|| {
                self.guest(Callback::RequestMetadata).on_request_metadata(id, number);
                self.guest(Callback::ResponseMetadata).on_response_metadata(id, number);
            }),
            12 => ledger.other(|| self.guest(Callback::Done).on_done(id)),
            13 if number % 2 == 0 => ledger.other(|| self.guest(Callback::Log).on_log(id)),
            13 => ledger.other(|| self.guest(Callback::Tick).on_tick(if flags < 200 { 1 } else { id })),
            14 if flag => ledger.other(|| {
                // For the root context most of the time.
                self.guest(Callback::QueueReady)
                    .on_queue_ready(if flags < 200 { 1 } else { id }, number as u32 % 8);
            }),
            14 => drop(self.guest.allocate(number * number * number)),
            15 => {
                let id = if flags < 250 && id == 1 { 2 } else { id };
                ledger.delete(id, || self.guest(Callback::Delete).on_delete(id));
            }
            kind @ 4..12 => self.stream(kind, id, number, flag),
            kind @ 16..20 => self.connection(kind, id, number, flag),
            20 => ledger.other(|| {
                self.guest(Callback::DownstreamConnectionClose)
                    .on_downstream_connection_close(id, number as u32)
            }),
            21 => ledger.other(|| {
                self.guest(Callback::UpstreamConnectionClose).on_upstream_connection_close(id, number as u32)
            }),
            24 => {
                ledger.other(|| self.guest(Callback::ForeignFunction).on_foreign_function(id, 1, number));
            }
            // For the root context most of the time, with a token that was probably given out.
            25 => self.resolved(if flag { id } else { 1 }, self.token(flags), number % 4),
            // A root context ends, or is the proxy's access logger.
            26 => ledger.other(|| self.guest(Callback::Done).on_done(1)),
            27 => ledger.other(|| self.guest(Callback::Log).on_log(1)),
            // For the root context most of the time, with a token that was probably given out.
            _ => self.http_answer(if flag { id } else { 1 }, flags, number),
        });
    }

    /// The answer to an HTTP callout.
    fn http_answer(&self, called: u32, choice: u8, number: usize) {
        let token = self.token(choice);
        self.case.ledger.other(|| {
            self.showing(token, || {
                self.guest(Callback::HttpCallResponse)
                    .on_http_call_response(called, token, number, number, number);
            });
        });
    }

    /// Shows the answer to a callout in a callback.
    fn showing(&self, token: u32, callback: impl FnOnce()) {
        self.answers.borrow_mut().push(token);
        callback();
        self.answers.borrow_mut().pop();
    }

    /// The answer that it shows, in the innermost callback that is for one: that names its token.
    pub(crate) fn answer(&self) -> Vec<u8> {
        let answers = self.answers.borrow();
        answers.last().map_or_else(Vec::new, |token| token.to_string().into_bytes())
    }

    /// The answer to a lookup; without bytes, it is that it failed.
    pub(crate) fn resolved(&self, called: u32, token: u32, size: usize) {
        self.enter(|| {
            self.case.ledger.other(|| self.guest(Callback::ResolveDns).on_resolve_dns(called, token, size));
        });
    }

    /// Callbacks of gRPC, from one of them on.
    fn grpc(&self, called: u32, token: u32, number: usize) {
        for step in number % 3..=number / 4 % 4 {
            self.case.ledger.act_on(called);
            match step {
                0 => self
                    .guest(Callback::GrpcReceiveInitialMetadata)
                    .on_grpc_receive_initial_metadata(called, token, number),
                1 => self.showing(token, || {
                    self.guest(Callback::GrpcReceive).on_grpc_receive(called, token, number);
                }),
                2 => self
                    .guest(Callback::GrpcReceiveTrailingMetadata)
                    .on_grpc_receive_trailing_metadata(called, token, number),
                _ => self.guest(Callback::GrpcClose).on_grpc_close(
                    called,
                    token,
                    [0, 4, 7, 13, 14, 16, 99, u32::MAX][number / 32],
                ),
            }
        }
    }

    fn create(&self, context: u32, parent: u32) {
        self.case
            .ledger
            .create(context, || self.guest(Callback::ContextCreate).on_context_create(context, parent));
    }

    /// A callback of a request or a response.
    fn stream(&self, kind: u8, id: u32, number: usize, flag: bool) {
        let ledger = &self.case.ledger;
        let (phase, name) = match kind {
            4 | 5 => (Phase::Request, "on_request_headers"),
            6 => (Phase::Request, "on_request_body"),
            7 => (Phase::Request, "on_request_trailers"),
            8 | 9 => (Phase::ResponseHeaders, "on_response_headers"),
            10 => (Phase::ResponseBody, "on_response_body"),
            _ => (Phase::ResponseTrailers, "on_response_trailers"),
        };
        let what = ledger.stream(phase, name, id, || match kind {
            4 | 5 => self.guest(Callback::RequestHeaders).on_request_headers(id, number, flag),
            6 => self.guest(Callback::RequestBody).on_request_body(id, number, flag),
            7 => self.guest(Callback::RequestTrailers).on_request_trailers(id, number),
            8 | 9 => self.guest(Callback::ResponseHeaders).on_response_headers(id, number, flag),
            10 => self.guest(Callback::ResponseBody).on_response_body(id, number, flag),
            _ => self.guest(Callback::ResponseTrailers).on_response_trailers(id, number),
        });
        self.case.coverage.met(&format!("{phase:?}: {what}"));
    }

    /// A callback of the bytes of a connection.
    fn connection(&self, kind: u8, id: u32, number: usize, flag: bool) {
        let name = match kind {
            16 | 17 => "on_downstream_data",
            18 => "on_upstream_data",
            _ => "on_new_connection",
        };
        let what = self.case.ledger.stream(Phase::Connection, name, id, || match kind {
            16 | 17 => self.guest(Callback::DownstreamData).on_downstream_data(id, number, flag),
            18 => self.guest(Callback::UpstreamData).on_upstream_data(id, number, flag),
            _ => self.guest(Callback::NewConnection).on_new_connection(id),
        });
        self.case.coverage.met(&format!("{:?}: {what}", Phase::Connection));
    }

    /// The guest, to call it back.
    fn guest(&self, callback: Callback) -> &Dispatcher<R> {
        self.case.coverage.counts(callback.export_name());
        &self.guest
    }

    pub(crate) fn chaos(&self) -> &Chaos {
        &self.case.chaos
    }

    fn new_id(&self) -> u32 {
        let mut ids = self.ids.borrow_mut();
        let id = ids.len() as u32 + 1;
        ids.push(id);
        id
    }

    /// A token for a callout; rarely one that was given away before, and may not have been answered.
    pub(crate) fn new_token(&self) -> u32 {
        if self.chaos().rarely(16) {
            return self.token(self.chaos().byte());
        }
        self.last_token.set(self.last_token.get() + 1);
        self.last_token.get() - 1
    }

    /// A token that was probably given away lately.
    fn token(&self, choice: u8) -> u32 {
        self.last_token.get().saturating_sub(u32::from(choice) % 5)
    }

    /// A token for a callout. A function does not get to know it, so its callouts say a number.
    pub(crate) fn asked(&self, kind: &'static str, said: &[u8]) -> u32 {
        let token = self.new_token();
        if let Some(asker) = crate::exchange::asker(said) {
            self.case.asked.ask(kind, token, asker);
        }
        token
    }

    /// What a host function does before it answers: it may call back, and it may refuse.
    pub(crate) fn step(&self, import: &'static str) -> Answer {
        self.case.coverage.counts(import);
        let chaos = self.chaos();
        if chaos.rarely(12) && self.depth.get() <= MAX_DEPTH {
            self.case.coverage.met("host re-entered");
            self.call([chaos.byte(), chaos.byte(), chaos.byte(), chaos.byte()]);
        }
        match chaos.below(16) {
            15 => Err(Status::new(u32::from(chaos.byte()) * 0x0101_0101).unwrap_or(Status::UNIMPLEMENTED)),
            14 => Err(Status::ALL[usize::from(chaos.byte()) % Status::ALL.len()]),
            _ => Ok(()),
        }
    }

    /// The same before a call of shared data, which only fails by its contention, if there is any.
    pub(crate) fn share(&self, import: &'static str) -> Answer {
        if self.shared.is_contended() { Ok(()) } else { self.step(import) }
    }

    /// A pair block, sound or not.
    pub(crate) fn pairs(&self) -> Vec<u8> {
        let mut block = b"\x02\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x02\0\0\0a\x001\0b\x0022\0".to_vec();
        let chaos = self.chaos();
        match chaos.below(8) {
            4 => block.truncate(usize::from(chaos.below(6))),
            5 => block.truncate(usize::from(chaos.byte()) % block.len()),
            6 => block.extend(chaos.bytes()),
            7 => {
                let at = usize::from(chaos.byte()) % block.len();
                block[at] = chaos.byte();
            }
            _ => {}
        }
        block
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self.chaos().below(8) {
            0 => b"text".to_vec(),
            7 => vec![b'z'; 5_000],
            _ => self.chaos().bytes(),
        }
    }
}
