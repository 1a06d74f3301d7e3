//! Asks an HTTP upstream whether a request may go on: `auth-callout` as one function that awaits the answer.
//!
//! The request is held back until the answer is there. With 200 it goes on, with the user that the answer names; with
//! 401 or 403 the client gets that answer. Anything else, no answer included, is an error, and fails closed.
//!
//! Run it: `cargo waxwing run examples/auth-callout-async`
#![forbid(unsafe_code)]

use serde::Deserialize;
use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The upstream that decides: in Envoy the name of a cluster.
    cluster: String,
    #[serde(default = "check")]
    path: String,
    /// How long the answer may take.
    #[serde(default = "one_second")]
    timeout_milliseconds: u64,
}

fn check() -> String {
    "/check".to_owned()
}

fn one_second() -> u64 {
    1000
}

/// The header that names the user to the upstream. One that the client sends is never passed on.
const USER: &str = "x-user";

#[derive(Extension, Clone)]
#[extension(exchange)]
struct Auth {
    config: Rc<Config>,
}

impl RootContext for Auth {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Auth { config: Rc::new(config) })
    }
}

impl HttpExchange for Auth {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let request = exchange.request_headers().await?;
        let headers = request.headers();
        let reply = HttpCall::get(&self.config.cluster, &self.config.path)
            .header("authorization", headers.get("authorization")?.unwrap_or_default())
            .header("x-original-path", headers.get(":path")?.unwrap_or_default())
            .timeout(Duration::from_millis(self.config.timeout_milliseconds))
            .send(&request)
            .await?;
        match reply.status() {
            // Without a user in the answer it removes what the client sent.
            200 => request.headers_mut().set(USER, reply.headers().get(USER)?),
            status @ (401 | 403) => request.respond(
                LocalResponse::new(status).details("auth_callout_denied").body(reply.body()?.to_vec()),
            ),
            status => Err(Error::new(format!("the upstream that decides answered {status}"))),
        }
    }
}

// What it does is what the callbacks of `auth-callout` do, so these are its tests.
#[cfg(test)]
#[path = "../../auth-callout/src/tests.rs"]
mod tests;
