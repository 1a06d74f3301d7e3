use waxwing::prelude::*;

#[derive(Extension, Clone)]
#[extension(exchange, task)]
struct Keys;

impl RootContext for Keys {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Keys)
    }
}

impl RootTask for Keys {
    async fn run(self, root: Root) -> Result<()> {
        let job = async move || {
            HttpCall::get("issuer", "/keys").send(&root).await?;
            Ok(())
        };
        root.every(core::time::Duration::from_secs(60), job).await
    }
}

impl HttpExchange for Keys {
    async fn handle(self, _exchange: Exchange) -> Result<()> {
        Ok(())
    }
}

fn main() {}
