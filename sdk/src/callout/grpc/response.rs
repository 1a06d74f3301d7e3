//! What came of a unary gRPC call.

use super::ending::{Ending, failed};
use super::{GrpcStatus, message};
use crate::view::Cx;
use crate::{CallError, Result};

/// What came of a unary gRPC call: a message, or the status with which it failed.
///
/// [`message`](GrpcCallResponse::message) fails if there is none, so that `?` is enough where a failure of the call is one of
/// the stream; [`error`](GrpcCallResponse::error) tells it as a value, and [`status`](GrpcCallResponse::status) what the
/// host said, whoever it is from. Envoy shows no metadata of unary calls.
#[derive(Debug)]
pub struct GrpcCallResponse<'cb> {
    ending: Ending<'cb>,
    has_message: bool,
}

impl<'cb> GrpcCallResponse<'cb> {
    /// The end of a call: with a message, or with this status.
    #[inline]
    pub(crate) fn new(cx: Cx<'cb>, failure: Option<u32>) -> Self {
        let status = failure.map_or(GrpcStatus::OK, GrpcStatus::new);
        GrpcCallResponse { ending: Ending { cx, status }, has_message: failure.is_none() }
    }

    /// The bytes of the message, without the length that gRPC writes in front of them.
    ///
    /// # Errors
    ///
    /// [`Error::Call`](crate::Error::Call) if the call has failed, as [`error`](GrpcCallResponse::error) has it, and
    /// [`Error::Host`](crate::Error::Host) if the host refuses.
    #[doc(alias = "proxy_get_buffer_bytes")]
    pub fn message(&self) -> Result<&'cb [u8]> {
        match self.error() {
            None => message::bytes(self.ending.cx),
            Some(error) => Err(failed(error)),
        }
    }

    /// The message as that type.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode) if the bytes are no such message, and those of
    /// [`message`](GrpcCallResponse::message).
    #[cfg(feature = "prost")]
    #[cfg_attr(docsrs, doc(cfg(feature = "prost")))]
    pub fn decode<M: prost::Message + Default>(&self) -> Result<M> {
        message::decode(self.message()?)
    }

    /// The status of the call, whether it is the server's or the host's.
    pub fn status(&self) -> GrpcStatus {
        self.ending.status
    }

    /// The status in words, as bytes; empty if the call succeeded.
    ///
    /// In Envoy they are as the server sent them, which is percent-encoded, with what Envoy knows of their origin in braces
    /// behind: `{via_upstream}` if they are the server's.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host does not tell.
    #[doc(alias = "proxy_get_status")]
    pub fn status_message(&self) -> Result<&'cb [u8]> {
        self.ending.message()
    }

    /// Why there is no message; `None` if there is one. See [`CallError`] for how failures are told apart.
    pub fn error(&self) -> Option<CallError> {
        match self.ending.error() {
            // It succeeded without a message, which a unary call cannot.
            None if !self.has_message => Some(CallError::Reset),
            error => error,
        }
    }
}
