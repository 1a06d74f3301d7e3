//! The calls that a guest makes to its host, as values.

mod text;

use waxwing::__private::{BufferType, MapType, MetricType, StreamType};

/// A call of a host function, with its arguments as the host received them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostCall {
    /// `proxy_log`
    Log {
        /// The number of the level.
        level: u32,
        /// The line.
        message: Vec<u8>,
    },
    /// `proxy_get_log_level`
    LogLevel,
    /// `proxy_get_current_time_nanoseconds`
    CurrentTime,
    /// `proxy_set_tick_period_milliseconds`
    SetTickPeriod {
        /// The period; 0 for none.
        milliseconds: u32,
    },
    /// `proxy_get_buffer_bytes`
    BufferBytes {
        /// Of which buffer.
        buffer: BufferType,
        /// From where.
        start: usize,
        /// How many bytes at most.
        max_len: usize,
    },
    /// `proxy_get_buffer_status`
    BufferStatus {
        /// Of which buffer.
        buffer: BufferType,
    },
    /// `proxy_set_buffer_bytes`
    SetBufferBytes {
        /// Of which buffer.
        buffer: BufferType,
        /// From where.
        start: usize,
        /// How many bytes to replace.
        len: usize,
        /// What to put there.
        data: Vec<u8>,
    },
    /// `proxy_get_header_map_pairs`
    HeaderMapPairs {
        /// Of which map.
        map: MapType,
    },
    /// `proxy_set_header_map_pairs`
    SetHeaderMapPairs {
        /// Of which map.
        map: MapType,
        /// The pairs; none if the block was malformed.
        pairs: Vec<(Vec<u8>, Vec<u8>)>,
    },
    /// `proxy_get_header_map_value`
    HeaderMapValue {
        /// Of which map.
        map: MapType,
        /// The name.
        key: Vec<u8>,
    },
    /// `proxy_add_header_map_value`
    AddHeaderMapValue {
        /// To which map.
        map: MapType,
        /// The name.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// `proxy_replace_header_map_value`
    ReplaceHeaderMapValue {
        /// In which map.
        map: MapType,
        /// The name.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// `proxy_remove_header_map_value`
    RemoveHeaderMapValue {
        /// From which map.
        map: MapType,
        /// The name.
        key: Vec<u8>,
    },
    /// `proxy_get_header_map_size`
    HeaderMapSize {
        /// Of which map.
        map: MapType,
    },
    /// `proxy_continue_stream`
    ContinueStream {
        /// Which direction.
        stream: StreamType,
    },
    /// `proxy_close_stream`
    CloseStream {
        /// Which direction.
        stream: StreamType,
    },
    /// `proxy_send_local_response`
    SendLocalResponse {
        /// The HTTP status.
        status: u32,
        /// Why, for the access log.
        details: Vec<u8>,
        /// The body.
        body: Vec<u8>,
        /// The headers; none if the block was malformed.
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        /// The gRPC status, if one was given.
        grpc_status: Option<u32>,
    },
    /// `proxy_get_property`
    Property {
        /// The path, its segments separated by NUL.
        path: Vec<u8>,
    },
    /// `proxy_set_property`
    SetProperty {
        /// The path, its segments separated by NUL.
        path: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// `proxy_set_effective_context`
    SetEffectiveContext {
        /// The context.
        context: u32,
    },
    /// `proxy_done`
    Done,
    /// `proxy_http_call`
    HttpCall {
        /// The name of the cluster.
        upstream: Vec<u8>,
        /// The headers; none if the block was malformed.
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        /// The body.
        body: Vec<u8>,
        /// The trailers; none if the block was malformed.
        trailers: Vec<(Vec<u8>, Vec<u8>)>,
        /// The timeout; 0 for none.
        timeout_milliseconds: u32,
    },
    /// `proxy_grpc_call`
    GrpcCall {
        /// The name of the cluster, or an encoded `GrpcService`.
        upstream: Vec<u8>,
        /// The service.
        service: Vec<u8>,
        /// The method.
        method: Vec<u8>,
        /// The initial metadata; none if the block was malformed.
        metadata: Vec<(Vec<u8>, Vec<u8>)>,
        /// The message.
        message: Vec<u8>,
        /// The timeout; 0 for none.
        timeout_milliseconds: u32,
    },
    /// `proxy_grpc_stream`
    GrpcStream {
        /// The name of the cluster, or an encoded `GrpcService`.
        upstream: Vec<u8>,
        /// The service.
        service: Vec<u8>,
        /// The method.
        method: Vec<u8>,
        /// The initial metadata; none if the block was malformed.
        metadata: Vec<(Vec<u8>, Vec<u8>)>,
    },
    /// `proxy_grpc_send`
    GrpcSend {
        /// On which stream.
        token: u32,
        /// The message.
        message: Vec<u8>,
        /// Whether it is the last one.
        end_of_stream: bool,
    },
    /// `proxy_grpc_close`
    GrpcClose {
        /// Which stream, or which call.
        token: u32,
    },
    /// `proxy_grpc_cancel`
    GrpcCancel {
        /// Which stream, or which call.
        token: u32,
    },
    /// `proxy_get_status`
    Status,
    /// `proxy_get_shared_data`
    SharedData {
        /// The key.
        key: Vec<u8>,
    },
    /// `proxy_set_shared_data`
    SetSharedData {
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
        /// The number to compare by; 0 for none.
        cas: u32,
    },
    /// `proxy_register_shared_queue`
    RegisterSharedQueue {
        /// The name.
        name: Vec<u8>,
    },
    /// `proxy_resolve_shared_queue`
    ResolveSharedQueue {
        /// The id of the VM that registered it; empty for the own.
        vm_id: Vec<u8>,
        /// The name.
        name: Vec<u8>,
    },
    /// `proxy_enqueue_shared_queue`
    EnqueueSharedQueue {
        /// The id of the queue.
        queue: u32,
        /// The item.
        item: Vec<u8>,
    },
    /// `proxy_dequeue_shared_queue`
    DequeueSharedQueue {
        /// The id of the queue.
        queue: u32,
    },
    /// `proxy_define_metric`
    DefineMetric {
        /// Of which kind.
        kind: MetricType,
        /// The name.
        name: Vec<u8>,
    },
    /// `proxy_increment_metric`
    IncrementMetric {
        /// The id of the metric.
        metric: u32,
        /// By how much.
        delta: i64,
    },
    /// `proxy_record_metric`
    RecordMetric {
        /// The id of the metric.
        metric: u32,
        /// The value.
        value: u64,
    },
    /// `proxy_get_metric`
    Metric {
        /// The id of the metric.
        metric: u32,
    },
    /// `proxy_call_foreign_function`
    CallForeignFunction {
        /// The name.
        name: Vec<u8>,
        /// The argument.
        argument: Vec<u8>,
    },
    /// `envoy_resolve_dns`
    ResolveDns {
        /// The name.
        name: Vec<u8>,
    },
    /// A function that the test has registered.
    Import {
        /// Its whole name.
        name: String,
        /// The arguments, as the module gave them: numbers and addresses.
        arguments: Vec<u64>,
    },
}

/// What a host function gave back on success.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Nothing but that it succeeded.
    Done,
    /// Bytes.
    Bytes(Vec<u8>),
    /// That many pairs of a map.
    Pairs(usize),
    /// A number.
    Number(u64),
    /// A number and bytes: a status and its message, say.
    Numbered(u64, Vec<u8>),
}

impl HostCall {
    /// The name of the host function, without its prefix `proxy_` or `envoy_`; of a registered one with it.
    pub fn name(&self) -> &str {
        match self {
            HostCall::Log { .. } => "log",
            HostCall::LogLevel => "get_log_level",
            HostCall::CurrentTime => "get_current_time_nanoseconds",
            HostCall::SetTickPeriod { .. } => "set_tick_period_milliseconds",
            HostCall::BufferBytes { .. } => "get_buffer_bytes",
            HostCall::BufferStatus { .. } => "get_buffer_status",
            HostCall::SetBufferBytes { .. } => "set_buffer_bytes",
            HostCall::HeaderMapPairs { .. } => "get_header_map_pairs",
            HostCall::SetHeaderMapPairs { .. } => "set_header_map_pairs",
            HostCall::HeaderMapValue { .. } => "get_header_map_value",
            HostCall::AddHeaderMapValue { .. } => "add_header_map_value",
            HostCall::ReplaceHeaderMapValue { .. } => "replace_header_map_value",
            HostCall::RemoveHeaderMapValue { .. } => "remove_header_map_value",
            HostCall::HeaderMapSize { .. } => "get_header_map_size",
            HostCall::ContinueStream { .. } => "continue_stream",
            HostCall::CloseStream { .. } => "close_stream",
            HostCall::SendLocalResponse { .. } => "send_local_response",
            HostCall::Property { .. } => "get_property",
            HostCall::SetProperty { .. } => "set_property",
            HostCall::SetEffectiveContext { .. } => "set_effective_context",
            HostCall::Done => "done",
            HostCall::CallForeignFunction { .. } => "call_foreign_function",
            HostCall::HttpCall { .. } => "http_call",
            HostCall::GrpcCall { .. } => "grpc_call",
            HostCall::GrpcStream { .. } => "grpc_stream",
            HostCall::GrpcSend { .. } => "grpc_send",
            HostCall::GrpcClose { .. } => "grpc_close",
            HostCall::GrpcCancel { .. } => "grpc_cancel",
            HostCall::Status => "get_status",
            HostCall::SharedData { .. } => "get_shared_data",
            HostCall::SetSharedData { .. } => "set_shared_data",
            HostCall::RegisterSharedQueue { .. } => "register_shared_queue",
            HostCall::ResolveSharedQueue { .. } => "resolve_shared_queue",
            HostCall::EnqueueSharedQueue { .. } => "enqueue_shared_queue",
            HostCall::DequeueSharedQueue { .. } => "dequeue_shared_queue",
            HostCall::DefineMetric { .. } => "define_metric",
            HostCall::IncrementMetric { .. } => "increment_metric",
            HostCall::RecordMetric { .. } => "record_metric",
            HostCall::Metric { .. } => "get_metric",
            HostCall::ResolveDns { .. } => "resolve_dns",
            HostCall::Import { name, .. } => name,
        }
    }

    /// The name of the host function, as modules import it.
    pub(crate) fn import_name(&self) -> String {
        let prefix = if let HostCall::ResolveDns { .. } = self { "envoy_" } else { "proxy_" };
        format!("{prefix}{}", self.name())
    }

    /// Whether it changes the header `name` of `map`, if it succeeds.
    pub(crate) fn writes_header(&self, target: MapType, name: &[u8]) -> bool {
        match self {
            HostCall::AddHeaderMapValue { map, key, .. }
            | HostCall::ReplaceHeaderMapValue { map, key, .. }
            | HostCall::RemoveHeaderMapValue { map, key } => *map == target && key.eq_ignore_ascii_case(name),
            HostCall::SetHeaderMapPairs { map, .. } => *map == target,
            HostCall::SendLocalResponse { .. } => {
                target == MapType::HTTP_RESPONSE_HEADERS || target == MapType::HTTP_RESPONSE_TRAILERS
            }
            _ => false,
        }
    }

    /// Whether it changes `buffer`, if it succeeds.
    pub(crate) fn writes_buffer(&self, target: BufferType) -> bool {
        match self {
            HostCall::SetBufferBytes { buffer, .. } => *buffer == target,
            HostCall::SendLocalResponse { .. } => target == BufferType::HTTP_RESPONSE_BODY,
            _ => false,
        }
    }
}
