//! Natively, what stands in for the host functions, and the one thread-local of the SDK.
//!
//! A host model implements [`Host`] with slices and values. [`enter`] puts it, with the memory of the guest
//! that it calls, on a private stack for the length of one callback; the functions below, which have the
//! names and types of the imports, serve the innermost one. So the guest's own pointer-and-length code runs
//! natively as it does on wasm, and two hosts, or two VMs of one host, can be used on one thread.

use super::wire::{BufferType, MapType, StreamType};
use crate::Status;
use crate::context::Extension;
use crate::dispatcher::Dispatcher;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ptr;

/// What a host answers: the value, or why not.
pub type Answer<T = ()> = Result<T, Status>;

/// A host, natively: one method per import.
///
/// Bytes go in as slices and come out owned; [`enter`]'s adapter copies them into the guest's memory. The
/// default of each method is the answer of a host that does not implement it.
#[allow(unused_variables, reason = "the defaults ignore what they are given")]
pub trait Host {
    /// `proxy_log`.
    fn log(&self, level: u32, message: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_current_time_nanoseconds`.
    fn current_time_nanoseconds(&self) -> Answer<u64> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_buffer_bytes`.
    fn buffer_bytes(&self, buffer: BufferType, start: usize, max_len: usize) -> Answer<Vec<u8>> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_set_buffer_bytes`.
    fn set_buffer_bytes(&self, buffer: BufferType, start: usize, len: usize, data: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_header_map_pairs`; the answer is a pair block.
    fn header_map_pairs(&self, map: MapType) -> Answer<Vec<u8>> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_set_header_map_pairs`; `block` should be a pair block.
    fn set_header_map_pairs(&self, map: MapType, block: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_header_map_value`.
    fn header_map_value(&self, map: MapType, key: &[u8]) -> Answer<Vec<u8>> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_add_header_map_value`.
    fn add_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_replace_header_map_value`.
    fn replace_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_remove_header_map_value`.
    fn remove_header_map_value(&self, map: MapType, key: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_continue_stream`.
    fn continue_stream(&self, stream: StreamType) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_close_stream`.
    fn close_stream(&self, stream: StreamType) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_send_local_response`.
    fn send_local_response(&self, response: LocalResponseParts<'_>) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_property`; the segments of `path` are separated by NUL.
    fn property(&self, path: &[u8]) -> Answer<Vec<u8>> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_set_property`.
    fn set_property(&self, path: &[u8], value: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_set_effective_context`.
    fn set_effective_context(&self, context: u32) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }

    /// Where the host claims to have put the bytes that it returns, if not where it did.
    ///
    /// For tests of the SDK against a host that lies; a host model leaves it alone.
    fn misplace(&self, address: usize, len: usize) -> (usize, usize) {
        (address, len)
    }
}

/// The arguments of `proxy_send_local_response`.
#[derive(Clone, Copy, Debug)]
pub struct LocalResponseParts<'a> {
    /// The HTTP status.
    pub status: u32,
    /// Why, for the host's access log.
    pub details: &'a [u8],
    /// The body.
    pub body: &'a [u8],
    /// The headers, as a pair block.
    pub headers: &'a [u8],
    /// The gRPC status; [`NO_GRPC_STATUS`](super::wire::NO_GRPC_STATUS) for none.
    pub grpc_status: u32,
}

/// The memory of a native guest, from which the host's answers are allocated, as a module's
/// `proxy_on_memory_allocate` export does.
///
/// # Safety
///
/// What `allocate` gives, if it is not null, is that many bytes that can be written, and that nobody else
/// refers to until they have been.
pub unsafe trait Memory {
    /// That many bytes, or null.
    fn allocate(&self, size: usize) -> *mut u8;
    /// Whether the SDK's own `log` bridge passes lines of this level on in this guest.
    fn log_enabled(&self, level: u32) -> bool;
}

// SAFETY: a dispatcher allocates from its arena, whose bytes are fresh.
unsafe impl<R: Extension> Memory for Dispatcher<R> {
    fn allocate(&self, size: usize) -> *mut u8 {
        Dispatcher::allocate(self, size)
    }

