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
        let mut pieces = exchange.request_headers().await?.inspect();
        while let Some(mut piece) = pieces.next_piece().await? {
            piece.replace("changed")?;
        }
        Ok(())
    }
}

fn main() {}
