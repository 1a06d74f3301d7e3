//! APISIX: nginx with wasm-nginx-module.

use super::Support;
use super::facts::{Facts, Properties, Resumption, Start};
use waxwing::__private::Callback;
use waxwing::Status;

pub(super) const FACTS: Facts = Facts {
    name: "APISIX",
    imports: &[
        (
            Support::Missing,
            &[
                "proxy_get_log_level",
                "proxy_get_buffer_status",
                "proxy_get_header_map_size",
                // It is there, with another type.
                "proxy_get_metric",
                "envoy_resolve_dns",
            ],
        ),
        (
            Support::Refused(Status::UNIMPLEMENTED),
            &[
                "proxy_set_tick_period_milliseconds",
                "proxy_done",
                "proxy_grpc_call",
                "proxy_grpc_stream",
                "proxy_grpc_send",
                "proxy_grpc_close",
                "proxy_grpc_cancel",
                "proxy_call_foreign_function",
            ],
        ),
        (
            Support::NoEffect,
            &[
                "proxy_continue_stream",
                "proxy_close_stream",
                "proxy_define_metric",
                "proxy_increment_metric",
                "proxy_record_metric",
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
        Callback::Tick,
        Callback::ResolveDns,
    ],
    start: Start::StartFirst,
    counts_headers: false,
    ends_with_headers: false,
    resumption: Resumption::HostAlways,
    keeps_configuration: true,
    properties: Properties::Few,
    metric_prefix: None,
    ..Facts::ENVOY
};
