//! Faults of host calls.

use crate::fault::{Failure, Fault, FaultPlan};
use proptest::collection::vec;
use proptest::prelude::*;
use waxwing::Status;

/// The functions whose failures an extension can do something about.
const FUNCTIONS: &[&str] = &[
    "add_header_map_value",
    "call_foreign_function",
    "define_metric",
    "dequeue_shared_queue",
    "enqueue_shared_queue",
    "get_buffer_bytes",
    "get_current_time_nanoseconds",
    "get_header_map_pairs",
    "get_header_map_value",
    "get_property",
    "get_shared_data",
    "grpc_call",
    "grpc_send",
    "grpc_stream",
    "http_call",
    "increment_metric",
    "record_metric",
    "register_shared_queue",
    "remove_header_map_value",
    "replace_header_map_value",
    "resolve_shared_queue",
    "set_buffer_bytes",
    "set_header_map_pairs",
    "set_property",
    "set_shared_data",
    "set_tick_period_milliseconds",
];

/// Those of them that give bytes, which can be others.
const GIVING_BYTES: &[&str] =
    &["call_foreign_function", "get_buffer_bytes", "get_header_map_value", "get_property", "get_shared_data"];

/// Plans of up to three faults: calls that are refused with any status, and data that are short, random, or lie about their
/// lengths.
///
/// They are for [`HostBuilder::fault_plan`](crate::HostBuilder::fault_plan). A plan prints as the line that
/// [`explore::faults`](crate::explore::faults) takes back.
pub fn fault_plans() -> impl Strategy<Value = FaultPlan> {
    vec(fault(), 1..4).prop_map(FaultPlan::from_iter)
}

fn fault() -> impl Strategy<Value = Fault> {
    let status = |number| Failure::from(Status::new(number).unwrap_or(Status::INTERNAL_FAILURE));
    let status = prop_oneof![4 => 1_u32..13, 1 => any::<u32>()].prop_map(status);
    let data = prop_oneof![(0_usize..16).prop_map(Failure::Short), any::<u64>().prop_map(Failure::Random)];
    let block = prop_oneof![Just(Failure::LyingLengths), Just(Failure::HugeCount)];
    let failing = prop_oneof![
        4 => (proptest::sample::select(FUNCTIONS), status),
        2 => (proptest::sample::select(GIVING_BYTES), data),
        1 => (Just("get_header_map_pairs"), block),
    ];
    let which = prop_oneof![Just(None), (1_u64..4).prop_map(Some)];
    (failing, which).prop_map(|((function, failure), nth)| {
        let fault = Fault::new(function, failure);
        match nth {
            Some(nth) => fault.nth(nth),
            None => fault,
        }
    })
}
