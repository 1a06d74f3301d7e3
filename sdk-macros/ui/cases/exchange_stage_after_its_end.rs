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
        let request = exchange.request_headers().await?;
        request.respond(LocalResponse::new(403))?;
        request.headers_mut().remove("x-user")
    }
}

fn main() {}
