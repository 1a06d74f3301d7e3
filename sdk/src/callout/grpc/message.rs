//! A message of a gRPC stream.

use crate::Result;
use crate::abi::call;
use crate::abi::wire::{ALL_BYTES, BufferType};
use crate::view::Cx;

/// A message that a gRPC stream has received.
#[derive(Debug)]
pub struct GrpcMessage<'cb> {
    cx: Cx<'cb>,
    size: usize,
}

impl<'cb> GrpcMessage<'cb> {
    #[inline]
    pub(crate) fn new(cx: Cx<'cb>, size: usize) -> Self {
        GrpcMessage { cx, size }
    }

    /// How many bytes it has, as the host says.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Its bytes, without the length that gRPC writes in front of them.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses.
    #[doc(alias = "proxy_get_buffer_bytes")]
    pub fn bytes(&self) -> Result<&'cb [u8]> {
        bytes(self.cx)
    }

    /// The message as that type.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode) if the bytes are no such message, and those of
    /// [`bytes`](GrpcMessage::bytes).
    #[cfg(feature = "prost")]
    #[cfg_attr(docsrs, doc(cfg(feature = "prost")))]
    pub fn decode<M: prost::Message + Default>(&self) -> Result<M> {
        decode(self.bytes()?)
    }
}

/// The message that the host has received.
pub(super) fn bytes(cx: Cx<'_>) -> Result<&[u8]> {
    call::buffer_bytes(cx.scope, BufferType::GRPC_MESSAGE, 0, ALL_BYTES)
}

#[cfg(feature = "prost")]
pub(super) fn decode<M: prost::Message + Default>(bytes: &[u8]) -> Result<M> {
    M::decode(bytes).map_err(crate::Error::Decode)
}
