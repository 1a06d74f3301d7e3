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

impl HttpExchange for Keys {
    async fn handle(self, _exchange: Exchange) -> Result<()> {
        Ok(())
    }
}

fn main() {}
