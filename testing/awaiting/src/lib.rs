//! Exchanges that await what their configuration says, and log what they got.
//!
//! The configuration is the name of a function of one of the files here, and a word for it. The `root_id` says what becomes
//! of an error: `closed`, `open` or `reset`.

use std::rc::Rc;
use waxwing::prelude::*;

mod callout;
mod failure;
mod grpc;
mod request;
mod response;

waxwing::extensions! {
    /// The module.
    pub struct Awaiting(Closed, Open, Reset);
}

/// What is awaited.
#[derive(Debug)]
struct Plan {
    function: String,
    word: String,
}

/// Declares an extension that fails in this way.
macro_rules! awaiting {
    ($(#[$doc:meta])* $name:ident, $root_id:literal, $policy:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Extension)]
        #[extension(exchange, root_id = $root_id)]
        pub struct $name(Rc<Plan>);

        impl RootContext for $name {
            type Config = String;

            const ON_ERROR: ErrorPolicy = ErrorPolicy::$policy;

            fn configure(config: String, _: &mut Configure<'_>) -> Result<Self> {
                let (function, word) = config.split_once(' ').unwrap_or((&config, ""));
                Ok($name(Rc::new(Plan { function: function.to_owned(), word: word.to_owned() })))
            }
        }

        impl HttpExchange for $name {
            async fn handle(self, exchange: Exchange) -> Result<()> {
                run(&self.0, exchange).await
            }
        }
    };
}

awaiting! {
    /// Fails closed.
    Closed, "closed", FailClosed
}
awaiting! {
    /// Fails open.
    Open, "open", FailOpen
}
awaiting! {
    /// Resets the stream when it fails.
    Reset, "reset", Reset
}

async fn run(plan: &Plan, exchange: Exchange) -> Result<()> {
    let word = plan.word.as_str();
    match plan.function.as_str() {
        "nothing" => Ok(()),
        "ask-twice" => callout::ask_twice(exchange).await,
        "ask-with-a-piece" => callout::ask_with_a_piece(exchange).await,
        "ask-about-pieces" => callout::ask_about_pieces(exchange).await,
        "race" => callout::race(exchange).await,
        "both" => callout::both(exchange).await,
        "join" => callout::join_two(exchange).await,
        "sleep" => callout::sleep(exchange).await,
        "timeout" => callout::timeout(exchange).await,
        "refuse" => request::refuse(exchange).await,
        "whole" => request::whole(exchange, word).await,
        "first-piece" => request::first_piece(exchange).await,
        "trailers" => request::trailers(exchange, word).await,
        "pieces-of-a-lost-path" => request::pieces_of_a_lost_path(exchange, word).await,
        "response-whole" => response::whole(exchange, word).await,
        "response-pieces" => response::pieces(exchange).await,
        "response-inspected" => response::inspected(exchange).await,
        "response-trailers" => response::trailers(exchange).await,
        "response-ask" => response::ask(exchange).await,
        "response-ask-with-a-piece" => response::ask_with_a_piece(exchange).await,
        "response-instead" => response::instead(exchange).await,
        "end" => response::end(exchange).await,
        "fail" => failure::fail(exchange).await,
        "panic" => failure::panic(exchange, word).await,
        "grpc" => grpc::unary(exchange).await,
        "grpc-two" => grpc::two(exchange).await,
        "grpc-stream" => grpc::stream(exchange).await,
        "grpc-metadata" => grpc::metadata(exchange, word).await,
        "grpc-drop" => grpc::drop_stream(exchange).await,
        other => Err(Error::new(format!("{other}: no such function"))),
    }
}

/// Bytes as text, for the log.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
