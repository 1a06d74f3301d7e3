use waxwing::attributes::xds::CLUSTER_NAME;
use waxwing::prelude::*;

async fn start(root: Root) -> Result<()> {
    let cluster = root.with(|host| host.attribute(CLUSTER_NAME))?;
    HttpCall::get(cluster.unwrap_or_default(), "/keys").send(&root).await?;
    Ok(())
}

fn main() {}
