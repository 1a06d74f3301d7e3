//! What a callback decides.

use crate::{Hold, LocalResponse};

/// What is to happen with a stream, where it can still be answered in place of the upstream.
///
/// Returned by the callbacks of the request and by
/// [`on_response_headers`](crate::HttpContext::on_response_headers).
#[derive(Debug)]
#[must_use]
pub enum Action {
    /// Hands what the callback saw on to the next filter.
    Continue,
    /// Holds it back until the stream is resumed, or until a later callback of this direction continues.
    ///
    /// Envoy: after a pause in a headers callback no body is shown until the stream is resumed; after a
    /// pause in a body callback the next one shows what was held back and what is new together. There is
    /// no time limit but the proxy's own.
    Pause,
    /// Holds it back in another way, which only some hosts have; see [`Hold`]. From a callback that is not one of an
    /// HTTP message it is the same as [`Action::Pause`].
    Hold(Hold),
    /// Answers the client at once. Nothing more of the request reaches the upstream.
    ///
    /// Envoy shows the answer to this extension's own response callbacks, if the response had not begun.
    Respond(LocalResponse),
}

impl From<LocalResponse> for Action {
    fn from(response: LocalResponse) -> Self {
        Action::Respond(response)
    }
}

impl From<Flow> for Action {
    fn from(flow: Flow) -> Self {
        match flow {
            Flow::Continue => Action::Continue,
            Flow::Pause => Action::Pause,
            Flow::Hold(hold) => Action::Hold(hold),
        }
    }
}

/// What is to happen with a stream that cannot be answered: a TCP connection, or an HTTP stream whose response has
/// begun.
///
/// Returned by [`on_response_body`](crate::HttpContext::on_response_body) and
/// [`on_response_trailers`](crate::HttpContext::on_response_trailers), and by the callbacks of
/// [`StreamContext`](crate::StreamContext).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Hands what the callback saw on to the next filter.
    Continue,
    /// Holds it back; see [`Action::Pause`], and for TCP the callbacks themselves.
    Pause,
    /// Holds it back in another way; see [`Action::Hold`].
    Hold(Hold),
}

/// Whether a root context has come to its end; see [`RootCallbacks::on_done`](crate::RootCallbacks::on_done).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Done {
    /// The host may delete it now.
    Now,
    /// It has something left to do, and says when that is done with [`RootView::done`](crate::RootView::done).
    Later,
}

/// What becomes of a stream when one of its callbacks returns an error.
///
/// Set by [`RootContext::ON_ERROR`](crate::RootContext::ON_ERROR). It is a constant, so that a module
/// imports only the host calls of the policy that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorPolicy {
    /// Nothing that the extension did not process goes on: the client gets status 500, or, once the
    /// response has begun, the stream is reset. A TCP connection is closed.
    ///
    /// In two cases what is left is held back until the proxy's own time limit, because Envoy (1.40) crashes
    /// otherwise: in the trailers of the response, and where the host calls for a stream that does not exist.
    FailClosed,
    /// The stream goes on as if the callback had returned `Continue`.
    FailOpen,
    /// The stream is reset; in the trailers of the response as with `FailClosed`. A TCP connection is closed.
    Reset,
}
