use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = Stream<u8>)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root)
    }
}

struct Stream<T>(T);

#[callbacks]
impl<T: Default + 'static> HttpContext for Stream<T> {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Stream(T::default())
    }
}

fn main() {}
