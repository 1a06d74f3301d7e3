//! What crashed other SDKs, or was delivered to the wrong stream: one test per report, or per kind of report, on the
//! model, as `.wasm` and in Envoy.
//!
//! What only a hostile host can show is in `sdk/tests/incidents`. `docs/incidents.md` lists all of it; here, a comment
//! names the reports by project and number: `proxy-wasm-rust-sdk 25` is the issue or the pull request 25 of
//! proxy-wasm/proxy-wasm-rust-sdk.
#![cfg(all(feature = "wasm", feature = "envoy"))]
#![allow(missing_docs, reason = "a test")]

mod callout;
mod message;
mod page;
mod stream;
mod time;

use std::time::Duration;
use waxwing_incidents::Incidents;
use waxwing_testing::{
    Answer, EndOfStream, GrpcAnswer, GrpcRequest, Host, Outcome, Phase, Request, Response, Run, Scenario,
    on_each_host, on_every_host,
};

/// Runs it on every host, and gives what they agree on.
#[track_caller]
fn run(scenario: Scenario) -> Run {
    on_every_host::<Incidents>("waxwing-incidents", [scenario]).remove(0)
}

/// A request whose stream does that.
fn doing(what: &str) -> Request {
    Request::get("/").header("x-do", what)
}

/// An upstream of callouts that answers at once.
fn authz(_request: &Request) -> Answer {
    Response::new(200).into()
}
