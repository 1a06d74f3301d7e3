use waxwing::prelude::*;

#[derive(Extension)]
#[extension(tcp = Connection)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root)
    }
}

struct Connection;

fn main() {}
