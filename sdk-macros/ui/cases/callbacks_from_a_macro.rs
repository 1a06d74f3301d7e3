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

macro_rules! request_headers {
    () => {
        fn on_request_headers(&mut self, _request: &mut RequestHeaders<'_>) -> Result<Action> {
            Ok(Action::Continue)
        }
    };
}

#[callbacks]
impl HttpContext for Stream {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Stream
    }

    request_headers! {}
}

fn main() {}
