//! Reads five attributes of each request, of five types.
#![forbid(unsafe_code)]

use waxwing::attributes::{connection, request, source};
use waxwing::prelude::*;

/// The root context.
#[derive(Extension)]
#[extension(http = ReadStream)]
pub(crate) struct Read;

impl RootContext for Read {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Read)
    }
}

/// A stream, without state.
pub(crate) struct ReadStream;

#[callbacks]
impl HttpContext for ReadStream {
    type Root = Read;

    fn new(_root: &Read) -> Self {
        ReadStream
    }

    fn on_request_headers(&mut self, headers: &mut RequestHeaders<'_>) -> Result<Action> {
        let method = headers.attribute(request::METHOD)?.unwrap_or_default();
        let port = headers.attribute(source::PORT)?.unwrap_or_default();
        let address = headers.attribute(source::ADDRESS)?;
        let mtls = headers.attribute(connection::MTLS)?.unwrap_or_default();
        let time = headers.attribute(request::TIME)?.unwrap_or_default();
        // What is read must be of use, or it is not read at all.
        let is_refused = method == "TRACE"
            && port < 1024
            && address.is_some_and(|address| address.as_bytes().starts_with(b"10."))
            && !mtls
            && time.as_secs() > 0;
        Ok(if is_refused { Action::Pause } else { Action::Continue })
    }
}
