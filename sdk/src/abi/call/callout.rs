//! Callouts.

use super::{Output, done};
use crate::Result;
use crate::abi::arena::Scope;
use crate::abi::imports;

/// `proxy_http_call`; `headers` and `trailers` are pair blocks. The answer is the token.
#[inline]
pub fn http_call(
    upstream: &[u8],
    headers: &[u8],
    body: &[u8],
    trailers: &[u8],
    timeout_milliseconds: u32,
) -> Result<u32> {
    let mut token = 0;
    // SAFETY: the pointers and lengths are those of live slices, the output is a live local.
    let status = unsafe {
        imports::proxy_http_call(
            upstream.as_ptr(),
            upstream.len(),
            headers.as_ptr(),
            headers.len(),
            body.as_ptr(),
            body.len(),
            trailers.as_ptr(),
            trailers.len(),
            timeout_milliseconds,
            &raw mut token,
        )
    };
    done("proxy_http_call", status)?;
    Ok(token)
}

/// `proxy_grpc_call`; `metadata` is a pair block. The answer is the token.
pub fn grpc_call(
    upstream: &[u8],
    service: &[u8],
    method: &[u8],
    metadata: &[u8],
    message: &[u8],
    timeout_milliseconds: u32,
) -> Result<u32> {
    let mut token = 0;
    // SAFETY: the pointers and lengths are those of live slices, the output is a live local.
    let status = unsafe {
        imports::proxy_grpc_call(
            upstream.as_ptr(),
            upstream.len(),
            service.as_ptr(),
            service.len(),
            method.as_ptr(),
            method.len(),
            metadata.as_ptr(),
            metadata.len(),
            message.as_ptr(),
            message.len(),
            timeout_milliseconds,
            &raw mut token,
        )
    };
    done("proxy_grpc_call", status)?;
    Ok(token)
}

/// `proxy_grpc_stream`; `metadata` is a pair block. The answer is the token.
pub fn grpc_stream(upstream: &[u8], service: &[u8], method: &[u8], metadata: &[u8]) -> Result<u32> {
    let mut token = 0;
    // SAFETY: the pointers and lengths are those of live slices, the output is a live local.
    let status = unsafe {
        imports::proxy_grpc_stream(
            upstream.as_ptr(),
            upstream.len(),
            service.as_ptr(),
            service.len(),
            method.as_ptr(),
            method.len(),
            metadata.as_ptr(),
            metadata.len(),
            &raw mut token,
        )
    };
    done("proxy_grpc_stream", status)?;
    Ok(token)
}

/// `proxy_grpc_send`.
pub fn grpc_send(token: u32, message: &[u8], end_of_stream: bool) -> Result<()> {
    // SAFETY: the pointer and the length are those of a live slice.
    let status =
        unsafe { imports::proxy_grpc_send(token, message.as_ptr(), message.len(), u32::from(end_of_stream)) };
    done("proxy_grpc_send", status)
}

/// `proxy_grpc_close`.
pub fn grpc_close(token: u32) -> Result<()> {
    // SAFETY: takes a number only.
    done("proxy_grpc_close", unsafe { imports::proxy_grpc_close(token) })
}

/// `proxy_grpc_cancel`.
pub fn grpc_cancel(token: u32) -> Result<()> {
    // SAFETY: takes a number only.
    done("proxy_grpc_cancel", unsafe { imports::proxy_grpc_cancel(token) })
}

/// `proxy_get_status`: the code and the message with which the last callout failed.
pub fn status(scope: Scope<'_>) -> Result<(u32, &[u8])> {
    let mut code = 0;
    let mut out = Output::EMPTY;
    // SAFETY: the outputs are live locals.
    let status = unsafe { imports::proxy_get_status(&raw mut code, &raw mut out.data, &raw mut out.len) };
    let message = out.bytes(scope, "proxy_get_status", status)?;
    Ok((code, message))
}
