use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = Stream)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root)
    }
}

struct Stream;

#[callbacks]
impl HttpContext for Stream {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Stream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(request.stop_and_discard())
    }
}

fn main() {}
