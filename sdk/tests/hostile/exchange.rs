//! What a function of an exchange does: it awaits anything, at any stage, and keeps what it has read while it does.

use crate::behaviour::{Settings, met, note, perhaps};
use crate::caller::{CALL, HTTP, STREAM};
use crate::case::case;
use std::time::Duration;
use waxwing::exchange::{Either, GrpcReply, HttpReply, join, select};
use waxwing::prelude::*;

/// What must have happened in the cases of such an extension.
pub(crate) const EXPECTED: &[&str] = &[
    "function began",
    "function dropped",
    "function ended",
    "answer HTTP callout",
    "answer gRPC call",
    "answer gRPC stream",
    "end of a gRPC stream",
    "metadata of a gRPC stream",
    "metadata at the end of a gRPC stream",
    "answer kept over another await",
    "both answers",
    "first answer",
    "second answer",
    "time over",
    "stage request headers",
    "stage request body",
    "stage request trailers",
    "stage response headers",
    "stage response body",
    "stage response trailers",
    "stage end",
    "piece of a request",
    "piece of a response",
    "error callout",
    "error timeout",
    "error body",
    "error response begun",
    "error other",
    "error host refusal with a known status",
    "error malformed",
    "log the context is unknown",
    "log the context runs already, or was never made",
    "host re-entered",
];

/// A function that has begun, and not ended.
pub(crate) struct Begun {
    pub(crate) has_ended: bool,
}

impl Begun {
    pub(crate) fn new() -> Self {
        let case = case();
        met("function began");
        case.functions.set(case.functions.get() + 1);
        Begun { has_ended: false }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let case = case();
        met(if self.has_ended { "function ended" } else { "function dropped" });
        case.functions.set(case.functions.get() - 1);
    }
}

/// How a callout says its number, to whom it goes to.
fn name(number: u32) -> String {
    format!("asker {number}")
}

/// The number of the callout that says this, if it is one of a function.
pub(crate) fn asker(said: &[u8]) -> Option<u32> {
    std::str::from_utf8(said).ok()?.strip_prefix("asker ")?.parse().ok()
}

/// Whether what has come is the answer to this callout: it says its token.
fn check(kind: &'static str, answer: &[u8], number: u32) {
    if let Some(token) = std::str::from_utf8(answer).ok().and_then(|token| token.parse().ok()) {
        met(&format!("answer {kind}"));
        case().asked.answer(kind, token, number, false);
    }
}

fn read_reply(reply: &HttpReply, number: u32) {
    if let Ok(body) = note(reply.body()) {
        check(HTTP, body, number);
    }
    let _ = (note(reply.headers().get("a")), note(reply.trailers().iter().map(Iterator::count)));
}

fn read_message(reply: &GrpcReply, number: u32) {
    check(CALL, reply.message(), number);
}

pub(crate) fn soon() -> Duration {
    Duration::from_millis(u64::from(case().chaos.below(4)))
}

/// Asks an upstream at a stage: with a number of its own, by which its answer is known.
macro_rules! ask {
    (http, $stage:expr) => {{
        let number = case().asked.begin();
        (HttpCall::post("authz", "/", &name(number)).send($stage), number)
    }};
    (grpc, $stage:expr) => {{
        let number = case().asked.begin();
        (GrpcCall::new("authz", "acme.Auth", &name(number)).message("who").send($stage), number)
    }};
}

/// Does something at a stage, and awaits it.
macro_rules! act {
    ($stage:expr) => {{
        let stage = &$stage;
        match case().chaos.below(13) {
            1 | 2 => {
                let (call, number) = ask!(http, stage);
                if let Ok(reply) = note(call.await) {
                    let early = note(reply.headers().get("a")).ok().flatten();
                    if case().chaos.rarely(2) {
                        read_reply(&reply, number);
                    }
                    let _ = note(stage.sleep(soon()).await);
                    met("answer kept over another await");
                    read_reply(&reply, number);
                    drop(early.map(<[u8]>::to_vec));
                }
            }
            3 => {
                let (call, number) = ask!(http, stage);
                if let Ok(Ok(reply)) = note(stage.timeout(soon(), call).await) {
                    read_reply(&reply, number);
                }
            }
            4 => {
                let ((a, for_a), (b, for_b)) = (ask!(http, stage), ask!(http, stage));
                let (a, b) = join(a, b).await;
                if let (Ok(a), Ok(b)) = (note(a), note(b)) {
                    met("both answers");
                    read_reply(&a, for_a);
                    read_reply(&b, for_b);
                }
            }
            5 | 6 => {
                let ((mut a, for_a), (mut b, for_b)) = (ask!(grpc, stage), ask!(grpc, stage));
                match select(&mut a, &mut b).await {
                    Either::First(a) => {
                        met("first answer");
                        drop(note(a).map(|a| read_message(&a, for_a)));
                        if case().chaos.rarely(2) {
                            drop(note(b.await).map(|b| read_message(&b, for_b)));
                        }
                    }
                    Either::Second(b) => {
                        met("second answer");
                        drop(note(b).map(|b| read_message(&b, for_b)));
                    }
                }
            }
            7 => drop((ask!(http, stage), ask!(grpc, stage), stage.sleep(soon()))),
            8 => {
                let (call, number) = ask!(grpc, stage);
                if let Ok(reply) = note(stage.timeout(soon() * 20, call).await).and_then(note) {
                    read_message(&reply, number);
                }
            }
            9 | 10 => {
                let number = case().asked.begin();
                if let Ok(mut talk) = note(GrpcCall::new("chat", "acme.Chat", &name(number)).open(stage)) {
                    perhaps(|| talk.send("one"));
                    perhaps(|| talk.send_last("end"));
                    if case().chaos.rarely(3) {
                        if let Ok(metadata) = note(talk.initial_metadata().await) {
                            met("metadata of a gRPC stream");
                            drop((note(metadata.get("a").map(drop)), note(metadata.iter().map(drop))));
                        }
                    }
                    while let Ok(Some(message)) = note(talk.next_message().await) {
                        check(STREAM, &message, number);
                        if case().chaos.rarely(3) {
                            break;
                        }
                    }
                    met("end of a gRPC stream");
                    if let Some(metadata) = talk.trailing_metadata() {
                        met("metadata at the end of a gRPC stream");
                        let _ = note(metadata.get_str("a"));
                    }
                    perhaps(|| talk.close());
                }
            }
            11 => {
                if note(stage.sleep(soon()).await).is_ok() {
                    met("time over");
                }
            }
            _ => perhaps(|| stage.with(|host| host.property(&["a"]).map(drop))),
        }
        if case().chaos.rarely(16) {
            return note(Err(Error::new("failed")));
        }
    }};
}

