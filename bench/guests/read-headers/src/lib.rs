//! Reads all headers of a request, and counts some.
#![forbid(unsafe_code)]

use waxwing::prelude::*;

/// The root context.
#[derive(Extension)]
#[extension(http = ScanStream)]
pub(crate) struct Scan;

impl RootContext for Scan {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Scan)
    }
}

/// A stream, without state.
pub(crate) struct ScanStream;

#[callbacks]
impl HttpContext for ScanStream {
    type Root = Scan;

    fn new(_root: &Scan) -> Self {
        ScanStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let own =
            request.headers().iter()?.filter(|(name, value)| name.starts_with(b"x-") && !value.is_empty());
        // What was counted decides, so that it is.
        Ok(if own.count() < 1_000 { Action::Continue } else { Action::Pause })
    }
}
