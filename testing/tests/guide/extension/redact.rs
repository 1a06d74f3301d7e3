use waxwing::prelude::*;

/// Hides a word in request bodies.
#[derive(Extension)]
#[extension(http = RedactStream)]
pub(crate) struct Redact;

impl RootContext for Redact {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Redact)
    }
}

pub(crate) struct RedactStream;

impl RedactStream {
    fn redacted(body: &[u8]) -> String {
        String::from_utf8_lossy(body).replace("secret", "******")
    }
}

#[callbacks]
impl HttpContext for RedactStream {
    type Root = Redact;

    fn new(_: &Redact) -> Self {
        RedactStream
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        if !body.end_of_stream() {
            return Ok(Action::Pause);
        }
        let redacted = RedactStream::redacted(body.bytes()?);
        body.replace(redacted)?;
        Ok(Action::Continue)
    }

    fn on_request_trailers(&mut self, request: &mut RequestTrailers<'_>) -> Result<Action> {
        let redacted = RedactStream::redacted(request.held_body()?);
        request.replace_held_body(redacted)?;
        Ok(Action::Continue)
    }
}
