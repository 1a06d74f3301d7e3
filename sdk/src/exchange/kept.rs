//! What comes from outside of the messages of an exchange, and is kept until its function looks at it.

use super::task::Shared;
use crate::abi::guest::{Callback, Callbacks};
use crate::abi::wire::MapType;
use crate::view::Cx;
use crate::{Result, TimerId};
use alloc::vec::Vec;

/// The callbacks with which it comes: what a function that awaits may wait for beside messages. The derive exports the same.
pub(crate) const OUTSIDE: Callbacks = Callbacks::NONE
    .with(Callback::HttpCallResponse)
    .with(Callback::GrpcReceiveInitialMetadata)
    .with(Callback::GrpcReceive)
    .with(Callback::GrpcReceiveTrailingMetadata)
    .with(Callback::GrpcClose)
    .with(Callback::Tick);

/// What comes from outside of the messages of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    HttpReply {
        token: u32,
        has_body: bool,
        has_trailers: bool,
    },
    /// A unary call has ended: with a message, or with this status.
    GrpcCall {
        token: u32,
        failure: Option<u32>,
    },
    GrpcMessage {
        token: u32,
    },
    /// Metadata of a stream: those at its start, or those at its end.
    GrpcMetadata {
        token: u32,
        map: MapType,
    },
    GrpcClose {
        token: u32,
        status: u32,
    },
    Timer(TimerId),
    /// The function begins only now: its root context has started meanwhile.
    Admitted,
}

/// What it is that comes from there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    HttpCall(u32),
    GrpcCall(u32),
    GrpcMessage(u32),
    GrpcMetadata(u32, MapType),
    GrpcClose(u32),
    Timer(TimerId),
    Admitted,
}

impl Outside {
    #[inline(always)]
    pub(super) fn source(self) -> Source {
        match self {
            Outside::HttpReply { token, .. } => Source::HttpCall(token),
            Outside::GrpcCall { token, .. } => Source::GrpcCall(token),
            Outside::GrpcMessage { token } => Source::GrpcMessage(token),
            Outside::GrpcMetadata { token, map } => Source::GrpcMetadata(token, map),
            Outside::GrpcClose { token, .. } => Source::GrpcClose(token),
            Outside::Timer(timer) => Source::Timer(timer),
            Outside::Admitted => Source::Admitted,
        }
    }
}

/// How the host is asked to keep what comes when the function does not look at it: in a module only if the function may
/// come to it later.
pub(super) type Keep = fn(&Shared, Cx<'_>, Outside);

/// What has come and is kept until the function looks at it: one type for all, whose code is there once.
pub(super) struct Kept {
    pub(super) source: Source,
    /// The status of an answer to an HTTP callout, if there is one; nothing of what else goes well.
    pub(super) status: Result<u16>,
    pub(super) headers: Vec<u8>,
    /// A message of a gRPC call or stream, too, or the metadata of one.
    pub(super) body: Vec<u8>,
    pub(super) trailers: Vec<u8>,
}

impl Kept {
    /// What has come and is neither headers nor trailers.
    pub(super) fn new(source: Source, body: Result<Vec<u8>>) -> Self {
        let (status, body) = match body {
            Ok(body) => (Ok(0), body),
            Err(error) => (Err(error), Vec::new()),
        };
        Kept { source, status, headers: Vec::new(), body, trailers: Vec::new() }
    }

    /// Its body, if it has gone well.
    pub(super) fn into_body(self) -> Result<Vec<u8>> {
        self.status.map(|_| self.body)
    }
}
