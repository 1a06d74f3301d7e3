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

struct Stream {
    call: Option<HttpCallId>,
}

#[callbacks]
impl HttpContext for Stream {
    type Root = Root;

    fn new(root: &Root) -> Self {
        Stream { call: HttpCall::get("authz", "/check").send(root).ok() }
    }
}

fn main() {}
