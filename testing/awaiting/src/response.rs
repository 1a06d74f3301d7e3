//! The stages of the response.

use crate::text;
use log::info;
use std::time::Duration;
use waxwing::prelude::*;

/// Wants the whole body, of at most so many bytes, and changes it.
pub(crate) async fn whole(exchange: Exchange, limit: &str) -> Result<()> {
    let response = exchange.request_headers().await?.forward().await?;
    response.headers_mut().set("x-seen", "1")?;
    let mut body = response.buffer(limit.parse()?).await?;
    let upper = body.bytes()?.to_ascii_uppercase();
    info!("body {}", text(&upper));
    body.replace(upper)
}

/// Changes each piece.
pub(crate) async fn pieces(exchange: Exchange) -> Result<()> {
    let mut pieces = exchange.request_headers().await?.forward().await?.transform()?;
    let mut seen = String::new();
    while let Some(mut piece) = pieces.next_piece().await? {
        let upper = piece.bytes()?.to_ascii_uppercase();
        seen.push_str(&text(&upper));
        piece.replace(upper)?;
    }
    info!("body {seen}");
    Ok(())
}

/// Counts the bytes, and logs them at the end.
pub(crate) async fn inspected(exchange: Exchange) -> Result<()> {
    let mut pieces = exchange.request_headers().await?.forward().await?.inspect();
    let mut count = 0;
    while let Some(piece) = pieces.next_piece().await? {
        count += piece.len();
    }
    let end = pieces.end().await?;
    info!("{count} bytes, status {}", text(end.response_headers().get(":status")?.unwrap_or_default()));
    Ok(())
}

/// Reads and changes the trailers.
pub(crate) async fn trailers(exchange: Exchange) -> Result<()> {
    let response = exchange.request_headers().await?.forward().await?;
    let body = response.buffer(100).await?;
    info!("body {}", text(body.bytes()?));
    let Some(trailers) = body.trailers().await? else {
        info!("no trailers");
        return Ok(());
    };
    let seen = trailers.trailers().get("x-end")?;
    trailers.sleep(Duration::from_millis(60)).await?;
    trailers.trailers_mut().set("x-seen", seen)
}

/// Asks about the headers of the response, and again when its body is there.
pub(crate) async fn ask(exchange: Exchange) -> Result<()> {
    let response = exchange.request_headers().await?.forward().await?;
    let reply = HttpCall::get("tags", "/headers").send(&response).await?;
    response.headers_mut().set("x-tag", reply.headers().get("x-tag")?)?;
    let mut body = response.buffer(100).await?;
    let reply = HttpCall::get("tags", "/body").send(&body).await?;
    let changed = [body.bytes()?, b" ", reply.body()?].concat();
    body.replace(changed)
}

/// Has the first piece while it asks.
pub(crate) async fn ask_with_a_piece(exchange: Exchange) -> Result<()> {
    let mut pieces = exchange.request_headers().await?.forward().await?.inspect();
    let Some(piece) = pieces.next_piece().await? else { return Ok(()) };
    HttpCall::get("tags", "/piece").send(&piece).await?;
    info!("still {}", text(piece.bytes()?));
    let mut rest = String::new();
    while let Some(piece) = pieces.next_piece().await? {
        rest.push_str(&text(piece.bytes()?));
    }
    info!("rest {rest}");
    Ok(())
}

/// Answers in place of the upstream, if that has failed.
pub(crate) async fn instead(exchange: Exchange) -> Result<()> {
    let response = exchange.request_headers().await?.forward().await?;
    let status = response.headers().get_str(":status")?.unwrap_or_default().to_owned();
    info!("response {status}");
    match status.as_str() {
        "200" => Ok(()),
        _ => response.respond(LocalResponse::new(502).body("try later")),
    }
}

/// Logs what became of the exchange.
pub(crate) async fn end(exchange: Exchange) -> Result<()> {
    let end = exchange.request_headers().await?.forward().await?.end().await?;
    info!(
        "{} {} {}",
        text(end.request_headers().get(":path")?.unwrap_or_default()),
        text(end.response_headers().get(":status")?.unwrap_or_default()),
        text(end.response_trailers().get("x-end")?.unwrap_or_default()),
    );
    Ok(())
}
