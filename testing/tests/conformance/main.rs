//! The host model against the pinned Envoy: the probe makes the same calls natively, as `.wasm` on the model, and
//! in Envoy, and the exchanges and the answers, which it logs, are compared.
#![cfg(all(feature = "wasm", feature = "envoy"))]

mod buffer;
mod callout;
mod client;
mod end_of_stream;
mod ending;
mod foreign;
mod gone_on;
mod grpc;
mod grpc_trap;
mod header;
mod header_value;
mod knowledge;
mod large_body;
mod late;
mod length;
mod level;
mod local_response;
mod metric;
mod origin;
mod property;
mod reconfigure;
mod reload;
mod resume;
mod route;
mod shared;
mod tcp;
mod timer;
mod together;
mod trap;

use waxwing_probe::Probe;
use waxwing_testing::{Request, Response, Scenario, on_every_host};

/// The callbacks of a message's way.
const WAY: [&str; 6] = [
    "request-headers",
    "request-body",
    "request-trailers",
    "response-headers",
    "response-body",
    "response-trailers",
];

#[track_caller]
fn compare(scenarios: impl IntoIterator<Item = Scenario>) {
    for run in on_every_host::<Probe>("waxwing-probe", scenarios) {
        for exchange in run.exchanges() {
            // Hosts that agree on this have not been compared.
            exchange.logs().assert_lacks("malformed answer");
        }
        for connection in run.connections() {
            connection.logs().assert_lacks("malformed answer");
        }
    }
}

/// A scenario with this script, whose upstream answers in two pieces, with a trailer. No other has its name.
fn scenario(name: impl Into<String>, script: &str) -> Scenario {
    let response = Response::new(200).header("x-origin", "1").chunks(["up", "stream"]).trailer("x-end", "1");
    Scenario::new(name).config(script).origin(move |_| response.clone())
}

/// A request with a body of two pieces, and a trailer.
fn full() -> Request {
    Request::post("/a?b=c").header("x-a", "1").header("x-a", "2").chunks(["ab", "cde"]).trailer("x-sum", "5")
}

/// A request with a body of one piece, ended as HTTP/1 ends it in Envoy.
fn with_body() -> Request {
    Request::post("/a?b=c").body("abc").empty_end()
}

fn without_body() -> Request {
    Request::get("/a?b=c")
}
