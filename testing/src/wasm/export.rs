//! The export table: every function that hosts look for in a module, with its exact type.

use super::module::{AbiVersion, signature};
use wasmi::{FuncType, ValType};
use waxwing::__private::Callback;

/// The name under which a host first looks for the allocator.
pub(super) const ALLOCATORS: [&str; 2] = ["malloc", "proxy_on_memory_allocate"];

/// What hosts call to start a module, if it exists; after which they call one of [`MAIN`].
pub(super) const INITIALIZE: &str = "_initialize";

/// What hosts call to start a module that does not export [`INITIALIZE`].
pub(super) const START: &str = "_start";

/// The main functions that follow [`INITIALIZE`]: the first that exists is called, with zeros.
pub(super) const MAIN: [&str; 2] = ["main", "__main_void"];

/// The type that a host wants a function to have, if it looks for one of this name.
pub(super) fn wanted(name: &str, version: AbiVersion) -> Option<FuncType> {
    let without_end_of_stream = ["proxy_on_request_headers", "proxy_on_response_headers"];
    let (params, result) = match name {
        _ if version == AbiVersion::V0_1_0 && without_end_of_stream.contains(&name) => (2, true),
        _ => TABLE.iter().find(|row| row.0 == name).map(|row| (row.1, row.2))?,
    };
    let types = |count| std::iter::repeat_n(ValType::I32, count);
    Some(FuncType::new(types(params), types(usize::from(result))))
}

/// Whether a module of this name and type can be called as a host calls it.
pub(super) fn check(name: &str, actual: &FuncType, version: AbiVersion) -> Result<(), String> {
    match wanted(name, version) {
        Some(wanted) if wanted != *actual => Err(format!(
            "bad function signature for {name}: it exports {}, and hosts call {}",
            signature(actual),
            signature(&wanted),
        )),
        _ => Ok(()),
    }
}

/// The position of a callback in tables of callbacks.
pub(super) fn position(callback: Callback) -> Option<usize> {
    Callback::ALL.iter().position(|other| *other == callback)
}

/// Name, number of parameters and whether there is a result; all of them of type `i32`.
const TABLE: &[(&str, usize, bool)] = &[
    ("malloc", 1, true),
    ("proxy_on_memory_allocate", 1, true),
    ("_initialize", 0, false),
    ("_start", 0, false),
    ("main", 2, true),
    ("__main_void", 0, true),
    // Contexts
    ("proxy_on_context_create", 2, false),
    ("proxy_on_done", 1, true),
    ("proxy_on_log", 1, false),
    ("proxy_on_delete", 1, false),
    // Root contexts
    ("proxy_on_vm_start", 2, true),
    ("proxy_validate_configuration", 2, true),
    ("proxy_on_configure", 2, true),
    ("proxy_on_tick", 1, false),
    ("proxy_on_queue_ready", 2, false),
    ("proxy_on_foreign_function", 3, false),
    // HTTP
    ("proxy_on_request_headers", 3, true),
    ("proxy_on_request_body", 3, true),
    ("proxy_on_request_trailers", 2, true),
    ("proxy_on_request_metadata", 2, true),
    ("proxy_on_response_headers", 3, true),
    ("proxy_on_response_body", 3, true),
    ("proxy_on_response_trailers", 2, true),
    ("proxy_on_response_metadata", 2, true),
    // TCP
    ("proxy_on_new_connection", 1, true),
    ("proxy_on_downstream_data", 3, true),
    ("proxy_on_upstream_data", 3, true),
    ("proxy_on_downstream_connection_close", 2, false),
    ("proxy_on_upstream_connection_close", 2, false),
    // Callouts
    ("proxy_on_http_call_response", 5, false),
    ("proxy_on_grpc_receive_initial_metadata", 3, false),
    ("proxy_on_grpc_receive", 3, false),
    ("proxy_on_grpc_receive_trailing_metadata", 3, false),
    ("proxy_on_grpc_close", 3, false),
    // Envoy
    ("envoy_on_resolve_dns", 3, false),
    ("envoy_on_stats_update", 2, false),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_callback_of_the_seam_is_in_the_table() {
        for callback in Callback::ALL {
            assert!(wanted(callback.export_name(), AbiVersion::V0_2_1).is_some(), "{callback}");
        }
    }
}