    fn log_enabled(&self, level: u32) -> bool {
        Dispatcher::log_enabled(self, level)
    }
}

#[derive(Clone)]
struct Frame {
    host: Rc<dyn Host>,
    memory: Rc<dyn Memory>,
}

std::thread_local! {
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

/// Runs `callback`, in which the host functions reach `host`, and its answers go to `memory`.
pub fn enter<T>(host: Rc<dyn Host>, memory: Rc<dyn Memory>, callback: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            let left = FRAMES.with(|frames| frames.borrow_mut().pop());
            drop(left);
        }
    }
    FRAMES.with(|frames| frames.borrow_mut().push(Frame { host, memory }));
    let _leave = Leave;
    callback()
}

/// Whether the innermost guest on this thread passes lines of this level on; false outside a callback.
#[cfg(feature = "log")]
pub(crate) fn log_enabled(level: u32) -> bool {
    frame().is_some_and(|frame| frame.memory.log_enabled(level))
}

fn frame() -> Option<Frame> {
    // Cloned, so that nothing is borrowed while the host runs: it may enter a guest itself.
    FRAMES.try_with(|frames| frames.borrow().last().cloned()).ok().flatten()
}

/// What a host function answers outside a callback, as a host does for a call that it forbids.
const OUTSIDE_A_CALLBACK: u32 = Status::INTERNAL_FAILURE.as_u32();

fn answer(call: impl FnOnce(&dyn Host) -> Answer) -> u32 {
    match frame() {
        Some(frame) => status_of(call(&*frame.host)),
        None => OUTSIDE_A_CALLBACK,
    }
}

fn status_of(answer: Answer) -> u32 {
    match answer {
        Ok(()) => 0,
        Err(status) => status.as_u32(),
    }
}

/// Copies what the host answered into memory that the guest allocates, and says where it is.
///
/// # Safety
///
/// `data` and `len` can be written.
unsafe fn answer_bytes(
    data: *mut *mut u8,
    len: *mut usize,
    call: impl FnOnce(&dyn Host) -> Answer<Vec<u8>>,
) -> u32 {
    let Some(Frame { host, memory }) = frame() else { return OUTSIDE_A_CALLBACK };
    let bytes = match call(&*host) {
        Ok(bytes) => bytes,
        Err(status) => return status.as_u32(),
    };
    let mut at = ptr::null_mut();
    if !bytes.is_empty() {
        at = memory.allocate(bytes.len());
        if at.is_null() {
            return Status::INVALID_MEMORY_ACCESS.as_u32();
        }
        // SAFETY: `at` is `bytes.len()` fresh bytes of the guest's, which do not overlap the host's own.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len()) };
    }
    let (address, claimed_len) = host.misplace(at.addr(), bytes.len());
    // SAFETY: the caller's promise.
    unsafe { data.write(at.with_addr(address)) };
    // SAFETY: the caller's promise.
    unsafe { len.write(claimed_len) };
    0
}

/// A guest's bytes.
///
/// # Safety
///
/// `at` and `len` describe bytes that can be read for `'a`, or are null and zero.
unsafe fn slice<'a>(at: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(at, len) }
}

// The native sides of the import table. Each has the caller's promise that every pointer and length describe
// readable bytes and that outputs can be written; see `imports`.

pub(super) unsafe fn proxy_log(level: u32, message: *const u8, message_len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let message = unsafe { slice(message, message_len) };
    answer(|host| host.log(level, message))
}

pub(super) unsafe fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32 {
    answer(|host| {
        let now = host.current_time_nanoseconds()?;
        // SAFETY: the caller's promise.
        unsafe { time.write(now) };
        Ok(())
    })
}

pub(super) unsafe fn proxy_get_buffer_bytes(
    buffer: u32,
    start: usize,
    max_len: usize,
    data: *mut *mut u8,
    len: *mut usize,
) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { answer_bytes(data, len, |host| host.buffer_bytes(BufferType(buffer), start, max_len)) }
}

