//! One direction of a stream: is it held back, and what is.

use crate::http::Body;
use crate::phase::Phase;
use crate::{HeaderList, Request, Response};

/// A direction of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Response,
}

impl Side {
    /// What its messages are called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Side::Request => "request",
            Side::Response => "response",
        }
    }
}

/// Whether what arrives passes, as Envoy's filter manager counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Iteration {
    #[default]
    Continue,
    /// Stopped by a body or trailers callback: later parts are still shown.
    StopSingle,
    /// Stopped by the headers callback: nothing more is shown, and the body is held up to the limit.
    StopAllBuffer,
    /// The same, where the sender is slowed down at the limit instead.
    StopAllWatermark,
}

/// What a body callback decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataStatus {
    Continue,
    StopAndBuffer,
    StopAndWatermark,
    StopNoBuffer,
}

/// The state of one direction.
#[derive(Debug, Default)]
pub(super) struct Direction {
    pub(super) iteration: Iteration,
    /// In which callback it was stopped.
    pub(super) stopped_at: Option<Phase>,
    /// The headers stopped here; resuming forwards them.
    pub(super) headers_held: bool,
    /// The headers, once they have arrived; also after they have gone.
    pub(super) headers: Option<HeaderList>,
    /// Whether the guest can reach them.
    pub(super) headers_live: bool,
    /// The piece of the body that is shown, if the guest cannot reach it any more.
    pub(super) out_of_reach: Vec<u8>,
    /// What is held back of the body.
    pub(super) buffered: Option<Vec<u8>>,
    /// The limit slows the sender down instead of ending the stream.
    pub(super) streaming: bool,
    /// The guest asked for the body to be collected: it sees all that is held.
    pub(super) buffering: bool,
    /// What a body callback sees, from its start until it lets it pass.
    pub(super) shown: Shown,
    /// The `end_of_stream` of the last headers or body callback.
    pub(super) end_of_stream: bool,
    /// The whole message has arrived.
    pub(super) complete: bool,
    pub(super) trailers: Option<HeaderList>,
    pub(super) trailers_live: bool,
    /// Trailers that the extension is not shown, until the body has gone.
    pub(super) unseen_trailers: Option<HeaderList>,
    /// Nothing more of this direction goes anywhere: the stream was answered.
    pub(super) aborted: bool,
    pub(super) forwarded: Forwarded,
}

/// The part of a body that the guest is shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Shown {
    #[default]
    Nothing,
    /// A piece that has just arrived.
    Piece(Vec<u8>),
    /// What is held back.
    Buffered,
}

impl Direction {
    pub(super) fn stopped_all(&self) -> bool {
        matches!(self.iteration, Iteration::StopAllBuffer | Iteration::StopAllWatermark)
    }

    /// Holds a piece back. False if that is more than the limit allows.
    #[must_use]
    pub(super) fn hold(&mut self, piece: Vec<u8>, limit: usize) -> bool {
        let buffered = self.buffered.get_or_insert_with(Vec::new);
        buffered.extend(piece);
        self.streaming || buffered.len() <= limit
    }

    /// What the guest sees as the body; `None` where there is none.
    pub(super) fn visible_mut(&mut self) -> Option<&mut Vec<u8>> {
        if self.buffering {
            return Some(self.buffered.get_or_insert_with(Vec::new));
        }
        match &mut self.shown {
            Shown::Nothing => None,
            Shown::Piece(piece) => Some(piece),
            Shown::Buffered => Some(self.buffered.get_or_insert_with(Vec::new)),
        }
    }

    /// Whether a call that changes trailers may make them: in, or held at, the last body callback.
    pub(super) fn may_create_trailers(&self) -> bool {
        self.trailers.is_none() && self.shown != Shown::Nothing && self.end_of_stream
    }
}

/// What has passed the extension.
#[derive(Clone, Debug, Default)]
pub(super) struct Forwarded {
    pub(super) headers: Option<HeaderList>,
    pub(super) body: Body,
    pub(super) trailers: Option<HeaderList>,
    pub(super) ended: bool,
}

impl Forwarded {
    pub(super) fn push(&mut self, piece: Vec<u8>, end: bool) {
        self.body.push(piece, end);
        self.ended |= end;
    }

    pub(super) fn request(&self) -> Option<Request> {
        let mut request = Request::from_headers(self.headers.clone()?);
        request.body = self.body.clone();
        request.trailers = self.trailers.clone().unwrap_or_default();
        Some(request)
    }

    pub(super) fn response(&self) -> Option<Response> {
        let mut response = Response::from_headers(self.headers.clone()?);
        response.body = self.body.clone();
        response.trailers = self.trailers.clone().unwrap_or_default();
        Some(response)
    }
}
