//! The last stage.

use super::Headers;
use super::head::{Head, stage};
use crate::abi::wire::MapType;

/// The exchange is over, and can be logged: its headers can be read once more.
///
/// It lasts for one callback: what is awaited here does not come any more. On hosts that do not log
/// (`proxy_on_log`), nothing can be read. See [`StreamLog`](crate::StreamLog).
#[derive(Debug)]
pub struct End(pub(super) Head);

stage! { End }

impl End {
    /// Reads the headers of the request, as they were forwarded.
    pub fn request_headers(&self) -> Headers<'_> {
        Headers::of_stage(&self.0, MapType::HTTP_REQUEST_HEADERS)
    }

    /// Reads the headers of the response, as the client got them. Empty if there was no response.
    pub fn response_headers(&self) -> Headers<'_> {
        Headers::of_stage(&self.0, MapType::HTTP_RESPONSE_HEADERS)
    }

    /// Reads the trailers of the response.
    pub fn response_trailers(&self) -> Headers<'_> {
        Headers::of_stage(&self.0, MapType::HTTP_RESPONSE_TRAILERS)
    }
}
