//! Asks an upstream about each request, and resumes it with the answer.
#![forbid(unsafe_code)]

use waxwing::prelude::*;

/// The root context.
#[derive(Extension)]
#[extension(http = AskStream)]
pub(crate) struct Ask;

impl RootContext for Ask {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Ask)
    }
}

/// A stream, without state.
pub(crate) struct AskStream;

#[callbacks]
impl HttpContext for AskStream {
    type Root = Ask;

    fn new(_root: &Ask) -> Self {
        AskStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        HttpCall::get("authz", "/check").send(request)?;
        Ok(Action::Pause)
    }

    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        response: &HttpCallResponse<'_>,
        _stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(if response.status()? == 200 { Action::Continue } else { LocalResponse::new(403).into() })
    }
}
