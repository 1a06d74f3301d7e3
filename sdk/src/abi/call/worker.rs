//! What outlives a stream: shared data, queues, metrics, functions of hosts.

use super::{Output, done};
use crate::Result;
use crate::abi::arena::Scope;
use crate::abi::imports;
use crate::abi::wire::MetricType;

/// `proxy_get_shared_data`: the value and the number to compare and swap by.
pub fn shared_data<'cb>(scope: Scope<'cb>, key: &[u8]) -> Result<Option<(&'cb [u8], u32)>> {
    let mut cas = 0;
    let mut out = Output::EMPTY;
    // SAFETY: the pointer and the length are those of a live slice, the outputs are live locals.
    let status = unsafe {
        imports::proxy_get_shared_data(
            key.as_ptr(),
            key.len(),
            &raw mut out.data,
            &raw mut out.len,
            &raw mut cas,
        )
    };
    let value = out.found(scope, "proxy_get_shared_data", status)?;
    Ok(value.map(|value| (value, cas)))
}

/// `proxy_set_shared_data`; `cas` 0 sets it in any case.
pub fn set_shared_data(key: &[u8], value: &[u8], cas: u32) -> Result<()> {
    // SAFETY: the pointers and lengths are those of live slices.
    let status =
        unsafe { imports::proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) };
    done("proxy_set_shared_data", status)
}

/// `proxy_register_shared_queue`; the answer is the queue's id.
pub fn register_shared_queue(name: &[u8]) -> Result<u32> {
    let mut queue = 0;
    // SAFETY: the pointer and the length are those of a live slice, the output is a live local.
    let status = unsafe { imports::proxy_register_shared_queue(name.as_ptr(), name.len(), &raw mut queue) };
    done("proxy_register_shared_queue", status)?;
    Ok(queue)
}

/// `proxy_resolve_shared_queue`; the answer is the queue's id, `None` if there is no such queue.
pub fn resolve_shared_queue(vm_id: &[u8], name: &[u8]) -> Result<Option<u32>> {
    let mut queue = 0;
    // SAFETY: the pointers and lengths are those of live slices, the output is a live local.
    let status = unsafe {
        imports::proxy_resolve_shared_queue(
            vm_id.as_ptr(),
            vm_id.len(),
            name.as_ptr(),
            name.len(),
            &raw mut queue,
        )
    };
    if status == crate::Status::NOT_FOUND.as_u32() {
        return Ok(None);
    }
    done("proxy_resolve_shared_queue", status)?;
    Ok(Some(queue))
}

/// `proxy_enqueue_shared_queue`.
pub fn enqueue_shared_queue(queue: u32, item: &[u8]) -> Result<()> {
    // SAFETY: the pointer and the length are those of a live slice.
    let status = unsafe { imports::proxy_enqueue_shared_queue(queue, item.as_ptr(), item.len()) };
    done("proxy_enqueue_shared_queue", status)
}

/// `proxy_dequeue_shared_queue`; `None` if the queue is empty.
pub fn dequeue_shared_queue(scope: Scope<'_>, queue: u32) -> Result<Option<&[u8]>> {
    let mut out = Output::EMPTY;
    // SAFETY: the outputs are live locals.
    let status = unsafe { imports::proxy_dequeue_shared_queue(queue, &raw mut out.data, &raw mut out.len) };
    if status == crate::Status::EMPTY.as_u32() {
        return Ok(None);
    }
    out.bytes(scope, "proxy_dequeue_shared_queue", status).map(Some)
}

/// `proxy_define_metric`; the answer is the metric's id.
pub fn define_metric(kind: MetricType, name: &[u8]) -> Result<u32> {
    let mut metric = 0;
    // SAFETY: the pointer and the length are those of a live slice, the output is a live local.
    let status = unsafe { imports::proxy_define_metric(kind.0, name.as_ptr(), name.len(), &raw mut metric) };
    done("proxy_define_metric", status)?;
    Ok(metric)
}

/// `proxy_increment_metric`.
#[inline]
pub fn increment_metric(metric: u32, delta: i64) -> Result<()> {
    // SAFETY: takes numbers only.
    done("proxy_increment_metric", unsafe { imports::proxy_increment_metric(metric, delta) })
}

/// `proxy_record_metric`.
#[inline]
pub fn record_metric(metric: u32, value: u64) -> Result<()> {
    // SAFETY: takes numbers only.
    done("proxy_record_metric", unsafe { imports::proxy_record_metric(metric, value) })
}

/// `proxy_get_metric`.
pub fn metric(metric: u32) -> Result<u64> {
    let mut value = 0;
    // SAFETY: the output is a live local.
    let status = unsafe { imports::proxy_get_metric(metric, &raw mut value) };
    done("proxy_get_metric", status)?;
    Ok(value)
}

/// `proxy_call_foreign_function`.
pub fn call_foreign_function<'cb>(scope: Scope<'cb>, name: &[u8], argument: &[u8]) -> Result<&'cb [u8]> {
    let mut out = Output::EMPTY;
    // SAFETY: the pointers and lengths are those of live slices, the outputs are live locals.
    let status = unsafe {
        imports::proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            argument.as_ptr(),
            argument.len(),
            &raw mut out.data,
            &raw mut out.len,
        )
    };
    out.bytes(scope, "proxy_call_foreign_function", status)
}

/// `proxy_call_foreign_function`, whose answer is of no interest.
pub fn tell_foreign_function(name: &[u8], argument: &[u8]) -> Result<()> {
    let mut out = Output::EMPTY;
    // SAFETY: the pointers and lengths are those of live slices, the outputs are live locals.
    let status = unsafe {
        imports::proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            argument.as_ptr(),
            argument.len(),
            &raw mut out.data,
            &raw mut out.len,
        )
    };
    done("proxy_call_foreign_function", status)
}

/// `envoy_resolve_dns`; the answer is the token.
pub fn resolve_dns(name: &[u8]) -> Result<u32> {
    let mut token = 0;
    // SAFETY: the pointer and the length are those of a live slice, the output is a live local.
    let status = unsafe { imports::envoy_resolve_dns(name.as_ptr(), name.len(), &raw mut token) };
    done("envoy_resolve_dns", status)?;
    Ok(token)
}
