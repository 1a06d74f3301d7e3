//! Hosts other than Envoy, as the model is them: one file per subject. Where a test is about one fact, it has Envoy's
//! outcome beside that of the host.
#![cfg(feature = "wasm")]

mod buffer;
mod callout;
mod change;
mod choice;
mod function;
mod map;
mod message;
mod module;
mod page;
mod pause;
mod property;
mod sdk;
mod tick;

use std::panic::{AssertUnwindSafe, catch_unwind};
use waxwing_probe::Probe;
use waxwing_testing::{Exchange, Host, Profile, Request, Response};

/// A host of this profile with a probe that runs the script.
fn host(profile: Profile, script: &str) -> Host {
    Host::builder::<Probe>().profile(profile).lenient().config(script).start()
}

/// What becomes of a request there.
fn exchange(profile: Profile, script: &str, request: Request) -> Exchange {
    host(profile, script).exchange(request)
}

/// What a host answers to each line, made in the callback of the request's headers.
fn answers(profile: Profile, lines: &[&str]) -> Vec<String> {
    let script: String = lines.iter().map(|line| format!("request-headers {line}\n")).collect();
    answers_of(&exchange(profile, &script, Request::get("/a?b=c")))
}

/// What the probe has logged of the answers.
fn answers_of(exchange: &Exchange) -> Vec<String> {
    let lines = exchange.logs().lines().iter();
    lines.filter_map(|line| Some(line.message.split_once(" -> ")?.1.to_owned())).collect()
}

/// A request with a body of two pieces, and a trailer.
fn full() -> Request {
    Request::post("/a").chunks(["ab", "cde"]).trailer("x-sum", "5")
}

/// The message with which this fails.
fn failure<T>(run: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).err().expect("it should have failed");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("it says why")).to_owned(),
    }
}

/// The callbacks that log a line of their own, as the probe names them.
fn callbacks(exchange: &Exchange) -> Vec<String> {
    let lines = exchange.logs().lines().iter();
    lines.filter(|line| !line.message.starts_with(' ')).map(|line| line.message.clone()).collect()
}
