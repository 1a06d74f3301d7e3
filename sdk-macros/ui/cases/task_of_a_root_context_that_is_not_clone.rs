use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = Stream, task)]
struct Keys;

impl RootContext for Keys {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Keys)
    }
}

impl RootTask for Keys {}

struct Stream;

#[callbacks]
impl HttpContext for Stream {
    type Root = Keys;

    fn new(_root: &Keys) -> Self {
        Stream
    }
}

fn main() {}
