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
impl RootCallbacks for Root {}

struct Stream;

#[callbacks]
impl HttpContext for Stream {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Stream
    }
}

fn main() {}
