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

    fn request_body_mode(&self) -> BodyMode {
        BodyMode::Inspect
    }

    fn inspect_request_body(&mut self, body: &RequestBody<'_>) -> Result<Option<LocalResponse>> {
        body.replace("changed")?;
        Ok(None)
    }
}

fn main() {}
