use waxwing::prelude::*;

#[derive(Extension, Clone)]
#[extension(exchange)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root)
    }
}

impl HttpExchange for Root {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let response = exchange.request_headers().await?.forward().await?;
        let body = response.buffer(1024).await?;
        body.respond(LocalResponse::new(500))
    }
}

fn main() {}
