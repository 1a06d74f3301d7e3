use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = Stream)]
struct Root;

struct Stream;

#[callbacks]
impl HttpContext for Stream {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Stream
    }
}

fn main() {}
