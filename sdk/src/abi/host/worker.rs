//! The native sides of what outlives a stream: shared data, queues, metrics, functions of hosts.

use super::{answer, answer_bytes, answer_value, slice};
use crate::abi::wire::MetricType;

pub(in crate::abi) unsafe fn proxy_get_shared_data(
    key: *const u8,
    key_len: usize,
    data: *mut *mut u8,
    len: *mut usize,
    cas: *mut u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let key = unsafe { slice(key, key_len) };
    let answer = |host: &dyn super::Host| {
        let (value, number) = host.shared_data(key)?;
        // SAFETY: the caller's promise.
        unsafe { cas.write(number) };
        Ok(value)
    };
    // SAFETY: the caller's promise.
    unsafe { answer_bytes(data, len, answer) }
}

pub(in crate::abi) unsafe fn proxy_set_shared_data(
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
    cas: u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let key = unsafe { slice(key, key_len) };
    // SAFETY: the caller's promise.
    let value = unsafe { slice(value, value_len) };
    answer(|host| host.set_shared_data(key, value, cas))
}

pub(in crate::abi) unsafe fn proxy_register_shared_queue(
    name: *const u8,
    name_len: usize,
    queue: *mut u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let name = unsafe { slice(name, name_len) };
    // SAFETY: the caller's promise.
    unsafe { answer_value(queue, |host| host.register_shared_queue(name)) }
}

pub(in crate::abi) unsafe fn proxy_resolve_shared_queue(
    vm_id: *const u8,
    vm_id_len: usize,
    name: *const u8,
    name_len: usize,
    queue: *mut u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let vm_id = unsafe { slice(vm_id, vm_id_len) };
    // SAFETY: the caller's promise.
    let name = unsafe { slice(name, name_len) };
    // SAFETY: the caller's promise.
    unsafe { answer_value(queue, |host| host.resolve_shared_queue(vm_id, name)) }
}

pub(in crate::abi) unsafe fn proxy_enqueue_shared_queue(queue: u32, item: *const u8, item_len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let item = unsafe { slice(item, item_len) };
    answer(|host| host.enqueue_shared_queue(queue, item))
}

pub(in crate::abi) unsafe fn proxy_dequeue_shared_queue(
    queue: u32,
    data: *mut *mut u8,
    len: *mut usize,
) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { answer_bytes(data, len, |host| host.dequeue_shared_queue(queue)) }
}

pub(in crate::abi) unsafe fn proxy_define_metric(
    kind: u32,
    name: *const u8,
    name_len: usize,
    metric: *mut u32,
) -> u32 {
    // SAFETY: the caller's promise.
    let name = unsafe { slice(name, name_len) };
    // SAFETY: the caller's promise.
    unsafe { answer_value(metric, |host| host.define_metric(MetricType(kind), name)) }
}

pub(in crate::abi) unsafe fn proxy_increment_metric(metric: u32, delta: i64) -> u32 {
    answer(|host| host.increment_metric(metric, delta))
}

pub(in crate::abi) unsafe fn proxy_record_metric(metric: u32, value: u64) -> u32 {
    answer(|host| host.record_metric(metric, value))
}

pub(in crate::abi) unsafe fn proxy_get_metric(metric: u32, value: *mut u64) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { answer_value(value, |host| host.metric(metric)) }
}

pub(in crate::abi) unsafe fn proxy_call_foreign_function(
    name: *const u8,
    name_len: usize,
    argument: *const u8,
    argument_len: usize,
    data: *mut *mut u8,
    len: *mut usize,
) -> u32 {
    // SAFETY: the caller's promise.
    let name = unsafe { slice(name, name_len) };
    // SAFETY: the caller's promise.
    let argument = unsafe { slice(argument, argument_len) };
    // SAFETY: the caller's promise.
    unsafe { answer_bytes(data, len, |host| host.call_foreign_function(name, argument)) }
}

pub(in crate::abi) unsafe fn envoy_resolve_dns(name: *const u8, name_len: usize, token: *mut u32) -> u32 {
    // SAFETY: the caller's promise.
    let name = unsafe { slice(name, name_len) };
    // SAFETY: the caller's promise.
    unsafe { answer_value(token, |host| host.resolve_dns(name)) }
}
