//! Does a bit of everything, with state, so that whatever leaks has something to leak.
#![forbid(unsafe_code)]

use waxwing::prelude::*;

/// The root context.
#[derive(Extension)]
#[extension(http = SoakStream)]
pub(crate) struct Soak;

impl RootContext for Soak {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Soak)
    }
}

/// A stream that keeps what it reads.
#[derive(Default)]
pub(crate) struct SoakStream {
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

#[callbacks]
impl HttpContext for SoakStream {
    type Root = Soak;

    fn new(_root: &Soak) -> Self {
        SoakStream::default()
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let headers = request.headers().iter()?;
        self.headers = headers.map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        request.headers_mut().replace_all(self.headers.iter().map(|(name, value)| (name, value)))?;
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        for (name, value) in &self.headers {
            response.headers_mut().set(name, value)?;
        }
        // One in four is answered here, and one in four of the rest fails.
        match self.headers.capacity() + self.turn(response)? {
            turn if turn % 4 == 0 => {
                Ok(LocalResponse::new(403).header("x-reason", "turn").body(vec![b'x'; 100]).into())
            }
            turn if turn % 4 == 1 => Err(Error::new("it is the turn of an error")),
            _ => Ok(Action::Continue),
        }
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        self.body.extend_from_slice(body.bytes()?);
        self.body.extend_from_slice(&[b'y'; 6_000]);
        body.replace(&self.body)?;
        Ok(Flow::Continue)
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        self.headers
            .extend(stream.response_headers().iter()?.map(|(name, value)| (name.to_vec(), value.to_vec())));
        Ok(())
    }
}

impl SoakStream {
    /// A number that changes from stream to stream.
    fn turn(&self, response: &ResponseHeaders<'_>) -> Result<usize> {
        Ok(response.current_time()?.subsec_nanos() as usize)
    }
}
