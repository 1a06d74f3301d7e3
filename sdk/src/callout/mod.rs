//! Callouts: requests that an extension itself sends to upstreams.
//!
//! A callout belongs to the context that made it: only that one gets the answer, and none comes once it has ended.
//! A root context ends for its callouts when a new configuration takes its place.

mod caller;
#[cfg(feature = "envoy-dns")]
pub(crate) mod dns;
mod fields;
mod grpc;
mod head;
mod http;
mod response;

pub use caller::Caller;
#[cfg(feature = "envoy-dns")]
#[cfg_attr(docsrs, doc(cfg(feature = "envoy-dns")))]
pub use dns::{DnsAddress, DnsAddresses, DnsAnswer, DnsLookupId};
pub use grpc::{GrpcCall, GrpcCallId, GrpcCallResponse, GrpcClose, GrpcMessage, GrpcStatus, GrpcStream};
pub use http::{HttpCall, HttpCallId};
pub use response::HttpCallResponse;

use crate::Status;
use core::fmt;

/// Why a callout has no answer.
///
/// Hosts report this in different ways, and not all of them say why; this is what can be known:
///
/// | | Envoy | ngx_wasm_module |
/// |---|---|---|
/// | [`Timeout`](CallError::Timeout) | a response of its own with status 504, told by its text | `:dispatch_status` |
/// | [`NoUpstream`](CallError::NoUpstream) | status 10 for the call, or a response of its own with status 503, told by its text | `:dispatch_status` |
/// | [`Reset`](CallError::Reset) | no headers at all, or a 503 of its own | no headers, `:dispatch_status` |
/// | [`Refused`](CallError::Refused) | a status of the call | the same |
///
/// A response with status 503 or 504 and any other text is taken for the upstream's own answer.
///
/// A gRPC call fails with a status. Envoy gives "unavailable" for those that did not get through to the server, with the
/// texts that it has for HTTP; they are told by them, and "deadline exceeded" is [`Timeout`](CallError::Timeout), whoever
/// says it. Every other status is [`Grpc`](CallError::Grpc): the server's answer. The status as it came is
/// [`GrpcCallResponse::status`](crate::GrpcCallResponse::status) in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The upstream did not answer in time.
    Timeout,
    /// No host of the upstream could be reached.
    NoUpstream,
    /// The connection broke before the answer was complete, or the answer was too large for the host.
    Reset,
    /// The host did not make the call: in Envoy "bad argument" for a cluster that it does not have.
    Refused(Status),
    /// The server of a gRPC call answered with this status.
    Grpc(GrpcStatus),
}

impl CallError {
    /// What it means, in words, but for the status of a refusal.
    #[cold]
    pub(crate) fn text(self) -> &'static str {
        match self {
            CallError::Timeout => "the upstream did not answer in time",
            CallError::NoUpstream => "the upstream cannot be reached",
            CallError::Reset => "the answer broke off",
            CallError::Refused(_) => "the host did not make the call",
            CallError::Grpc(_) => "the server answered with a gRPC error",
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            CallError::Refused(status) => {
                f.write_str(": ")?;
                status.fmt(f)
            }
            CallError::Grpc(status) => {
                f.write_str(": ")?;
                status.fmt(f)
            }
            _ => Ok(()),
        }
    }
}
