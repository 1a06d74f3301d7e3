use waxwing::prelude::*;

#[derive(Extension, Clone)]
#[extension(exchange, http = Stream)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root)
    }
}

impl HttpExchange for Root {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        drop(exchange);
        Ok(())
    }
}

fn main() {}
