use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = Stream)]
struct Root;

#[derive(serde::Deserialize)]
struct Config {
    _name: String,
}

impl RootContext for Root {
    type Config = Config;

    fn configure(_config: Config, _cx: &mut Configure<'_>) -> Result<Self> {
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