/// The same from a root context.
pub(crate) async fn act(root: &Root) -> Result<()> {
    act!(*root);
    Ok(())
}

/// Looks at pieces, and does something with some of them.
macro_rules! pieces {
    ($pieces:expr, $what:literal $(, $replace:ident)?) => {{
        let mut pieces = $pieces;
        while let Some(piece) = note(pieces.next_piece().await)? {
            met($what);
            let bytes = note(piece.bytes()).map_or(0, <[u8]>::len);
            act!(piece);
            $(
                let mut piece = piece;
                perhaps(|| piece.$replace("replaced"));
            )?
            if bytes % 5 == 4 {
                break;
            }
        }
        pieces
    }};
}

pub(crate) async fn run(exchange: Exchange) -> Result<()> {
    let request = note(exchange.request_headers().await)?;
    met("stage request headers");
    let first = note(request.headers().get("a"));
    act!(request);
    perhaps(|| request.headers_mut().set("x", first?));
    let response = match case().chaos.below(9) {
        0 => note(request.forward().await)?,
        1 | 2 => {
            let mut body = note(request.buffer(case().chaos.byte().into()).await)?;
            met("stage request body");
            let bytes = note(body.bytes());
            act!(body);
            drop(bytes.map(<[u8]>::to_vec));
            perhaps(|| body.replace("replaced"));
            if case().chaos.rarely(6) {
                return note(body.respond(LocalResponse::new(400)));
            }
            note(body.forward().await)?
        }
        3 | 4 => {
            let pieces = pieces!(request.inspect(), "piece of a request");
            act!(pieces);
            if case().chaos.rarely(6) {
                return note(pieces.respond(LocalResponse::new(400)));
            }
            note(pieces.forward().await)?
        }
        5 => note(pieces!(note(request.transform())?, "piece of a request", replace).forward().await)?,
        6 => match note(request.trailers().await)? {
            Some(trailers) => {
                met("stage request trailers");
                act!(trailers);
                perhaps(|| trailers.trailers_mut().remove("a"));
                note(trailers.forward().await)?
            }
            None => return Ok(()),
        },
        7 => return note(request.respond(LocalResponse::new(403).body("no"))),
        _ => return Ok(()),
    };
    met("stage response headers");
    act!(response);
    perhaps(|| response.headers_mut().set("x", "y"));
    let end = match case().chaos.below(7) {
        0 => note(response.end().await)?,
        1 | 2 => {
            let mut body = note(response.buffer(case().chaos.byte().into()).await)?;
            met("stage response body");
            act!(body);
            perhaps(|| body.replace("replaced"));
            note(body.end().await)?
        }
        3 => note(pieces!(response.inspect(), "piece of a response").end().await)?,
        4 => note(pieces!(note(response.transform())?, "piece of a response", replace).end().await)?,
        5 => match note(response.trailers().await)? {
            Some(trailers) => {
                met("stage response trailers");
                act!(trailers);
                note(trailers.end().await)?
            }
            None => return Ok(()),
        },
        _ => return note(response.respond(LocalResponse::new(502))),
    };
    met("stage end");
    let _ = (note(end.request_headers().get("a")), note(end.response_headers().iter().map(drop)));
    act!(end);
    Ok(())
}

macro_rules! exchange {
    ($root:ident, $policy:expr) => {
        #[derive(Extension, Clone)]
        #[extension(exchange)]
        pub(crate) struct $root;

        impl RootContext for $root {
            type Config = Settings;

            const ON_ERROR: ErrorPolicy = $policy;

            fn configure(_config: Settings, _cx: &mut Configure<'_>) -> Result<Self> {
                Ok($root)
            }
        }

        impl HttpExchange for $root {
            async fn handle(self, exchange: Exchange) -> Result<()> {
                let mut begun = Begun::new();
                let result = run(exchange).await;
                begun.has_ended = true;
                result
            }
        }
    };
}

exchange!(ClosedExchange, ErrorPolicy::FailClosed);
exchange!(OpenExchange, ErrorPolicy::FailOpen);
exchange!(ResetExchange, ErrorPolicy::Reset);
