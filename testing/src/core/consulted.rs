//! Whom a stream has asked before its request went on, and what they said.

use super::HostCore;
use crate::Response;
use std::fmt;

/// An answer to a callout of a stream, from before its request was forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Consulted {
    /// The upstream, with the method in gRPC.
    pub(crate) whom: String,
    pub(crate) said: Said,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Response(Response),
    Message(Vec<u8>),
    /// A gRPC status.
    Status(u32),
    /// Nothing: the call was reset.
    Nothing,
}

impl HostCore {
    /// Notes an answer for the stream that asked, if its request is still here.
    pub(super) fn note_answer(
        &self,
        context: u32,
        whom: impl FnOnce() -> String,
        said: impl FnOnce() -> Said,
    ) {
        let Some(stream) = self.stream(context) else { return };
        let mut state = stream.state_mut();
        if state.request.forwarded.headers.is_none() {
            state.consulted.push(Consulted { whom: whom(), said: said() });
        }
    }
}

impl fmt::Display for Consulted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.whom)?;
        match &self.said {
            Said::Response(response) => write!(f, "with {}", response.status()),
            Said::Message(message) => write!(f, "with a message of {} bytes", message.len()),
            Said::Status(status) => write!(f, "with the gRPC status {status}"),
            Said::Nothing => f.write_str("not at all"),
        }
    }
}
