use waxwing::prelude::*;

/// Counts requests and queues their paths.
#[derive(Extension)]
#[extension(http = TallyStream)]
pub(crate) struct Tally {
    paths: Queue,
}

impl RootContext for Tally {
    type Config = ();

    fn configure(_: (), cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Tally { paths: Queue::register(cx, "paths")? })
    }
}

pub(crate) struct TallyStream {
    paths: Queue,
    number: u64,
}

#[callbacks]
impl HttpContext for TallyStream {
    type Root = Tally;

    fn new(root: &Tally) -> Self {
        TallyStream { paths: root.paths, number: 0 }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.number = request.shared_data().increment("requests", 1)?;
        self.paths.enqueue(request, request.headers().get(":path")?.unwrap_or_default())?;
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set("x-request", self.number.to_string())?;
        Ok(Action::Continue)
    }
}
