//! The parts of a stream.

use crate::core::Side;

/// A part of a stream: the callback that sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `on_request_headers`
    RequestHeaders,
    /// `on_request_body`
    RequestBody,
    /// `on_request_trailers`
    RequestTrailers,
    /// `on_response_headers`
    ResponseHeaders,
    /// `on_response_body`
    ResponseBody,
    /// `on_response_trailers`
    ResponseTrailers,
}

impl Phase {
    pub(crate) fn headers(side: Side) -> Phase {
        match side {
            Side::Request => Phase::RequestHeaders,
            Side::Response => Phase::ResponseHeaders,
        }
    }

    pub(crate) fn body(side: Side) -> Phase {
        match side {
            Side::Request => Phase::RequestBody,
            Side::Response => Phase::ResponseBody,
        }
    }

    pub(crate) fn trailers(side: Side) -> Phase {
        match side {
            Side::Request => Phase::RequestTrailers,
            Side::Response => Phase::ResponseTrailers,
        }
    }
}

/// Whether a part of a message is its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOfStream {
    /// Nothing follows.
    Yes,
    /// More follows: body, or trailers.
    No,
}

impl EndOfStream {
    pub(crate) fn is_yes(self) -> bool {
        self == EndOfStream::Yes
    }
}
