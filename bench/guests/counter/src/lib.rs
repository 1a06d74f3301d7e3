//! Counts its streams in a metric.
#![forbid(unsafe_code)]

use waxwing::prelude::*;

/// The root context.
#[derive(Extension)]
#[extension(http = MeasureStream)]
pub(crate) struct Measure {
    requests: Counter,
}

impl RootContext for Measure {
    type Config = ();

    fn configure(_config: (), cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Measure { requests: Counter::define(cx, "requests_total", &[("by", "bench")])? })
    }
}

/// A stream, with the counter.
pub(crate) struct MeasureStream {
    requests: Counter,
}

#[callbacks]
impl HttpContext for MeasureStream {
    type Root = Measure;

    fn new(root: &Measure) -> Self {
        MeasureStream { requests: root.requests }
    }

    fn on_request_headers(&mut self, _request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.requests.increment(1)?;
        Ok(Action::Continue)
    }
}
