//! A host, natively: the trait that host models implement.

use crate::Status;
use crate::abi::wire::{BufferType, MapType, MetricType, StreamType};
use alloc::vec::Vec;

/// What a host answers: the value, or why not.
pub type Answer<T = ()> = Result<T, Status>;

/// A host, natively: one method per import.
///
/// Bytes go in as slices and come out owned; [`enter`](super::enter)'s adapter copies them into the guest's memory. The
/// default of each method is the answer of a host that does not implement it.
#[allow(unused_variables, reason = "the defaults ignore what they are given")]
pub trait Host {
    /// `proxy_log`.
    fn log(&self, level: u32, message: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_log_level`; 6 means that the host logs nothing.
    fn log_level(&self) -> Answer<u32> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_current_time_nanoseconds`.
    fn current_time_nanoseconds(&self) -> Answer<u64> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_set_tick_period_milliseconds`; 0 stops the timer.
    fn set_tick_period(&self, milliseconds: u32) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_buffer_bytes`.
    fn buffer_bytes(&self, buffer: BufferType, start: usize, max_len: usize) -> Answer<Vec<u8>> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_buffer_status`: the length of the buffer; the flags are always 0.
    fn buffer_status(&self, buffer: BufferType) -> Answer<usize> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_set_buffer_bytes`.
    fn set_buffer_bytes(&self, buffer: BufferType, start: usize, len: usize, data: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_header_map_pairs`; the answer is a pair block.
    fn header_map_pairs(&self, map: MapType) -> Answer<Vec<u8>> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_set_header_map_pairs`; `block` should be a pair block.
    fn set_header_map_pairs(&self, map: MapType, block: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_header_map_value`.
    fn header_map_value(&self, map: MapType, key: &[u8]) -> Answer<Vec<u8>> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_add_header_map_value`.
    fn add_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_replace_header_map_value`.
    fn replace_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_remove_header_map_value`.
    fn remove_header_map_value(&self, map: MapType, key: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_header_map_size`: the bytes of all keys and values.
    fn header_map_size(&self, map: MapType) -> Answer<usize> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_continue_stream`.
    fn continue_stream(&self, stream: StreamType) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_close_stream`.
    fn close_stream(&self, stream: StreamType) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_send_local_response`.
    fn send_local_response(&self, response: LocalResponseParts<'_>) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_property`; the segments of `path` are separated by NUL.
    fn property(&self, path: &[u8]) -> Answer<Vec<u8>> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_set_property`.
    fn set_property(&self, path: &[u8], value: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_set_effective_context`.
    fn set_effective_context(&self, context: u32) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_done`.
    fn done(&self) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }

    /// `proxy_http_call`; the answer is the token.
    fn http_call(&self, call: HttpCallParts<'_>) -> Answer<u32> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_grpc_call`; the answer is the token.
    fn grpc_call(&self, call: GrpcCallParts<'_>, message: &[u8], timeout_milliseconds: u32) -> Answer<u32> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_grpc_stream`; the answer is the token.
    fn grpc_stream(&self, call: GrpcCallParts<'_>) -> Answer<u32> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_grpc_send`.
    fn grpc_send(&self, token: u32, message: &[u8], end_of_stream: bool) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_grpc_close`.
    fn grpc_close(&self, token: u32) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_grpc_cancel`.
    fn grpc_cancel(&self, token: u32) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_status`: the code and the message of the last failure.
    fn status(&self) -> Answer<(u32, Vec<u8>)> {
        Err(Status::UNIMPLEMENTED)
    }

    /// `proxy_get_shared_data`: the value and the number to compare and swap by.
    fn shared_data(&self, key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_set_shared_data`.
    fn set_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_register_shared_queue`; the answer is the queue's id.
    fn register_shared_queue(&self, name: &[u8]) -> Answer<u32> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_resolve_shared_queue`; the answer is the queue's id.
    fn resolve_shared_queue(&self, vm_id: &[u8], name: &[u8]) -> Answer<u32> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_enqueue_shared_queue`.
    fn enqueue_shared_queue(&self, queue: u32, item: &[u8]) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_dequeue_shared_queue`.
    fn dequeue_shared_queue(&self, queue: u32) -> Answer<Vec<u8>> {
        Err(Status::UNIMPLEMENTED)
    }

    /// `proxy_define_metric`; the answer is the metric's id.
    fn define_metric(&self, kind: MetricType, name: &[u8]) -> Answer<u32> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_increment_metric`.
    fn increment_metric(&self, metric: u32, delta: i64) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_record_metric`.
    fn record_metric(&self, metric: u32, value: u64) -> Answer {
        Err(Status::UNIMPLEMENTED)
    }
    /// `proxy_get_metric`.
    fn metric(&self, metric: u32) -> Answer<u64> {
        Err(Status::UNIMPLEMENTED)
    }

    /// `proxy_call_foreign_function`.
    fn call_foreign_function(&self, name: &[u8], argument: &[u8]) -> Answer<Vec<u8>> {
        Err(Status::UNIMPLEMENTED)
    }
    /// `envoy_resolve_dns`; the answer is the token.
    fn resolve_dns(&self, name: &[u8]) -> Answer<u32> {
        Err(Status::UNIMPLEMENTED)
    }

    /// A function that this host has beside those of the ABI; `act` is what it does.
    ///
    /// For host models, which note it. Natively nobody calls one.
    fn import(&self, name: &str, arguments: &[u64], act: &mut dyn FnMut() -> Answer) -> Answer {
        act()
    }

    /// Where the host claims to have put the bytes that it returns, if not where it did.
    ///
    /// For tests of the SDK against a host that lies; a host model leaves it alone.
    fn misplace(&self, address: usize, len: usize) -> (usize, usize) {
        (address, len)
    }
}

/// The arguments of `proxy_send_local_response`.
#[derive(Clone, Copy, Debug)]
pub struct LocalResponseParts<'a> {
    /// The HTTP status.
    pub status: u32,
    /// Why, for the host's access log.
    pub details: &'a [u8],
    /// The body.
    pub body: &'a [u8],
    /// The headers, as a pair block.
    pub headers: &'a [u8],
    /// The gRPC status; [`NO_GRPC_STATUS`](crate::abi::wire::NO_GRPC_STATUS) for none.
    pub grpc_status: u32,
}

/// The arguments of `proxy_http_call`.
#[derive(Clone, Copy, Debug)]
pub struct HttpCallParts<'a> {
    /// Which upstream: in Envoy the name of a cluster.
    pub upstream: &'a [u8],
    /// The headers, as a pair block.
    pub headers: &'a [u8],
    /// The body.
    pub body: &'a [u8],
    /// The trailers, as a pair block.
    pub trailers: &'a [u8],
    /// How long the answer may take; 0 for ever.
    pub timeout_milliseconds: u32,
}

/// What `proxy_grpc_call` and `proxy_grpc_stream` have in common.
#[derive(Clone, Copy, Debug)]
pub struct GrpcCallParts<'a> {
    /// Which upstream: in Envoy the name of a cluster, or an encoded `GrpcService`.
    pub upstream: &'a [u8],
    /// The service, with its package.
    pub service: &'a [u8],
    /// The method.
    pub method: &'a [u8],
    /// The initial metadata, as a pair block.
    pub metadata: &'a [u8],
}
