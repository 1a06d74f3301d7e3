//! Reads one request header; adds one and removes one on the response.
#![forbid(unsafe_code)]

use waxwing::prelude::*;

/// The root context.
#[derive(Extension)]
#[extension(http = RewriteStream)]
pub(crate) struct Rewrite;

impl RootContext for Rewrite {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Rewrite)
    }
}

/// A stream, without state.
pub(crate) struct RewriteStream;

#[callbacks]
impl HttpContext for RewriteStream {
    type Root = Rewrite;

    fn new(_root: &Rewrite) -> Self {
        RewriteStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        // Depends on the value, so that reading it is not optimised away.
        Ok(if request.headers().get("user-agent")?.is_some() { Action::Continue } else { Action::Pause })
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().add("x-served-by", "waxwing")?;
        response.headers_mut().remove("server")?;
        Ok(Action::Continue)
    }
}
