//! What the host refuses.

use super::incident::Variant;
use super::message::of_requests;
use crate::fault::{Fault, FaultPlan};
use crate::scenario::Scenario;
use waxwing::Status;

/// What extensions read of their streams; buffers hold the configuration as well.
const READS: [&str; 4] =
    ["get_header_map_value", "get_header_map_pairs", "get_header_map_size", "get_property"];

/// What some hosts do not have; an error in one of these is all that is left to an extension without the others.
const OFTEN_MISSING: [&str; 14] = [
    "get_property",
    "set_property",
    "http_call",
    "grpc_call",
    "grpc_stream",
    "set_tick_period_milliseconds",
    "get_shared_data",
    "set_shared_data",
    "register_shared_queue",
    "resolve_shared_queue",
    "enqueue_shared_queue",
    "define_metric",
    "increment_metric",
    "call_foreign_function",
];

/// Nothing of a stream can be read any more, as when its client has gone.
pub(super) fn refuses_to_read(scenario: &Scenario) -> Vec<Variant> {
    variants(scenario, plan(&READS, Status::BAD_ARGUMENT))
}

/// The host has little but headers.
pub(super) fn has_little(scenario: &Scenario) -> Vec<Variant> {
    let variants = variants(scenario, plan(&OFTEN_MISSING, Status::UNIMPLEMENTED));
    match scenario.has_clusters() {
        true => variants.into_iter().map(Variant::denies).collect(),
        false => variants,
    }
}

fn plan(functions: &[&str], status: Status) -> FaultPlan {
    functions.iter().map(|function| Fault::new(*function, status)).collect()
}

fn variants(scenario: &Scenario, plan: FaultPlan) -> Vec<Variant> {
    let variants = of_requests(scenario, [scenario.clone()]);
    variants.into_iter().map(|variant| variant.with_faults(plan.clone()).may_refuse()).collect()
}
