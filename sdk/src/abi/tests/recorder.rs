//! A guest and a host that do nothing but remember.

use super::super::arena::Arena;
use super::super::host::{Answer, GrpcCallParts, Host, HttpCallParts, LocalResponseParts, Memory};
use super::super::wire::{BufferType, MapType, MetricType, StreamType};
use crate::Status;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

/// What the host answers where it answers a number.
pub(super) const NUMBER: u8 = 7;

/// A guest that is only memory.
pub(super) struct Guest {
    pub(super) arena: Arena,
    /// Whether it has no memory left.
    pub(super) is_full: Cell<bool>,
}

impl Guest {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Guest { arena: Arena::new(), is_full: Cell::new(false) })
    }
}

// SAFETY: the arena's bytes are fresh.
unsafe impl Memory for Guest {
    fn allocate(&self, size: usize) -> *mut u8 {
        if self.is_full.get() { core::ptr::null_mut() } else { self.arena.allocate(size) }
    }

    fn log_enabled(&self, level: u32) -> bool {
        level > 2
    }
}

/// A host that notes each call, and answers with `bytes`, `refusal` or `place`.
#[derive(Default)]
pub(super) struct Recorder {
    pub(super) calls: RefCell<Vec<String>>,
    pub(super) bytes: RefCell<Vec<u8>>,
    pub(super) refusal: Cell<Option<Status>>,
    /// Added to the address and the length of what it returns.
    pub(super) place: Cell<(isize, isize)>,
}

impl Recorder {
    fn note(&self, call: String) -> Answer {
        self.calls.borrow_mut().push(call);
        self.refusal.get().map_or(Ok(()), Err)
    }

    /// Notes a call whose answer is a number.
    fn note_number<N: From<u8>>(&self, call: String) -> Answer<N> {
        self.note(call).map(|()| NUMBER.into())
    }

