//! Asks an upstream about each request, and resumes it with the answer: as one function.
#![forbid(unsafe_code)]

use waxwing::prelude::*;

/// The root context, which each exchange has.
#[derive(Extension, Clone)]
#[extension(exchange)]
pub(crate) struct AskAndWait;

impl RootContext for AskAndWait {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(AskAndWait)
    }
}

impl HttpExchange for AskAndWait {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let request = exchange.request_headers().await?;
        let reply = HttpCall::get("authz", "/check").send(&request).await?;
        if reply.status() == 200 { Ok(()) } else { request.respond(LocalResponse::new(403)) }
    }
}
