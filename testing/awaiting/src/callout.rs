//! Callouts and times.

use crate::text;
use log::info;
use std::time::Duration;
use waxwing::exchange::{Either, HttpReply, Request, join, select};
use waxwing::prelude::*;

/// Asks about the headers, changes each piece of the body, asks again behind it, and marks the response.
pub(crate) async fn ask_twice(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let path = path(&request)?;
    let reply = HttpCall::get("authz", &format!("/headers{path}")).send(&request).await?;
    info!("headers {}", reply.status());
    request.headers_mut().set("x-user", reply.headers().get("x-user")?)?;
    let mut pieces = request.transform()?;
    let mut seen = String::new();
    while let Some(mut piece) = pieces.next_piece().await? {
        let upper = piece.bytes()?.to_ascii_uppercase();
        seen.push_str(&text(&upper));
        piece.replace(&upper)?;
    }
    info!("body {seen}");
    let reply = HttpCall::get("authz", &format!("/body{path}")).send(&pieces).await?;
    info!("behind the body {}", reply.status());
    let response = pieces.forward().await?;
    info!("response {}", text(response.headers().get(":status")?.unwrap_or_default()));
    response.headers_mut().set("x-asked", "twice")
}

/// Has the first piece of the body while it asks, and looks at the rest afterwards.
pub(crate) async fn ask_with_a_piece(exchange: Exchange) -> Result<()> {
    let mut pieces = exchange.request_headers().await?.inspect();
    let Some(piece) = pieces.next_piece().await? else { return Ok(()) };
    info!("first {}", text(piece.bytes()?));
    HttpCall::get("authz", "/piece").send(&piece).await?;
    // The proxy holds it back, so it is still there.
    info!("still {}", text(piece.bytes()?));
    let mut rest = String::new();
    while let Some(piece) = pieces.next_piece().await? {
        rest.push_str(&text(piece.bytes()?));
    }
    info!("rest {rest}");
    Ok(())
}

/// Asks about each piece of both bodies, and changes it then.
pub(crate) async fn ask_about_pieces(exchange: Exchange) -> Result<()> {
    macro_rules! change {
        ($pieces:expr) => {{
            let mut pieces = $pieces;
            while let Some(mut piece) = pieces.next_piece().await? {
                HttpCall::get("authz", "/piece").send(&piece).await?;
                let upper = piece.bytes()?.to_ascii_uppercase();
                piece.replace([&upper, &b"."[..]].concat())?;
            }
            pieces
        }};
    }
    let request = change!(exchange.request_headers().await?.transform()?);
    change!(request.forward().await?.transform()?);
    Ok(())
}

/// Lets two callouts race, and takes the first answer.
pub(crate) async fn race(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let path = path(&request)?;
    let (a, b) = (HttpCall::get("a", &path).send(&request), HttpCall::get("b", &path).send(&request));
    let winner = match select(a, b).await {
        Either::First(reply) => said("a", &reply?)?,
        Either::Second(reply) => said("b", &reply?)?,
    };
    request.headers_mut().set("x-winner", &winner)
}

/// Uses the first answer of two, and looks at the other later.
pub(crate) async fn both(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let path = path(&request)?;
    let mut a = HttpCall::get("a", &path).send(&request);
    let mut b = HttpCall::get("b", &path).send(&request);
    let (first, other) = match select(&mut a, &mut b).await {
        Either::First(reply) => (said("a", &reply?)?, b),
        Either::Second(reply) => (said("b", &reply?)?, a),
    };
    info!("first {first}");
    request.sleep(Duration::from_millis(300)).await?;
    let other = said("other", &other.await?)?;
    request.headers_mut().set("x-other", &other)
}

/// Waits for both answers, and answers with them.
pub(crate) async fn join_two(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let path = path(&request)?;
    let (a, b) =
        join(HttpCall::get("a", &path).send(&request), HttpCall::get("b", &path).send(&request)).await;
    let (a, b) = (said("a", &a?)?, said("b", &b?)?);
    request.respond(LocalResponse::new(200).body(format!("{a}, {b}")))
}

/// The path of the request, by which upstreams know what to do.
fn path(request: &Request) -> Result<String> {
    Ok(text(request.headers().get(":path")?.unwrap_or_default()))
}

fn said(name: &str, reply: &HttpReply) -> Result<String> {
    Ok(format!("{name} {} {}", reply.status(), text(reply.body()?)))
}

/// Holds each stage of a request back for a time.
pub(crate) async fn sleep(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    request.sleep(Duration::from_millis(60)).await?;
    request.headers_mut().set("x-slept", "1")?;
    let body = request.buffer(100).await?;
    body.sleep(Duration::from_millis(60)).await?;
    info!("body {}", text(body.bytes()?));
    let response = body.forward().await?;
    response.sleep(Duration::from_millis(60)).await?;
    response.headers_mut().set("x-slept", "3")
}

/// Waits for an answer, but not for long.
pub(crate) async fn timeout(exchange: Exchange) -> Result<()> {
    let request = exchange.request_headers().await?;
    let call = HttpCall::get("authz", &path(&request)?).timeout(Duration::from_millis(800)).send(&request);
    let status = match request.timeout(Duration::from_millis(200), call).await {
        Ok(reply) => reply?.status().to_string(),
        Err(Error::TimedOut { .. }) => "late".to_owned(),
        Err(error) => return Err(error),
    };
    request.headers_mut().set("x-status", &status)
}
