use waxwing::prelude::*;

/// Writes request bodies in capitals, piece by piece.
#[derive(Extension)]
#[extension(http = UpperStream)]
pub(crate) struct Upper;

impl RootContext for Upper {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Upper)
    }
}

pub(crate) struct UpperStream;

#[callbacks]
impl HttpContext for UpperStream {
    type Root = Upper;

    fn new(_: &Upper) -> Self {
        UpperStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        request.headers_mut().remove("content-length")?;
        Ok(Action::Continue)
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        let upper = body.bytes()?.to_ascii_uppercase();
        body.replace(&upper)?;
        Ok(Action::Continue)
    }
}

/// Takes it for granted that headers are text.
#[derive(Extension)]
#[extension(http = GreedyStream)]
pub(crate) struct Greedy;

impl RootContext for Greedy {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Greedy)
    }
}

pub(crate) struct GreedyStream;

#[callbacks]
impl HttpContext for GreedyStream {
    type Root = Greedy;

    fn new(_: &Greedy) -> Self {
        GreedyStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        for (_, value) in request.headers().iter()? {
            let _text = std::str::from_utf8(value).unwrap();
        }
        Ok(Action::Continue)
    }
}