pub(super) unsafe fn proxy_set_buffer_bytes(
    buffer: u32,
    start: usize,
    len: usize,
    data: *const u8,
    data_len: usize,
) -> u32 {
    // SAFETY: the caller's promise.
    let data = unsafe { slice(data, data_len) };
    answer(|host| host.set_buffer_bytes(BufferType(buffer), start, len, data))
}

pub(super) unsafe fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, len: *mut usize) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { answer_bytes(data, len, |host| host.header_map_pairs(MapType(map))) }
}

pub(super) unsafe fn proxy_set_header_map_pairs(map: u32, data: *const u8, len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let block = unsafe { slice(data, len) };
    answer(|host| host.set_header_map_pairs(MapType(map), block))
}

pub(super) unsafe fn proxy_get_header_map_value(
    map: u32,
    key: *const u8,
    key_len: usize,
    data: *mut *mut u8,
    len: *mut usize,
) -> u32 {
    // SAFETY: the caller's promise.
    let key = unsafe { slice(key, key_len) };
    // SAFETY: the caller's promise.
    unsafe { answer_bytes(data, len, |host| host.header_map_value(MapType(map), key)) }
}

pub(super) unsafe fn proxy_add_header_map_value(
    map: u32,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
) -> u32 {
    // SAFETY: the caller's promise.
    let key = unsafe { slice(key, key_len) };
    // SAFETY: the caller's promise.
    let value = unsafe { slice(value, value_len) };
    answer(|host| host.add_header_map_value(MapType(map), key, value))
}

pub(super) unsafe fn proxy_replace_header_map_value(
    map: u32,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
) -> u32 {
    // SAFETY: the caller's promise.
    let key = unsafe { slice(key, key_len) };
    // SAFETY: the caller's promise.
    let value = unsafe { slice(value, value_len) };
    answer(|host| host.replace_header_map_value(MapType(map), key, value))
}

pub(super) unsafe fn proxy_remove_header_map_value(map: u32, key: *const u8, key_len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let key = unsafe { slice(key, key_len) };
    answer(|host| host.remove_header_map_value(MapType(map), key))
}

pub(super) unsafe fn proxy_continue_stream(stream: u32) -> u32 {
    answer(|host| host.continue_stream(StreamType(stream)))
}

pub(super) unsafe fn proxy_close_stream(stream: u32) -> u32 {
    answer(|host| host.close_stream(StreamType(stream)))
}

#[allow(clippy::too_many_arguments, reason = "the ABI's own signature")]
pub(super) unsafe fn proxy_send_local_response(
    status: u32,
    details: *const u8,
    details_len: usize,
    body: *const u8,
    body_len: usize,
    headers: *const u8,
    headers_len: usize,
    grpc_status: u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let details = unsafe { slice(details, details_len) };
    // SAFETY: the caller's promise.
    let body = unsafe { slice(body, body_len) };
    // SAFETY: the caller's promise.
    let headers = unsafe { slice(headers, headers_len) };
    let response = LocalResponseParts { status, details, body, headers, grpc_status };
    answer(|host| host.send_local_response(response))
}

pub(super) unsafe fn proxy_get_property(
    path: *const u8,
    path_len: usize,
    data: *mut *mut u8,
    len: *mut usize,
) -> u32 {
    // SAFETY: the caller's promise.
    let path = unsafe { slice(path, path_len) };
    // SAFETY: the caller's promise.
    unsafe { answer_bytes(data, len, |host| host.property(path)) }
}

pub(super) unsafe fn proxy_set_property(
    path: *const u8,
    path_len: usize,
    value: *const u8,
    value_len: usize,
) -> u32 {
    // SAFETY: the caller's promise.
    let path = unsafe { slice(path, path_len) };
    // SAFETY: the caller's promise.
    let value = unsafe { slice(value, value_len) };
    answer(|host| host.set_property(path, value))
}

pub(super) unsafe fn proxy_set_effective_context(context: u32) -> u32 {
    answer(|host| host.set_effective_context(context))
}
