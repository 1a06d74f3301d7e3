use core::time::Duration;
use waxwing::prelude::*;

async fn run(root: Root) -> Result<()> {
    root.every(Duration::from_secs(60), HttpCall::get("issuer", "/keys").send(&root)).await
}

fn main() {}
