//! The native sides of the calls about streams: logging, time, buffers, maps, properties, contexts.

use super::{LocalResponseParts, answer, answer_bytes, answer_value, slice};
use crate::abi::wire::{BufferType, MapType, StreamType};

pub(in crate::abi) unsafe fn proxy_log(level: u32, message: *const u8, message_len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let message = unsafe { slice(message, message_len) };
    answer(|host| host.log(level, message))
}

pub(in crate::abi) unsafe fn proxy_get_log_level(level: *mut u32) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { answer_value(level, |host| host.log_level()) }
}

pub(in crate::abi) unsafe fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { answer_value(time, |host| host.current_time_nanoseconds()) }
}

pub(in crate::abi) unsafe fn proxy_set_tick_period_milliseconds(period: u32) -> u32 {
    answer(|host| host.set_tick_period(period))
}

pub(in crate::abi) unsafe fn proxy_get_buffer_bytes(
    buffer: u32,
    start: usize,
    max_len: usize,
    data: *mut *mut u8,
    len: *mut usize,
) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { answer_bytes(data, len, |host| host.buffer_bytes(BufferType(buffer), start, max_len)) }
}

pub(in crate::abi) unsafe fn proxy_get_buffer_status(buffer: u32, len: *mut usize, flags: *mut u32) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { flags.write(0) };
    // SAFETY: the caller's promise.
    unsafe { answer_value(len, |host| host.buffer_status(BufferType(buffer))) }
}

pub(in crate::abi) unsafe fn proxy_set_buffer_bytes(
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

pub(in crate::abi) unsafe fn proxy_get_header_map_pairs(
    map: u32,
    data: *mut *mut u8,
    len: *mut usize,
) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { answer_bytes(data, len, |host| host.header_map_pairs(MapType(map))) }
}

pub(in crate::abi) unsafe fn proxy_set_header_map_pairs(map: u32, data: *const u8, len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let block = unsafe { slice(data, len) };
    answer(|host| host.set_header_map_pairs(MapType(map), block))
}

pub(in crate::abi) unsafe fn proxy_get_header_map_value(
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

pub(in crate::abi) unsafe fn proxy_add_header_map_value(
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

pub(in crate::abi) unsafe fn proxy_replace_header_map_value(
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

pub(in crate::abi) unsafe fn proxy_remove_header_map_value(map: u32, key: *const u8, key_len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let key = unsafe { slice(key, key_len) };
    answer(|host| host.remove_header_map_value(MapType(map), key))
}

pub(in crate::abi) unsafe fn proxy_get_header_map_size(map: u32, size: *mut usize) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { answer_value(size, |host| host.header_map_size(MapType(map))) }
}

pub(in crate::abi) unsafe fn proxy_continue_stream(stream: u32) -> u32 {
    answer(|host| host.continue_stream(StreamType(stream)))
}

pub(in crate::abi) unsafe fn proxy_close_stream(stream: u32) -> u32 {
    answer(|host| host.close_stream(StreamType(stream)))
}

#[allow(clippy::too_many_arguments, reason = "the ABI's own signature")]
pub(in crate::abi) unsafe fn proxy_send_local_response(
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

pub(in crate::abi) unsafe fn proxy_get_property(
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

pub(in crate::abi) unsafe fn proxy_set_property(
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

pub(in crate::abi) unsafe fn proxy_set_effective_context(context: u32) -> u32 {
    answer(|host| host.set_effective_context(context))
}

pub(in crate::abi) unsafe fn proxy_done() -> u32 {
    answer(|host| host.done())
}
