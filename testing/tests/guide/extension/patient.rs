use std::time::Duration;
use waxwing::prelude::*;

/// Holds each request back for 50 milliseconds.
#[derive(Extension)]
#[extension(http = PatientStream)]
pub(crate) struct Patient;

impl RootContext for Patient {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Patient)
    }
}

pub(crate) struct PatientStream;

#[callbacks]
impl HttpContext for PatientStream {
    type Root = Patient;

    fn new(_: &Patient) -> Self {
        PatientStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        request.set_timer(Duration::from_millis(50))?;
        Ok(Action::Pause)
    }

    fn on_timer(&mut self, _: TimerId, _: &mut StreamView<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }
}
