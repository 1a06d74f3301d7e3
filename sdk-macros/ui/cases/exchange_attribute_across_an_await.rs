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
        let method = request.with(|host| host.property(&["request", "method"]))?;
        request.headers_mut().set("x-method", method)
    }
}

fn main() {}
