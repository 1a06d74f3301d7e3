//! A host that answers anything, and calls back from inside any call.

use crate::case::{Case, set_case};
use crate::chaos::Chaos;
use crate::ledger::Phase;
use crate::sharing::Shared;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use waxwing::__private::{
    Answer, BufferType, Callback, Dispatcher, Extension, GrpcCallParts, Guest, Host, HttpCallParts,
    LocalResponseParts, MapType, MetricType, StreamType, enter,
};
use waxwing::Status;

/// How deep it calls back into a guest that is calling it.
const MAX_DEPTH: u8 = 3;

pub(crate) struct HostileHost<R: Extension> {
    guest: Rc<Dispatcher<R>>,
    case: Case,
    /// Of the contexts that it made, and may have deleted.
    ids: RefCell<Vec<u32>>,
    depth: Cell<u8>,
    shared: Shared,
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
            shared: Shared::default(),
            this: this.clone(),
        });
        // Most cases begin as a sane host would.
        if !host.chaos().rarely(8) {
            host.enter(|guest| {
                host.create(guest, 1, 0);
                guest.on_vm_start(1, 0);
                host.case.ledger.other(|| guest.on_configure(1, 2));
            });
        }
        host
    }

    /// Ends the case; the guest's contexts are dropped while its decisions can still be asked for.
    pub(crate) fn stop(self: Rc<Self>) {
        drop(self);
        set_case(None);
    }

    fn enter(&self, callback: impl FnOnce(&Dispatcher<R>)) {
        let Some(host) = self.this.upgrade() else { return };
        self.depth.set(self.depth.get() + 1);
        enter(host, self.guest.clone(), || callback(&self.guest));
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
        let kinds = if self.guest.callbacks().contains(Callback::NewConnection) { 24 } else { 16 };
        let of_grpc = if self.guest.callbacks().contains(Callback::GrpcReceive) { 3 } else { 0 };
        self.enter(|guest| match kind % (kinds + of_grpc) {
            kind if kind >= kinds => ledger.other(|| {
                // For the root context most of the time, with a token that was probably given out.
                self.grpc(guest, if flag { id } else { 1 }, u32::from(flags / 2 % 4), number);
            }),
            0 | 1 => {
                // A new stream, of the root context most of the time; rarely with an id that exists.
                let parent = if flags < 200 { 1 } else { id };
                self.create(guest, if flags % 16 == 0 { id } else { self.new_id() }, parent);
            }
            2 => {
                let root = self.new_id();
                self.create(guest, root, 0);
                ledger.other(|| guest.on_configure(root, number));
            }
            3 => ledger.other(|| {
                guest.on_vm_start(id, number);
                guest.on_configure(if flag { id } else { 1 }, number);
            }),
            12 if number % 3 == 0 => ledger.other(|| {
                guest.on_request_metadata(id, number);
                guest.on_response_metadata(id, number);
            }),
            12 => ledger.other(|| guest.on_done(id)),
            13 if number % 2 == 0 => ledger.other(|| guest.on_log(id)),
            13 => ledger.other(|| guest.on_tick(if flags < 200 { 1 } else { id })),
            14 if flag => ledger.other(|| {
                // For the root context most of the time.
                guest.on_queue_ready(if flags < 200 { 1 } else { id }, number as u32 % 8);
            }),
            14 => drop(guest.allocate(number * number * number)),
            15 => {
                let id = if flags < 250 && id == 1 { 2 } else { id };
                ledger.delete(id, || guest.on_delete(id));
            }
            kind @ 4..12 => self.stream(guest, kind, id, number, flag),
            kind @ 16..20 => self.connection(guest, kind, id, number, flag),
            20 => ledger.other(|| guest.on_downstream_connection_close(id, number as u32)),
            21 => ledger.other(|| guest.on_upstream_connection_close(id, number as u32)),
            _ => ledger.other(|| {
                // For the root context most of the time, with a token that was probably given out.
                let called = if flag { id } else { 1 };
                guest.on_http_call_response(called, u32::from(flags) % 8, number, number, number);
            }),
        });
    }

    /// Callbacks of gRPC, from one of them on.
    fn grpc(&self, guest: &Dispatcher<R>, called: u32, token: u32, number: usize) {
        for step in number % 3..=number / 4 % 4 {
            self.case.ledger.act_on(called);
            match step {
                0 => guest.on_grpc_receive_initial_metadata(called, token, number),
                1 => guest.on_grpc_receive(called, token, number),
                2 => guest.on_grpc_receive_trailing_metadata(called, token, number),
                _ => guest.on_grpc_close(called, token, [0, 4, 7, 13, 14, 16, 99, u32::MAX][number / 32]),
            }
        }
    }

    fn create(&self, guest: &Dispatcher<R>, context: u32, parent: u32) {
        self.case.ledger.create(context, || guest.on_context_create(context, parent));
    }

    /// A callback of a request or a response.
    fn stream(&self, guest: &Dispatcher<R>, kind: u8, id: u32, number: usize, flag: bool) {
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
            4 | 5 => guest.on_request_headers(id, number, flag),
            6 => guest.on_request_body(id, number, flag),
            7 => guest.on_request_trailers(id, number),
            8 | 9 => guest.on_response_headers(id, number, flag),
            10 => guest.on_response_body(id, number, flag),
            _ => guest.on_response_trailers(id, number),
        });
        self.case.coverage.met(&format!("{phase:?}: {what}"));
    }

    /// A callback of the bytes of a connection.
    fn connection(&self, guest: &Dispatcher<R>, kind: u8, id: u32, number: usize, flag: bool) {
        let name = match kind {
            16 | 17 => "on_downstream_data",
            18 => "on_upstream_data",
            _ => "on_new_connection",
        };
        let what = self.case.ledger.stream(Phase::Connection, name, id, || match kind {
            16 | 17 => guest.on_downstream_data(id, number, flag),
            18 => guest.on_upstream_data(id, number, flag),
            _ => guest.on_new_connection(id),
        });
        self.case.coverage.met(&format!("{:?}: {what}", Phase::Connection));
    }

    fn chaos(&self) -> &Chaos {
        &self.case.chaos
    }

    fn new_id(&self) -> u32 {
        let mut ids = self.ids.borrow_mut();
        let id = ids.len() as u32 + 1;
        ids.push(id);
        id
    }

    /// What a host function does before it answers: it may call back, and it may refuse.
    fn step(&self) -> Answer {
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
    fn share(&self) -> Answer {
        if self.shared.is_contended() { Ok(()) } else { self.step() }
    }

    /// A pair block, sound or not.
    fn pairs(&self) -> Vec<u8> {
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

    fn bytes(&self) -> Vec<u8> {
        match self.chaos().below(8) {
            0 => b"text".to_vec(),
            7 => vec![b'z'; 5_000],
            _ => self.chaos().bytes(),
        }
    }
}

impl<R: Extension> Host for HostileHost<R> {
    fn log(&self, level: u32, message: &[u8]) -> Answer {
        if level >= 3 {
            self.case.coverage.logged(&String::from_utf8_lossy(message));
        }
        self.step()
    }
    fn log_level(&self) -> Answer<u32> {
        self.step().map(|()| u32::from(self.chaos().byte()) << 24 >> self.chaos().below(32))
    }
    fn current_time_nanoseconds(&self) -> Answer<u64> {
        self.step().map(|()| u64::from(self.chaos().byte()) << 56)
    }
    fn buffer_bytes(&self, buffer: BufferType, _start: usize, _max_len: usize) -> Answer<Vec<u8>> {
        self.step()?;
        if buffer != BufferType::PLUGIN_CONFIGURATION {
            return Ok(self.bytes());
        }
        Ok(match self.chaos().below(16) {
            13 => b"".to_vec(),
            14 => b"{\"a\": \"secret\"}".to_vec(),
            15 => b"\"\xff".to_vec(),
            _ => b"{}".to_vec(),
        })
    }
    fn set_buffer_bytes(&self, _: BufferType, _: usize, _: usize, _: &[u8]) -> Answer {
        self.step()
    }
    fn buffer_status(&self, _buffer: BufferType) -> Answer<usize> {
        self.step().map(|()| usize::from(self.chaos().byte()) << 24)
    }
    fn header_map_size(&self, _map: MapType) -> Answer<usize> {
        self.step().map(|()| usize::from(self.chaos().byte()) << 24)
    }
    fn header_map_pairs(&self, _map: MapType) -> Answer<Vec<u8>> {
        self.step().map(|()| self.pairs())
    }
    fn set_header_map_pairs(&self, _map: MapType, _block: &[u8]) -> Answer {
        self.step()
    }
    fn header_map_value(&self, _map: MapType, _key: &[u8]) -> Answer<Vec<u8>> {
        self.step().map(|()| self.bytes())
    }
    fn add_header_map_value(&self, _: MapType, _: &[u8], _: &[u8]) -> Answer {
        self.step()
    }
    fn replace_header_map_value(&self, _: MapType, _: &[u8], _: &[u8]) -> Answer {
        self.step()
    }
    fn remove_header_map_value(&self, _: MapType, _: &[u8]) -> Answer {
        self.step()
    }
    fn continue_stream(&self, _stream: StreamType) -> Answer {
        self.step()
    }
    fn close_stream(&self, _stream: StreamType) -> Answer {
        self.case.ledger.reset();
        self.step()
    }
    fn send_local_response(&self, response: LocalResponseParts<'_>) -> Answer {
        self.case.ledger.answer(response.details, || {
            self.step()?;
            if self.chaos().rarely(4) { Err(Status::INTERNAL_FAILURE) } else { Ok(()) }
        })
    }
    fn property(&self, _path: &[u8]) -> Answer<Vec<u8>> {
        self.step().map(|()| self.bytes())
    }
    fn set_property(&self, _path: &[u8], _value: &[u8]) -> Answer {
        self.step()
    }
    fn call_foreign_function(&self, _name: &[u8], _argument: &[u8]) -> Answer<Vec<u8>> {
        // The token of an expression has four bytes.
        self.step().map(|()| if self.chaos().rarely(2) { vec![1, 0, 0, 0] } else { self.bytes() })
    }
    fn http_call(&self, _call: HttpCallParts<'_>) -> Answer<u32> {
        self.step().map(|()| u32::from(self.chaos().below(8)))
    }
    fn grpc_call(&self, _call: GrpcCallParts<'_>, _message: &[u8], _timeout: u32) -> Answer<u32> {
        self.step().map(|()| u32::from(self.chaos().below(4)))
    }
    fn grpc_stream(&self, _call: GrpcCallParts<'_>) -> Answer<u32> {
        // It may tell of the stream before it is open.
        self.step().map(|()| u32::from(self.chaos().below(4)))
    }
    fn grpc_send(&self, _token: u32, _message: &[u8], _end_of_stream: bool) -> Answer {
        self.step()
    }
    fn grpc_close(&self, _token: u32) -> Answer {
        self.step()
    }
    fn grpc_cancel(&self, _token: u32) -> Answer {
        self.step()
    }
    fn status(&self) -> Answer<(u32, Vec<u8>)> {
        self.step()?;
        let words: &[u8] = match self.chaos().below(6) {
            1 => b"upstream request timeout{response_timeout}",
            2 => b"no healthy upstream{x}",
            3 => b"upstream connect error or disconnect/reset before headers.",
            _ => return Ok((u32::from(self.chaos().byte()), self.bytes())),
        };
        Ok((u32::from(self.chaos().byte()), words.to_vec()))
    }
    fn define_metric(&self, _kind: MetricType, _name: &[u8]) -> Answer<u32> {
        self.step().map(|()| u32::from(self.chaos().byte()))
    }
    fn increment_metric(&self, _metric: u32, _delta: i64) -> Answer {
        self.step()
    }
    fn record_metric(&self, _metric: u32, _value: u64) -> Answer {
        self.step()
    }
    fn metric(&self, _metric: u32) -> Answer<u64> {
        self.step().map(|()| u64::MAX - u64::from(self.chaos().byte()))
    }
    fn set_tick_period(&self, _milliseconds: u32) -> Answer {
        self.step()
    }
    fn shared_data(&self, _key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        self.share().and_then(|()| self.shared.get(self.chaos()))
    }
    fn set_shared_data(&self, _key: &[u8], _value: &[u8], _cas: u32) -> Answer {
        self.share().and_then(|()| self.shared.set(self.chaos()))
    }
    fn register_shared_queue(&self, _name: &[u8]) -> Answer<u32> {
        self.step().map(|()| u32::from(self.chaos().below(8)))
    }
    fn resolve_shared_queue(&self, _vm_id: &[u8], _name: &[u8]) -> Answer<u32> {
        self.step().map(|()| u32::from(self.chaos().below(8)))
    }
    fn enqueue_shared_queue(&self, _queue: u32, _item: &[u8]) -> Answer {
        self.step()
    }
    fn dequeue_shared_queue(&self, _queue: u32) -> Answer<Vec<u8>> {
        self.step().and_then(|()| self.shared.dequeue(self.chaos()))
    }
    fn set_effective_context(&self, context: u32) -> Answer {
        self.step()?;
        self.case.ledger.act_on(context);
        Ok(())
    }

    fn misplace(&self, address: usize, len: usize) -> (usize, usize) {
        let error = usize::from(self.chaos().byte()) << self.chaos().below(64);
        match self.chaos().below(16) {
            14 => (address.wrapping_add(error), len),
            15 => (address, len.wrapping_add(error)),
            _ => (address, len),
        }
    }
}
