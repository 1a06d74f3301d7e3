//! Apache Traffic Server.

use super::Support;
use super::facts::{Buffers, Facts, Properties, Targets};
use waxwing::__private::Callback;

pub(super) const FACTS: Facts = Facts {
    name: "Traffic Server",
    imports: &[
        (Support::Missing, &["envoy_resolve_dns"]),
        (
            Support::Aborts,
            &[
                "proxy_get_log_level",
                "proxy_grpc_call",
                "proxy_grpc_stream",
                "proxy_grpc_send",
                "proxy_grpc_close",
                "proxy_grpc_cancel",
                "proxy_get_status",
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
        Callback::ResolveDns,
    ],
    targets: Targets::Authority,
    times_callouts: false,
    buffers: Buffers::Abort,
    keeps_configuration: true,
    properties: Properties::EmptyIfUnknown,
    metric_prefix: Some(""),
    ..Facts::ENVOY
};
