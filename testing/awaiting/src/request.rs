//! The stages of the request.

use crate::text;
use log::info;
use waxwing::prelude::*;

/// Looks at the body until it has a piece that it does not want.
pub(crate) async fn refuse(exchange: Exchange) -> Result<()> {
    let mut pieces = exchange.request_headers().await?.inspect();
    while let Some(piece) = pieces.next_piece().await? {
        info!("piece {}", text(piece.bytes()?));
        if piece.bytes()?.contains(&b'!') {
            return pieces.respond(LocalResponse::new(422).body("not that"));
        }
    }
    Ok(())
}

/// Wants the whole body, of at most so many bytes. One that begins with a brace is replaced, any other refused.
pub(crate) async fn whole(exchange: Exchange, limit: &str) -> Result<()> {
    let request = exchange.request_headers().await?;
    info!("ends with its headers {}", request.end_of_stream());
    let mut body = request.buffer(limit.parse()?).await?;
    info!("body {}", text(body.bytes()?));
    if !body.bytes()?.starts_with(b"{") {
        return body.respond(LocalResponse::new(400).body("an object is expected"));
    }
    body.replace("{\"changed\": true}")?;
    info!("now {}", text(body.bytes()?));
    let response = body.forward().await?;
    response.headers_mut().set("x-changed", "1")
}

/// Changes the first piece of the body, and is done before the request is.
pub(crate) async fn first_piece(exchange: Exchange) -> Result<()> {
    let mut pieces = exchange.request_headers().await?.transform()?;
    if let Some(mut piece) = pieces.next_piece().await? {
        piece.replace([piece.bytes()?, b" (first)"].concat())?;
    }
    Ok(())
}

/// Reads and changes the trailers, after it has waited for the body in one way or another.
pub(crate) async fn trailers(exchange: Exchange, body: &str) -> Result<()> {
    let request = exchange.request_headers().await?;
    let trailers = match body {
        "skipped" => request.trailers().await?,
        "whole" => {
            let body = request.buffer(100).await?;
            info!("body {}", text(body.bytes()?));
            body.trailers().await?
        }
        "pieces" => {
            let mut pieces = request.inspect();
            while let Some(piece) = pieces.next_piece().await? {
                info!("piece of {}, the last {}", piece.len(), piece.end_of_stream());
            }
            pieces.trailers().await?
        }
        _ => {
            let mut pieces = request.inspect();
            pieces.next_piece().await?;
            pieces.trailers().await?
        }
    };
    let Some(trailers) = trailers else {
        info!("no trailers");
        return Ok(());
    };
    let seen = trailers.trailers().get("x-end")?;
    info!("trailers {}", text(seen.unwrap_or_default()));
    // They are held back meanwhile.
    HttpCall::get("authz", "/trailers").send(&trailers).await?;
    trailers.trailers_mut().set("x-seen", seen)?;
    let response = trailers.forward().await?;
    response.headers_mut().set("x-trailers", "1")
}

/// Takes the path away, for which the proxy has an answer at once, and waits for the body nevertheless.
pub(crate) async fn pieces_of_a_lost_path(exchange: Exchange, body: &str) -> Result<()> {
    let request = exchange.request_headers().await?;
    request.headers_mut().remove(":path")?;
    let response = match body {
        "whole" => {
            let body = request.buffer(100).await?;
            info!("body {}", text(body.bytes()?));
            body.forward().await?
        }
        "trailers" => match request.trailers().await? {
            Some(trailers) => trailers.forward().await?,
            None => return Ok(()),
        },
        _ => {
            let mut pieces = request.inspect();
            loop {
                match pieces.next_piece().await {
                    Ok(Some(piece)) => info!("piece {}", text(piece.bytes()?)),
                    Ok(None) => break,
                    Err(Error::ResponseBegun { .. }) if body == "handled" => break,
                    Err(error) => return Err(error),
                }
            }
            info!("the end");
            pieces.forward().await?
        }
    };
    info!("response {}", text(response.headers().get(":status")?.unwrap_or_default()));
    response.headers_mut().set("x-lost", "1")
}
