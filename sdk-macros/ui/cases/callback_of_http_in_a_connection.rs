use waxwing::prelude::*;

#[derive(Extension)]
#[extension(tcp = Connection)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root)
    }
}

struct Connection;

#[callbacks]
impl StreamContext for Connection {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Connection
    }

    fn on_request_headers(&mut self, _request: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }
}

fn main() {}
