//! How a gRPC call or stream has ended.

use super::GrpcStatus;
use crate::abi::call;
use crate::callout::response::connection_error;
use crate::view::Cx;
use crate::{CallError, Error, Result};

/// The end of a call or a stream, while its callback runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'cb> {
    pub(super) cx: Cx<'cb>,
    pub(super) status: GrpcStatus,
}

impl<'cb> Ending<'cb> {
    /// The status in words, as the host has it. Empty if it succeeded: what the host has then may be older.
    pub(super) fn message(self) -> Result<&'cb [u8]> {
        match self.status {
            GrpcStatus::OK => Ok(&[]),
            _ => call::status(self.cx.scope).map(|(_, message)| message),
        }
    }

    /// Why it failed; `None` if it succeeded.
    pub(super) fn error(self) -> Option<CallError> {
        let own = match self.status {
            GrpcStatus::OK => return None,
            GrpcStatus::DEADLINE_EXCEEDED => Some(CallError::Timeout),
            // A host that does not tell why leaves the status.
            GrpcStatus::UNAVAILABLE | GrpcStatus::INTERNAL => self.message().ok().and_then(envoys_own),
            _ => None,
        };
        Some(own.unwrap_or(CallError::Grpc(self.status)))
    }

    /// The same as a result.
    pub(super) fn result(self) -> Result<()> {
        self.error().map_or(Ok(()), |error| Err(failed(error)))
    }
}

/// An error with the name of the status in words, which is then in modules with gRPC calls only.
#[cold]
pub(super) fn failed(error: CallError) -> Error {
    match error {
        CallError::Grpc(status) => {
            Error::Call { error, text: status.text().unwrap_or("a status that gRPC does not have") }
        }
        other => other.into(),
    }
}

/// What Envoy says itself when a call does not get through to its server.
fn envoys_own(message: &[u8]) -> Option<CallError> {
    if message.ends_with(b"{via_upstream}") {
        return None;
    }
    if message.starts_with(b"upstream request timeout") || message == b"response_timeout" {
        return Some(CallError::Timeout);
    }
    if message.starts_with(b"no healthy upstream") || message == b"Cluster not available" {
        return Some(CallError::NoUpstream);
    }
    if message.starts_with(b"upstream_reset_after_response_started") {
        return Some(CallError::Reset);
    }
    connection_error(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_envoy_says_itself_is_told_from_what_servers_say() {
        assert_eq!(envoys_own(b"upstream request timeout{response_timeout}"), Some(CallError::Timeout));
        assert_eq!(envoys_own(b"upstream request timeout{via_upstream}"), None);
        assert_eq!(envoys_own(b"no healthy upstream{no_healthy_upstream}"), Some(CallError::NoUpstream));
        let text = |reason: &str| {
            alloc::format!(
                "upstream connect error or disconnect/reset before headers. reset reason: {reason}{{upstream_reset}}"
            )
        };
        let refused = text("remote connection failure, transport failure reason: delayed connect error: 111");
        assert_eq!(envoys_own(refused.as_bytes()), Some(CallError::NoUpstream));
        assert_eq!(envoys_own(text("remote reset").as_bytes()), Some(CallError::Reset));
        assert_eq!(envoys_own(b"response_timeout"), Some(CallError::Timeout));
        let broken = b"upstream_reset_after_response_started{remote_reset}";
        assert_eq!(envoys_own(broken), Some(CallError::Reset));
        assert_eq!(envoys_own(b"down for maintenance"), None);
    }

    #[test]
    fn an_error_names_the_status() {
        let error = failed(CallError::Grpc(GrpcStatus::PERMISSION_DENIED));
        assert_eq!(alloc::format!("{error}"), "permission denied");
        let error = failed(CallError::Grpc(GrpcStatus::new(99)));
        assert_eq!(alloc::format!("{error}"), "a status that gRPC does not have");
    }
}
