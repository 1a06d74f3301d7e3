//! One thin function per import: slices and numbers in, `Result` out. Only this folder names the imports.
//!
//! Outputs start at zero, because several hosts answer success without writing them. A length is believed
//! only if the arena gave out that many bytes at that address.

mod callout;
mod worker;

pub use callout::*;
pub use worker::*;

use super::arena::Scope;
use super::imports;
use super::wire::{BufferType, MapType, NO_GRPC_STATUS, StreamType};
use crate::{Error, Result, Status};
use core::ptr;

/// Turns the number that a host function answered into a result.
#[inline(always)]
fn done(call: &'static str, status: u32) -> Result<()> {
    match Status::new(status) {
        None => Ok(()),
        Some(status) => Err(Error::Host { call, status }),
    }
}

/// Where a host function puts the bytes that it returns.
struct Output {
    data: *mut u8,
    len: usize,
}

impl Output {
    const EMPTY: Output = Output { data: ptr::null_mut(), len: 0 };

    /// The bytes, for as long as the callback.
    #[inline(always)]
    fn bytes<'cb>(self, scope: Scope<'cb>, call: &'static str, status: u32) -> Result<&'cb [u8]> {
        done(call, status)?;
        if self.len == 0 {
            return Ok(&[]);
        }
        scope
            .bytes(self.data.addr(), self.len)
            .ok_or(Error::Malformed { call, problem: "not where the module allocated it" })
    }

    /// The same for calls by a key, where absence is normal.
    #[inline(always)]
    fn found<'cb>(self, scope: Scope<'cb>, call: &'static str, status: u32) -> Result<Option<&'cb [u8]>> {
        if status == Status::NOT_FOUND.as_u32() {
            return Ok(None);
        }
        self.bytes(scope, call, status).map(Some)
    }
}

/// `proxy_log`. There is nobody to tell if it fails.
pub fn log(level: u32, message: &[u8]) {
    // SAFETY: the pointer and the length are those of a live slice.
    let _ = unsafe { imports::proxy_log(level, message.as_ptr(), message.len()) };
}

/// `proxy_get_log_level`; 6 means that the host logs nothing.
pub fn log_level() -> Result<u32> {
    let mut level = 0;
    // SAFETY: the output is a live local.
    let status = unsafe { imports::proxy_get_log_level(&raw mut level) };
    done("proxy_get_log_level", status)?;
    Ok(level)
}

/// `proxy_get_current_time_nanoseconds`.
pub fn current_time_nanoseconds() -> Result<u64> {
    let mut time = 0;
    // SAFETY: the output is a live local.
    let status = unsafe { imports::proxy_get_current_time_nanoseconds(&raw mut time) };
    done("proxy_get_current_time_nanoseconds", status)?;
    Ok(time)
}

/// `proxy_set_tick_period_milliseconds`; 0 stops the timer.
pub fn set_tick_period(milliseconds: u32) -> Result<()> {
    // SAFETY: takes a number only.
    done("proxy_set_tick_period_milliseconds", unsafe {
        imports::proxy_set_tick_period_milliseconds(milliseconds)
    })
}

/// `proxy_get_buffer_bytes`.
#[inline]
pub fn buffer_bytes(scope: Scope<'_>, buffer: BufferType, start: usize, max_len: usize) -> Result<&[u8]> {
    let mut out = Output::EMPTY;
    // SAFETY: the outputs are live locals.
    let status = unsafe {
        imports::proxy_get_buffer_bytes(buffer.0, start, max_len, &raw mut out.data, &raw mut out.len)
    };
    out.bytes(scope, "proxy_get_buffer_bytes", status)
}

/// `proxy_get_buffer_status`: the length. The flags have no meaning yet.
pub fn buffer_status(buffer: BufferType) -> Result<usize> {
    let (mut len, mut flags) = (0, 0);
    // SAFETY: the outputs are live locals.
    let status = unsafe { imports::proxy_get_buffer_status(buffer.0, &raw mut len, &raw mut flags) };
    done("proxy_get_buffer_status", status)?;
    Ok(len)
}

/// `proxy_set_buffer_bytes`.
#[inline]
pub fn set_buffer_bytes(buffer: BufferType, start: usize, len: usize, data: &[u8]) -> Result<()> {
    // SAFETY: the pointer and the length are those of a live slice.
    let status = unsafe { imports::proxy_set_buffer_bytes(buffer.0, start, len, data.as_ptr(), data.len()) };
    done("proxy_set_buffer_bytes", status)
}

/// `proxy_get_header_map_pairs`; the answer should be a pair block.
#[inline]
pub fn header_map_pairs(scope: Scope<'_>, map: MapType) -> Result<&[u8]> {
    let mut out = Output::EMPTY;
    // SAFETY: the outputs are live locals.
    let status = unsafe { imports::proxy_get_header_map_pairs(map.0, &raw mut out.data, &raw mut out.len) };
    out.bytes(scope, "proxy_get_header_map_pairs", status)
}

