//! Counts its streams in shared data, with compare and swap.
#![forbid(unsafe_code)]

use waxwing::prelude::*;

/// The root context.
#[derive(Extension)]
#[extension(http = CountStream)]
pub(crate) struct Count;

impl RootContext for Count {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Count)
    }
}

/// A stream, without state.
pub(crate) struct CountStream;

#[callbacks]
impl HttpContext for CountStream {
    type Root = Count;

    fn new(_root: &Count) -> Self {
        CountStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        request.shared_data().increment("requests", 1)?;
        Ok(Action::Continue)
    }
}
