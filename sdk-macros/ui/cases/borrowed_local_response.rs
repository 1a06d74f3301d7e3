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

struct Stream {
    text: String,
}

#[callbacks]
impl HttpContext for Stream {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Stream { text: String::new() }
    }

    fn on_request_headers(&mut self, _request: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(LocalResponse::new(403).body(&self.text).into())
    }
}

fn main() {}
