use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = streams::Stream)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root)
    }
}

mod streams {
    pub(crate) struct Stream;
}

#[callbacks]
impl HttpContext for streams::Stream {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        streams::Stream
    }
}

fn main() {}
