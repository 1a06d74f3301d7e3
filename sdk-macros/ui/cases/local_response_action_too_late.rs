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

    fn on_response_body(&mut self, _body: &mut ResponseBody<'_>) -> Result<Action> {
        Ok(Action::Respond(LocalResponse::new(403)))
    }
}

fn main() {}
