//! nginx with ngx_wasm_module.

use super::Support;
use super::facts::{
    Buffers, Facts, FailedCallouts, Pauses, Properties, Resumption, Targets, Tick, ToldOfCallouts,
};
use waxwing::__private::Callback;

pub(super) const FACTS: Facts = Facts {
    name: "ngx_wasm_module",
    imports: &[
        (
            Support::Missing,
            &[
                // It is there, with another type.
                "proxy_get_log_level",
                "proxy_get_buffer_status",
                "proxy_get_header_map_size",
                "envoy_resolve_dns",
            ],
        ),
        (
            Support::Traps,
            &[
                "proxy_done",
                "proxy_close_stream",
                // Of 0.1.0.
                "proxy_continue_response",
                "proxy_grpc_call",
                "proxy_grpc_stream",
                "proxy_grpc_send",
                "proxy_grpc_close",
                "proxy_grpc_cancel",
                "proxy_get_status",
                "proxy_resolve_shared_queue",
            ],
        ),
    ],
    silent: &[
        Callback::RequestTrailers,
        Callback::ResponseTrailers,
        Callback::GrpcReceiveInitialMetadata,
        Callback::GrpcReceive,
        Callback::GrpcReceiveTrailingMetadata,
        Callback::GrpcClose,
        Callback::QueueReady,
        Callback::ResolveDns,
    ],
    required: &["proxy_on_context_create", "proxy_on_vm_start", "proxy_on_configure"],
    ends_with_headers: false,
    pauses: Pauses::Only(&[Callback::RequestHeaders, Callback::RequestBody, Callback::ResponseBody]),
    tick: Tick::SetOnce,
    targets: Targets::HostAndPort,
    tokens: (0, 1),
    told_of_callouts: ToldOfCallouts::Caller,
    failed_callouts: FailedCallouts::DispatchStatus,
    resumption: Resumption::Host,
    buffers: Buffers::Trap,
    keeps_configuration: true,
    properties: Properties::Text,
    metric_prefix: Some("pw.<plugin>."),
    ..Facts::ENVOY
};
