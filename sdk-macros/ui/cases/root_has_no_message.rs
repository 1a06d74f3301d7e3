use waxwing::prelude::*;

async fn start(root: Root) -> Result<()> {
    root.headers().get("authorization")?;
    root.respond(LocalResponse::new(503))
}

fn main() {}
