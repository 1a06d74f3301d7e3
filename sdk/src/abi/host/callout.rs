//! The native sides of callouts.

use super::{GrpcCallParts, HttpCallParts, answer, answer_bytes, answer_value, slice};

#[allow(clippy::too_many_arguments, reason = "the ABI's own signature")]
pub(in crate::abi) unsafe fn proxy_http_call(
    upstream: *const u8,
    upstream_len: usize,
    headers: *const u8,
    headers_len: usize,
    body: *const u8,
    body_len: usize,
    trailers: *const u8,
    trailers_len: usize,
    timeout: u32,
    token: *mut u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let upstream = unsafe { slice(upstream, upstream_len) };
    // SAFETY: the caller's promise.
    let headers = unsafe { slice(headers, headers_len) };
    // SAFETY: the caller's promise.
    let body = unsafe { slice(body, body_len) };
    // SAFETY: the caller's promise.
    let trailers = unsafe { slice(trailers, trailers_len) };
    let call = HttpCallParts { upstream, headers, body, trailers, timeout_milliseconds: timeout };
    // SAFETY: the caller's promise.
    unsafe { answer_value(token, |host| host.http_call(call)) }
}

#[allow(clippy::too_many_arguments, reason = "the ABI's own signature")]
pub(in crate::abi) unsafe fn proxy_grpc_call(
    upstream: *const u8,
    upstream_len: usize,
    service: *const u8,
    service_len: usize,
    method: *const u8,
    method_len: usize,
    metadata: *const u8,
    metadata_len: usize,
    message: *const u8,
    message_len: usize,
    timeout: u32,
    token: *mut u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let upstream = unsafe { slice(upstream, upstream_len) };
    // SAFETY: the caller's promise.
    let service = unsafe { slice(service, service_len) };
    // SAFETY: the caller's promise.
    let method = unsafe { slice(method, method_len) };
    // SAFETY: the caller's promise.
    let metadata = unsafe { slice(metadata, metadata_len) };
    // SAFETY: the caller's promise.
    let message = unsafe { slice(message, message_len) };
    let call = GrpcCallParts { upstream, service, method, metadata };
    // SAFETY: the caller's promise.
    unsafe { answer_value(token, |host| host.grpc_call(call, message, timeout)) }
}

#[allow(clippy::too_many_arguments, reason = "the ABI's own signature")]
pub(in crate::abi) unsafe fn proxy_grpc_stream(
    upstream: *const u8,
    upstream_len: usize,
    service: *const u8,
    service_len: usize,
    method: *const u8,
    method_len: usize,
    metadata: *const u8,
    metadata_len: usize,
    token: *mut u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let upstream = unsafe { slice(upstream, upstream_len) };
    // SAFETY: the caller's promise.
    let service = unsafe { slice(service, service_len) };
    // SAFETY: the caller's promise.
    let method = unsafe { slice(method, method_len) };
    // SAFETY: the caller's promise.
    let metadata = unsafe { slice(metadata, metadata_len) };
    let call = GrpcCallParts { upstream, service, method, metadata };
    // SAFETY: the caller's promise.
    unsafe { answer_value(token, |host| host.grpc_stream(call)) }
}

pub(in crate::abi) unsafe fn proxy_grpc_send(
    token: u32,
    message: *const u8,
    message_len: usize,
    end_of_stream: u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let message = unsafe { slice(message, message_len) };
    answer(|host| host.grpc_send(token, message, end_of_stream != 0))
}

pub(in crate::abi) unsafe fn proxy_grpc_close(token: u32) -> u32 {
    answer(|host| host.grpc_close(token))
}

pub(in crate::abi) unsafe fn proxy_grpc_cancel(token: u32) -> u32 {
    answer(|host| host.grpc_cancel(token))
}

pub(in crate::abi) unsafe fn proxy_get_status(
    code: *mut u32,
    message: *mut *mut u8,
    message_len: *mut usize,
) -> u32 {
    let answer = |host: &dyn super::Host| {
        let (number, text) = host.status()?;
        // SAFETY: the caller's promise.
        unsafe { code.write(number) };
        Ok(text)
    };
    // SAFETY: the caller's promise.
    unsafe { answer_bytes(message, message_len, answer) }
}
