use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = Stream)]
struct Root<T>(T);

impl RootContext for Root<u8> {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root(0))
    }
}

struct Stream;

#[callbacks]
impl HttpContext for Stream {
    type Root = Root<u8>;

    fn new(_root: &Root<u8>) -> Self {
        Stream
    }
}

fn main() {}
