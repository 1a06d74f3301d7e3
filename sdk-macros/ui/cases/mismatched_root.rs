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

struct Other;

impl RootContext for Other {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Other)
    }
}

struct Stream;

#[callbacks]
impl HttpContext for Stream {
    type Root = Other;

    fn new(_root: &Other) -> Self {
        Stream
    }
}

fn main() {}