    fn note_bytes(&self, call: String) -> Answer<Vec<u8>> {
        self.note(call).map(|()| self.bytes.borrow().clone())
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

impl Host for Recorder {
    fn log(&self, level: u32, message: &[u8]) -> Answer {
        self.note(format!("log {level} {}", text(message)))
    }
    fn current_time_nanoseconds(&self) -> Answer<u64> {
        self.note("time".into()).map(|()| 1_700_000_000_123_456_789)
    }
    fn buffer_bytes(&self, buffer: BufferType, start: usize, max_len: usize) -> Answer<Vec<u8>> {
        self.note_bytes(format!("buffer {buffer:?} {start} {max_len}"))
    }
    fn set_buffer_bytes(&self, buffer: BufferType, start: usize, len: usize, data: &[u8]) -> Answer {
        self.note(format!("set buffer {buffer:?} {start} {len} {}", text(data)))
    }
    fn header_map_pairs(&self, map: MapType) -> Answer<Vec<u8>> {
        self.note_bytes(format!("pairs {map:?}"))
    }
    fn set_header_map_pairs(&self, map: MapType, block: &[u8]) -> Answer {
        self.note(format!("set pairs {map:?} {}", text(block)))
    }
    fn header_map_value(&self, map: MapType, key: &[u8]) -> Answer<Vec<u8>> {
        self.note_bytes(format!("value {map:?} {}", text(key)))
    }
    fn add_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        self.note(format!("add {map:?} {} {}", text(key), text(value)))
    }
    fn replace_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        self.note(format!("replace {map:?} {} {}", text(key), text(value)))
    }
    fn remove_header_map_value(&self, map: MapType, key: &[u8]) -> Answer {
        self.note(format!("remove {map:?} {}", text(key)))
    }
    fn continue_stream(&self, stream: StreamType) -> Answer {
        self.note(format!("continue {stream:?}"))
    }
    fn close_stream(&self, stream: StreamType) -> Answer {
        self.note(format!("close {stream:?}"))
    }
    fn send_local_response(&self, response: LocalResponseParts<'_>) -> Answer {
        self.note(format!(
            "respond {} {} {} {} {:?}",
            response.status,
            text(response.details),
            text(response.body),
            text(response.headers),
            response.grpc_status,
        ))
    }
    fn property(&self, path: &[u8]) -> Answer<Vec<u8>> {
        self.note_bytes(format!("property {}", text(path)))
    }
    fn set_property(&self, path: &[u8], value: &[u8]) -> Answer {
        self.note(format!("set property {} {}", text(path), text(value)))
    }
    fn set_effective_context(&self, context: u32) -> Answer {
        self.note(format!("effective {context}"))
    }
    fn log_level(&self) -> Answer<u32> {
        self.note_number("log level".into())
    }
    fn set_tick_period(&self, milliseconds: u32) -> Answer {
        self.note(format!("tick {milliseconds}"))
    }
    fn buffer_status(&self, buffer: BufferType) -> Answer<usize> {
        self.note_number(format!("buffer status {buffer:?}"))
    }
    fn header_map_size(&self, map: MapType) -> Answer<usize> {
        self.note_number(format!("size {map:?}"))
    }
    fn done(&self) -> Answer {
        self.note("done".into())
    }
    fn http_call(&self, call: HttpCallParts<'_>) -> Answer<u32> {
        let parts = [call.upstream, call.headers, call.body, call.trailers].map(text).join(" ");
        self.note_number(format!("http call {parts} {}", call.timeout_milliseconds))
    }
    fn grpc_call(&self, call: GrpcCallParts<'_>, message: &[u8], timeout_milliseconds: u32) -> Answer<u32> {
        let parts = [call.upstream, call.service, call.method, call.metadata].map(text).join(" ");
        self.note_number(format!("grpc call {parts} {} {timeout_milliseconds}", text(message)))
    }
    fn grpc_stream(&self, call: GrpcCallParts<'_>) -> Answer<u32> {
        let parts = [call.upstream, call.service, call.method, call.metadata].map(text).join(" ");
        self.note_number(format!("grpc stream {parts}"))
    }
    fn grpc_send(&self, token: u32, message: &[u8], end_of_stream: bool) -> Answer {
        self.note(format!("grpc send {token} {} {end_of_stream}", text(message)))
    }
    fn grpc_close(&self, token: u32) -> Answer {
        self.note(format!("grpc close {token}"))
    }
    fn grpc_cancel(&self, token: u32) -> Answer {
        self.note(format!("grpc cancel {token}"))
    }
    fn status(&self) -> Answer<(u32, Vec<u8>)> {
        self.note_bytes("status".into()).map(|message| (NUMBER.into(), message))
    }
    fn shared_data(&self, key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        self.note_bytes(format!("shared {}", text(key))).map(|value| (value, NUMBER.into()))
    }
    fn set_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Answer {
        self.note(format!("set shared {} {} {cas}", text(key), text(value)))
    }
    fn register_shared_queue(&self, name: &[u8]) -> Answer<u32> {
        self.note_number(format!("register {}", text(name)))
    }
    fn resolve_shared_queue(&self, vm_id: &[u8], name: &[u8]) -> Answer<u32> {
        self.note_number(format!("resolve {} {}", text(vm_id), text(name)))
    }
    fn enqueue_shared_queue(&self, queue: u32, item: &[u8]) -> Answer {
        self.note(format!("enqueue {queue} {}", text(item)))
    }
    fn dequeue_shared_queue(&self, queue: u32) -> Answer<Vec<u8>> {
        self.note_bytes(format!("dequeue {queue}"))
    }
    fn define_metric(&self, kind: MetricType, name: &[u8]) -> Answer<u32> {
        self.note_number(format!("define {kind:?} {}", text(name)))
    }
    fn increment_metric(&self, metric: u32, delta: i64) -> Answer {
        self.note(format!("increment {metric} {delta}"))
    }
    fn record_metric(&self, metric: u32, value: u64) -> Answer {
        self.note(format!("record {metric} {value}"))
    }
    fn metric(&self, metric: u32) -> Answer<u64> {
        self.note_number(format!("metric {metric}"))
    }
    fn call_foreign_function(&self, name: &[u8], argument: &[u8]) -> Answer<Vec<u8>> {
        self.note_bytes(format!("foreign {} {}", text(name), text(argument)))
    }
    fn resolve_dns(&self, name: &[u8]) -> Answer<u32> {
        self.note_number(format!("resolve dns {}", text(name)))
    }
    fn misplace(&self, address: usize, len: usize) -> (usize, usize) {
        let (address_error, len_error) = self.place.get();
        (address.wrapping_add_signed(address_error), len.wrapping_add_signed(len_error))
    }
}
