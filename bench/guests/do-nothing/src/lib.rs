//! Exports all seven callbacks of a stream and does nothing: what a callback costs by itself.
#![forbid(unsafe_code)]

use waxwing::prelude::*;

/// The root context.
#[derive(Extension)]
#[extension(http = DoNothingStream)]
pub(crate) struct DoNothing;

impl RootContext for DoNothing {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(DoNothing)
    }
}

/// A stream, without state.
pub(crate) struct DoNothingStream;

#[callbacks]
impl HttpContext for DoNothingStream {
    type Root = DoNothing;

    fn new(_root: &DoNothing) -> Self {
        DoNothingStream
    }

    fn on_request_headers(&mut self, _request: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, _response: &mut ResponseHeaders<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    fn on_response_body(&mut self, _body: &mut ResponseBody<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    fn on_done(&mut self, _stream: &mut StreamDone<'_>) -> Result<()> {
        Ok(())
    }

    fn on_log(&mut self, _stream: &mut StreamLog<'_>) -> Result<()> {
        Ok(())
    }
}