/// `proxy_set_header_map_pairs`.
#[inline]
pub fn set_header_map_pairs(map: MapType, block: &[u8]) -> Result<()> {
    // SAFETY: the pointer and the length are those of a live slice.
    let status = unsafe { imports::proxy_set_header_map_pairs(map.0, block.as_ptr(), block.len()) };
    done("proxy_set_header_map_pairs", status)
}

/// `proxy_get_header_map_value`.
#[inline]
pub fn header_map_value<'cb>(scope: Scope<'cb>, map: MapType, key: &[u8]) -> Result<Option<&'cb [u8]>> {
    let mut out = Output::EMPTY;
    // SAFETY: the pointer and the length are those of a live slice, the outputs are live locals.
    let status = unsafe {
        imports::proxy_get_header_map_value(
            map.0,
            key.as_ptr(),
            key.len(),
            &raw mut out.data,
            &raw mut out.len,
        )
    };
    out.found(scope, "proxy_get_header_map_value", status)
}

/// `proxy_add_header_map_value`.
#[inline]
pub fn add_header_map_value(map: MapType, key: &[u8], value: &[u8]) -> Result<()> {
    // SAFETY: the pointers and lengths are those of live slices.
    let status = unsafe {
        imports::proxy_add_header_map_value(map.0, key.as_ptr(), key.len(), value.as_ptr(), value.len())
    };
    done("proxy_add_header_map_value", status)
}

/// `proxy_replace_header_map_value`.
#[inline]
pub fn replace_header_map_value(map: MapType, key: &[u8], value: &[u8]) -> Result<()> {
    // SAFETY: the pointers and lengths are those of live slices.
    let status = unsafe {
        imports::proxy_replace_header_map_value(map.0, key.as_ptr(), key.len(), value.as_ptr(), value.len())
    };
    done("proxy_replace_header_map_value", status)
}

/// `proxy_remove_header_map_value`.
#[inline]
pub fn remove_header_map_value(map: MapType, key: &[u8]) -> Result<()> {
    // SAFETY: the pointer and the length are those of a live slice.
    let status = unsafe { imports::proxy_remove_header_map_value(map.0, key.as_ptr(), key.len()) };
    done("proxy_remove_header_map_value", status)
}

/// `proxy_get_header_map_size`: the bytes of all keys and values.
pub fn header_map_size(map: MapType) -> Result<usize> {
    let mut size = 0;
    // SAFETY: the output is a live local.
    let status = unsafe { imports::proxy_get_header_map_size(map.0, &raw mut size) };
    done("proxy_get_header_map_size", status)?;
    Ok(size)
}

/// `proxy_continue_stream`.
#[inline]
pub fn continue_stream(stream: StreamType) -> Result<()> {
    // SAFETY: takes a number only.
    done("proxy_continue_stream", unsafe { imports::proxy_continue_stream(stream.0) })
}

/// `proxy_close_stream`.
#[inline]
pub fn close_stream(stream: StreamType) -> Result<()> {
    // SAFETY: takes a number only.
    done("proxy_close_stream", unsafe { imports::proxy_close_stream(stream.0) })
}

/// `proxy_send_local_response`; `headers` is a pair block.
#[inline]
pub fn send_local_response(
    status: u16,
    details: &[u8],
    body: &[u8],
    headers: &[u8],
    grpc_status: Option<u32>,
) -> Result<()> {
    // SAFETY: the pointers and lengths are those of live slices.
    let status = unsafe {
        imports::proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            grpc_status.unwrap_or(NO_GRPC_STATUS),
        )
    };
    done("proxy_send_local_response", status)
}

/// `proxy_get_property`; the segments of `path` are separated by NUL.
#[inline]
pub fn property<'cb>(scope: Scope<'cb>, path: &[u8]) -> Result<Option<&'cb [u8]>> {
    let mut out = Output::EMPTY;
    // SAFETY: the pointer and the length are those of a live slice, the outputs are live locals.
    let status = unsafe {
        imports::proxy_get_property(path.as_ptr(), path.len(), &raw mut out.data, &raw mut out.len)
    };
    out.found(scope, "proxy_get_property", status)
}

/// `proxy_set_property`.
#[inline]
pub fn set_property(path: &[u8], value: &[u8]) -> Result<()> {
    // SAFETY: the pointers and lengths are those of live slices.
    let status =
        unsafe { imports::proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) };
    done("proxy_set_property", status)
}

/// `proxy_set_effective_context`.
#[inline]
pub fn set_effective_context(context: u32) -> Result<()> {
    // SAFETY: takes a number only.
    done("proxy_set_effective_context", unsafe { imports::proxy_set_effective_context(context) })
}

/// `proxy_done`.
pub fn end_context() -> Result<()> {
    // SAFETY: takes nothing.
    done("proxy_done", unsafe { imports::proxy_done() })
}
