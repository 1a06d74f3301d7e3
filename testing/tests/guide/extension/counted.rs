use std::rc::Rc;
use waxwing::prelude::*;

/// Counts requests by their method, in each worker.
#[derive(Extension)]
#[extension(http = CountedStream)]
pub(crate) struct Counted {
    requests: Rc<CounterFamily<1>>,
}

impl RootContext for Counted {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Counted { requests: Rc::new(CounterFamily::new("requests_total", ["method"])) })
    }
}

pub(crate) struct CountedStream {
    requests: Rc<CounterFamily<1>>,
}

#[callbacks]
impl HttpContext for CountedStream {
    type Root = Counted;

    fn new(root: &Counted) -> Self {
        CountedStream { requests: root.requests.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let method = request.headers().get_str(":method")?.unwrap_or_default();
        self.requests.with(request, [method])?.increment(1)?;
        Ok(Action::Continue)
    }
}
