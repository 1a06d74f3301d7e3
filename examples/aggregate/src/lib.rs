//! Asks two upstreams at once, and joins what they answer into one header of the response.
//!
//! Both are asked when the request arrives, which goes on without waiting for them. Their answers have until the deadline, which is
//! the same for both; a response that is there before them waits that long at most. What is missing then, or is no value of a
//! header, is left out and counted in `aggregate_missing_total`, with the label `source`.
//!
//! The header is a dictionary as RFC 9651 has it: `x-aggregate: price="12.50", stock="7"`.
//!
//! Run it: `cargo waxwing run examples/aggregate`
#![forbid(unsafe_code)]

mod config;

use config::{Config, Source};
use std::rc::Rc;
use waxwing::exchange::{HttpReply, join};
use waxwing::prelude::*;

/// One per configured plugin instance.
#[derive(Extension, Clone)]
#[extension(exchange)]
struct Aggregate {
    config: Rc<Config>,
    /// How often the answer of each source was missing.
    missing: [Counter; 2],
}

impl RootContext for Aggregate {
    type Config = Json<Config>;

    // What cannot be joined goes on all the same.
    const ON_ERROR: ErrorPolicy = ErrorPolicy::FailOpen;

    fn configure(Json(config): Json<Config>, cx: &mut Configure<'_>) -> Result<Self> {
        config.check()?;
        let [first, second] = &config.sources;
        let missing =
            |source: &Source| Counter::define(cx, "aggregate_missing_total", &[("source", &source.name)]);
        let missing = [missing(first)?, missing(second)?];
        Ok(Aggregate { config: Rc::new(config), missing })
    }
}

impl HttpExchange for Aggregate {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let request = exchange.request_headers().await?;
        let path = request.headers().get(":path")?.unwrap_or_default();
        let [first, second] = self.config.sources.each_ref().map(|source| {
            HttpCall::get(&source.cluster, &source.path)
                .header("x-original-path", path)
                .timeout(self.config.deadline())
                .send(&request)
        });
        let both = join(first, second);
        let response = request.forward().await?;
        let (first, second) = both.await;

        let mut header = String::new();
        for ((source, missing), reply) in self.config.sources.iter().zip(self.missing).zip([first, second]) {
            match reply.ok().as_ref().and_then(value) {
                Some(value) => source.write(value, &mut header),
                None => missing.increment(1)?,
            }
        }
        // Without an answer it removes one that the upstream has sent.
        response.headers_mut().set(&self.config.header, Some(header).filter(|header| !header.is_empty()))
    }
}

/// What an upstream has answered, if it is short and plain enough for a header.
fn value(reply: &HttpReply) -> Option<&str> {
    let body = reply.body().ok().filter(|_| reply.status() == 200)?;
    let value = std::str::from_utf8(body).ok()?.trim_ascii();
    let is_plain = value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    (is_plain && (1..=MOST_BYTES).contains(&value.len())).then_some(value)
}

/// A value that is longer is none: headers as a whole have limits in the proxy and in clients.
const MOST_BYTES: usize = 256;

#[cfg(test)]
mod tests;
