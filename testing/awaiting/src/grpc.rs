//! gRPC.

use crate::text;
use log::info;
use std::time::Duration;
use waxwing::exchange::{GrpcMetadata, join};
use waxwing::prelude::*;

const SERVICE: &str = "acme.Auth";

/// The method that the request names.
fn method(request: &waxwing::exchange::Request) -> Result<String> {
    Ok(request.headers().get_str("x-method")?.unwrap_or_default().to_owned())
}

/// Asks, with the deadline of the call and another one.
pub(crate) async fn unary(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let method = method(&request)?;
    let call = GrpcCall::new("authz", SERVICE, &method)
        .message("who")
        .timeout(Duration::from_millis(200))
        .send(&request);
    let reply = request.timeout(Duration::from_millis(500), call).await??;
    info!("reply {}", text(reply.message()));
    request.headers_mut().set("x-user", reply.message())
}

/// Asks twice at once.
pub(crate) async fn two(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let ask = |message: &str| GrpcCall::new("authz", SERVICE, "Echo").message(message).send(&request);
    let (a, b) = join(ask("a"), ask("b")).await;
    request.respond(LocalResponse::new(200).body([a?.message(), b?.message()].concat()))
}

/// Sends two messages, and answers with all that comes.
pub(crate) async fn stream(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let mut talk = GrpcCall::new("authz", SERVICE, &method(&request)?).message("one").open(&request)?;
    talk.send_last("two")?;
    let mut heard = Vec::new();
    while let Some(message) = talk.next_message().await? {
        info!("message {}", text(&message));
        heard.extend(message);
    }
    request.respond(LocalResponse::new(200).body(heard))
}

/// Hears one message, and lets go of the stream.
pub(crate) async fn drop_stream(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let mut talk = GrpcCall::new("authz", SERVICE, &method(&request)?).message("one").open(&request)?;
    let message = talk.next_message().await?.unwrap_or_default();
    drop(talk);
    request.headers_mut().set("x-heard", message)?;
    // The stream of the exchange is there for a while yet.
    request.sleep(Duration::from_millis(60)).await
}

/// Logs the metadata of a stream, asked for before its messages or behind them.
pub(crate) async fn metadata(exchange: Exchange, when: &str) -> Result<()> {
    let request = exchange.request_headers().await?;
    let mut talk = GrpcCall::new("authz", SERVICE, &method(&request)?).message("one").open(&request)?;
    talk.send_last("two")?;
    let show = |metadata: Option<&GrpcMetadata>, which: &str, names: &[&str]| -> Result<()> {
        let Some(metadata) = metadata else {
            info!("no {which}");
            return Ok(());
        };
        for name in names {
            info!("{which} {name}: {:?}", metadata.get_str(name)?);
        }
        Ok(())
    };
    let initial = match when {
        "first" => Some(talk.initial_metadata().await?),
        _ => None,
    };
    if when == "late" {
        // What comes meanwhile is kept.
        request.sleep(Duration::from_millis(200)).await?;
    }
    show(talk.trailing_metadata(), "trailing metadata yet", &[])?;
    let failure = loop {
        match talk.next_message().await {
            Ok(Some(message)) => info!("message {}", text(&message)),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    let initial = match initial {
        Some(initial) => initial,
        None => talk.initial_metadata().await?,
    };
    show(Some(&initial), "initial metadata", &["X-Shard", ":status", "x-none"])?;
    show(talk.trailing_metadata(), "trailing metadata", &["x-count", "grpc-status", "grpc-message"])?;
    failure.map_or(Ok(()), Err)
}
