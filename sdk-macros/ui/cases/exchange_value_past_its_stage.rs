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
        let user = request.headers().get("x-user")?;
        let response = request.forward().await?;
        response.headers_mut().set("x-user", user)
    }
}

fn main() {}
