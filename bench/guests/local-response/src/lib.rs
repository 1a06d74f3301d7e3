//! Answers each request by itself.
#![forbid(unsafe_code)]

use waxwing::prelude::*;

/// The root context.
#[derive(Extension)]
#[extension(http = DenyStream)]
pub(crate) struct Deny;

impl RootContext for Deny {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Deny)
    }
}

/// A stream, without state.
pub(crate) struct DenyStream;

#[callbacks]
impl HttpContext for DenyStream {
    type Root = Deny;

    fn new(_root: &Deny) -> Self {
        DenyStream
    }

    fn on_request_headers(&mut self, _request: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(LocalResponse::new(403).header("x-denied", "1").body("denied").into())
    }
}
