//! Functions that fail.

use crate::text;
use std::time::Duration;
use waxwing::prelude::*;

/// Fails at the place that the path of the request names.
pub(crate) async fn fail(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let place = text(request.headers().get(":path")?.unwrap_or_default());
    let at = |here: &str| match place.strip_prefix('/') == Some(here) {
        true => Err(Error::new(format!("told to fail at the {here}"))),
        false => Ok(()),
    };
    at("headers")?;
    if matches!(place.as_str(), "/callout" | "/answer") {
        HttpCall::get("authz", &place).timeout(Duration::from_millis(100)).send(&request).await?;
    }
    at("answer")?;
    let mut pieces = request.inspect();
    pieces.next_piece().await?;
    at("piece")?;
    while pieces.next_piece().await?.is_some() {}
    at("body")?;
    let response = pieces.forward().await?;
    at("response")?;
    let mut pieces = response.inspect();
    pieces.next_piece().await?;
    at("response-piece")?;
    pieces.end().await?;
    at("end")
}

/// Panics at this place.
pub(crate) async fn panic(exchange: Exchange, place: &str) -> Result<()> {
    let at = |here: &str| assert!(here != place, "told to panic at the {here}");
    let request = exchange.request_headers().await?;
    at("headers");
    HttpCall::get("authz", "/").send(&request).await?;
    at("answer");
    let body = request.buffer(100).await?;
    at("body");
    let response = body.forward().await?;
    at("response");
    response.end().await?;
    at("end");
    Ok(())
}
