//! Counts the tokens of the answers that language models stream, while they pass.
//!
//! Such an answer is a stream of server-sent events, of which each has a bit of the text. They are read piece by piece as they go on
//! to the client, and nothing is collected but an event that is not complete. A bit of text counts as one token; where the model
//! reports how many there are, its number counts.
//!
//! Its metrics are `llm_prompt_tokens_total` and `llm_completion_tokens_total` with the labels `model` and `route`, and, with the
//! label `route`, `llm_unread_events_total`: events that are larger than the limit, or no JSON. What a client has got before it went
//! away is counted as well.
//!
//! Run it: `cargo waxwing run examples/sse-tokens`
#![forbid(unsafe_code)]

mod config;
mod events;
mod metrics;
mod usage;

use config::Config;
use events::{Event, Events};
use metrics::{Metrics, Unread};
use std::rc::Rc;
use usage::Usage;
use waxwing::attributes::xds;
use waxwing::exchange::Response;
use waxwing::prelude::*;

/// One per configured plugin instance.
#[derive(Extension, Clone)]
#[extension(exchange)]
struct SseTokens {
    config: Rc<Config>,
    metrics: Rc<Metrics>,
}

impl RootContext for SseTokens {
    type Config = Json<Config>;

    // What cannot be counted goes on all the same.
    const ON_ERROR: ErrorPolicy = ErrorPolicy::FailOpen;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        config.check()?;
        let metrics = Rc::new(Metrics::new(config.metrics_limit));
        Ok(SseTokens { config: Rc::new(config), metrics })
    }
}

impl HttpExchange for SseTokens {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let response = exchange.request_headers().await?.forward().await?;
        if !is_event_stream(&response)? {
            return Ok(());
        }
        let route = route(&response)?;
        let (mut events, mut usage) = (Events::new(self.config.event_limit_bytes), Usage::default());
        let mut body = response.inspect();
        while let Some(piece) = body.next_piece().await? {
            let (mut added, mut unread) = (usage::Tokens::default(), Unread::default());
            events.read(piece.bytes()?, |event| match event {
                Event::Data(data) => match usage.add(data) {
                    Ok(tokens) => added += tokens,
                    Err(usage::NotAChunk) => unread.0 += 1,
                },
                Event::TooLarge => unread.0 += 1,
            });
            // Now, and not at the end, which does not come if the client goes away.
            piece.with(|host| self.metrics.count(host, usage.model(), &route, added, unread))?;
        }
        Ok(())
    }
}

/// Whether the body can be read as events: compressed ones cannot.
fn is_event_stream(response: &Response) -> Result<bool> {
    let headers = response.headers();
    let is_plain = match headers.get("content-encoding")? {
        None => true,
        Some(encoding) => encoding.eq_ignore_ascii_case(b"identity"),
    };
    let kind = headers.get("content-type")?.unwrap_or_default();
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    Ok(is_plain && kind.trim_ascii().eq_ignore_ascii_case(b"text/event-stream"))
}

/// The name of the proxy's route.
fn route(response: &Response) -> Result<String> {
    response.with(|host| Ok(host.attribute(xds::ROUTE_NAME)?.unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests;
