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

#[callbacks]
struct Stream;

impl HttpContext for Stream {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Stream
    }
}

fn main() {}
