//! Exchanges, functions that await, on every host: one file per subject.
#![cfg(all(feature = "wasm", feature = "envoy"))]
#![allow(missing_docs, reason = "a test")]

mod callout;
mod client;
mod explore;
mod failure;
mod grpc;
mod request;
mod response;
mod time;

use std::time::Duration;
use waxwing_awaiting::Awaiting;
use waxwing_testing::{Answer, Client, Outcome, Request, Response, Run, Scenario, on_every_host};

fn compare<const N: usize>(scenarios: [Scenario; N]) -> [Run; N] {
    on_every_host::<Awaiting>("waxwing-awaiting", scenarios).try_into().unwrap()
}

/// A scenario with this function, which fails closed. No other has its name.
fn scenario(name: impl Into<String>, function: &str) -> Scenario {
    Scenario::new(name).root_id("closed").config(function)
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What lies between two things of which one comes first, in Envoy too.
const LATER: Duration = ms(100);

/// A response of an upstream of callouts, so much later.
fn later(response: Response, steps: u32) -> Answer {
    Answer::from(response).after(LATER * steps)
}
