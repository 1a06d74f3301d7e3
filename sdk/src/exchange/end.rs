//! The last stage.

use super::Headers;
use super::head::{Head, stage};
use crate::abi::wire::MapType;

/// The exchange is over, and can be logged: `end` of any stage of the response gives it.
///
/// Nothing is held back any more; the headers of both messages can be read once more, one call to the host and a copy for each. It
/// lasts for one callback: what is awaited here does not come any more, and a callout that is sent is made, and answered to
/// nobody. A client that goes away before the response has begun ends the function where it waits, and this stage is not reached. On
/// hosts that do not log (`proxy_on_log`), nothing can be read. See [`StreamLog`](crate::StreamLog).
///
/// ```
/// use waxwing::exchange::Response;
/// use waxwing::prelude::*;
///
/// async fn log(response: Response) -> Result<()> {
///     let end = response.end().await?;
///     let status = end.response_headers().get_str(":status")?.unwrap_or("no response");
///     let path = end.request_headers().get_str(":path")?.unwrap_or_default();
///     end.with(|host| {
///         host.log(LogLevel::Info, &format!("{path}: {status}"));
///         Ok(())
///     })
/// }
/// ```
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
