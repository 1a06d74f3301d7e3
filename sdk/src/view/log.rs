//! The end of a stream.

use super::{Cx, sealed::Sealed};
use crate::Headers;
use crate::abi::wire::MapType;

/// A stream that is complete: its headers can be read once more, to log them.
///
/// Envoy and its relatives call for it before [`StreamDone`], the specification describes it after that. It
/// comes also for a stream of which the extension saw nothing else, because the proxy itself answered.
#[derive(Debug)]
pub struct StreamLog<'cb> {
    cx: Cx<'cb>,
}

impl<'cb> StreamLog<'cb> {
    #[inline(always)]
    pub(crate) fn new(cx: Cx<'cb>) -> Self {
        StreamLog { cx }
    }

    /// Reads the headers of the request, as they were forwarded.
    pub fn request_headers(&self) -> Headers<'cb> {
        Headers::new(self.cx.scope, MapType::HTTP_REQUEST_HEADERS)
    }

    /// Reads the headers of the response, as the client got them. Empty if there was no response.
    pub fn response_headers(&self) -> Headers<'cb> {
        Headers::new(self.cx.scope, MapType::HTTP_RESPONSE_HEADERS)
    }

    /// Reads the trailers of the response.
    pub fn response_trailers(&self) -> Headers<'cb> {
        Headers::new(self.cx.scope, MapType::HTTP_RESPONSE_TRAILERS)
    }
}

impl<'cb> Sealed<'cb> for StreamLog<'cb> {
    #[inline(always)]
    fn cx(&self) -> Cx<'cb> {
        self.cx
    }
}

/// A stream that the proxy has finished with, or that was reset.
#[derive(Debug)]
pub struct StreamDone<'cb> {
    cx: Cx<'cb>,
}

impl<'cb> StreamDone<'cb> {
    #[inline(always)]
    pub(crate) fn new(cx: Cx<'cb>) -> Self {
        StreamDone { cx }
    }
}

impl<'cb> Sealed<'cb> for StreamDone<'cb> {
    #[inline(always)]
    fn cx(&self) -> Cx<'cb> {
        self.cx
    }
}
