//! Plugins of Google's Service Extensions, as the manual and the test host have them.

use super::Support;
use super::facts::{Buffers, Facts, Maps, Properties};
use waxwing::__private::Callback;
use waxwing::Status;

pub(super) const FACTS: Facts = Facts {
    name: "Google Service Extensions",
    // The manual says that they are not supported, the test host how they are refused.
    imports: &[(
        Support::Refused(Status::UNIMPLEMENTED),
        &[
            "proxy_set_tick_period_milliseconds",
            "proxy_http_call",
            "proxy_grpc_call",
            "proxy_grpc_stream",
            "proxy_grpc_send",
            "proxy_grpc_close",
            "proxy_grpc_cancel",
            "proxy_get_shared_data",
            "proxy_set_shared_data",
            "proxy_register_shared_queue",
            "proxy_resolve_shared_queue",
            "proxy_enqueue_shared_queue",
            "proxy_dequeue_shared_queue",
            "proxy_define_metric",
            "proxy_increment_metric",
            "proxy_record_metric",
            "proxy_get_metric",
        ],
    )],
    silent: &[
        Callback::RequestTrailers,
        Callback::ResponseTrailers,
        Callback::HttpCallResponse,
        Callback::GrpcReceiveInitialMetadata,
        Callback::GrpcReceive,
        Callback::GrpcReceiveTrailingMetadata,
        Callback::GrpcClose,
        Callback::Tick,
        Callback::QueueReady,
    ],
    memory_limit: Some(16 << 20),
    buffers: Buffers::OwnCallback,
    maps: Maps::OwnCallback,
    local_responses: Some(&[Callback::RequestHeaders, Callback::RequestBody, Callback::ResponseHeaders]),
    keeps_configuration: true,
    properties: Properties::Given,
    change_limit: Some(128 << 10),
    fixed_headers: &[
        "cdn-loop",
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "x-user-ip",
        "x-forwarded*",
        "x-goog-*",
        "x-google*",
        "x-gfe*",
        "x-amz-*",
    ],
    metric_prefix: None,
    ..Facts::ENVOY
};
