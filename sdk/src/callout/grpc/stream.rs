//! An open gRPC stream.

use super::GrpcStatus;
use super::ending::Ending;
use crate::abi::call;
use crate::dispatcher::{Kind, StreamCalls};
use crate::view::{Cx, View};
use crate::{CallError, Result};

/// A gRPC stream: [`GrpcCall::open`](crate::GrpcCall::open) gives it, and its callbacks come with it.
///
/// It is a number: a copy is the same stream. It belongs to the context that opened it, which alone gets its callbacks,
/// and it is cancelled when that context ends.
///
/// ```
/// use waxwing::prelude::*;
///
/// fn greet(request: &RequestHeaders<'_>) -> Result<GrpcStream> {
///     let chat = GrpcCall::new("chat", "acme.chat.v1.Chat", "Talk").open(request)?;
///     chat.send("hello")?;
///     chat.send_last("bye")?;
///     Ok(chat)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GrpcStream(pub(crate) u32);

/// In a static table, so that only a module that opens streams has these imports.
pub(super) const CALLS: &StreamCalls = &StreamCalls { close: call::grpc_close, cancel: call::grpc_cancel };

impl GrpcStream {
    /// The number by which the host knows it.
    pub const fn as_u32(self) -> u32 {
        self.0
    }

    /// Sends a message: encoded, without the length that gRPC writes in front of it.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses: in Envoy with "not found" if the stream has ended.
    #[doc(alias = "proxy_grpc_send")]
    pub fn send(self, message: impl AsRef<[u8]>) -> Result<()> {
        call::grpc_send(self.0, message.as_ref(), false)
    }

    /// Sends a message, behind which none follows. The server may still send its own.
    ///
    /// # Errors
    ///
    /// Those of [`send`](GrpcStream::send).
    #[doc(alias = "proxy_grpc_send")]
    pub fn send_last(self, message: impl AsRef<[u8]>) -> Result<()> {
        call::grpc_send(self.0, message.as_ref(), true)
    }

    /// Sends a message of a type, encoded; see [`send`](GrpcStream::send).
    ///
    /// # Errors
    ///
    /// Those of [`send`](GrpcStream::send).
    #[cfg(feature = "prost")]
    #[cfg_attr(docsrs, doc(cfg(feature = "prost")))]
    pub fn send_encoded(self, message: &impl prost::Message) -> Result<()> {
        self.send(message.encode_to_vec())
    }

    /// Sends no more messages. The server may still send its own, and its end comes to `on_grpc_stream_close`.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses: in Envoy with "not found" if the stream has ended.
    #[doc(alias = "proxy_grpc_close")]
    pub fn close(self) -> Result<()> {
        call::grpc_close(self.0)
    }

    /// Resets the stream. Nothing comes from it any more, not even its end.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses: in Envoy with "not found" if the stream has ended.
    #[doc(alias = "proxy_grpc_cancel")]
    pub fn cancel<'cb>(self, view: &impl View<'cb>) -> Result<()> {
        self.cancel_in(view.cx())
    }

    pub(super) fn cancel_in(self, cx: Cx<'_>) -> Result<()> {
        cx.vm.pending.take(Kind::GrpcStream, self.0);
        call::grpc_cancel(self.0)
    }
}

/// How a gRPC stream has ended.
#[derive(Debug)]
pub struct GrpcClose<'cb> {
    ending: Ending<'cb>,
}

impl<'cb> GrpcClose<'cb> {
    #[inline]
    pub(crate) fn new(cx: Cx<'cb>, status: u32) -> Self {
        GrpcClose { ending: Ending { cx, status: GrpcStatus::new(status) } }
    }

    /// The status of the stream, whether it is the server's or the host's.
    pub fn status(&self) -> GrpcStatus {
        self.ending.status
    }

    /// The status in words, as bytes; empty if the stream succeeded. See
    /// [`GrpcCallResponse::status_message`](crate::GrpcCallResponse::status_message).
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host does not tell.
    #[doc(alias = "proxy_get_status")]
    pub fn status_message(&self) -> Result<&'cb [u8]> {
        self.ending.message()
    }

    /// Why the stream has failed; `None` if it has not. See [`CallError`] for how failures are told apart.
    pub fn error(&self) -> Option<CallError> {
        self.ending.error()
    }

    /// The same as a result.
    ///
    /// # Errors
    ///
    /// [`Error::Call`](crate::Error::Call) if the stream has failed.
    pub fn result(&self) -> Result<()> {
        self.ending.result()
    }
}
