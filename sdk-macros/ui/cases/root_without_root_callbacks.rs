use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = Stream, root)]
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
}

fn main() {}
