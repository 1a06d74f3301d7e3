//! The modes of bodies and the ways to hold messages back, on every host.
#![cfg(all(feature = "wasm", feature = "envoy"))]
#![allow(missing_docs, reason = "a test")]

mod content_length;
mod hold;
mod limit;
mod shape;

use waxwing_bodies::Bodies;
use waxwing_testing::envoy::Envoy;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{
    Exchange, Native, Outcome, Request, Response, Run, Runner, Scenario, Wasm, on_every_host,
};

fn compare(scenarios: impl IntoIterator<Item = Scenario>) -> Vec<Run> {
    on_every_host::<Bodies>("waxwing-bodies", scenarios)
}

/// The same for requests that are refused when their body comes: the upstream may or may not have seen the headers
/// then, so of Envoy only what the client and the operator saw is compared.
fn compare_answers(scenarios: impl IntoIterator<Item = Scenario>) -> Vec<Run> {
    let module = WasmModule::build("waxwing-bodies").unwrap();
    let runners: [&dyn Runner; 2] = [&Native::<Bodies>::new(), &Wasm::new(module.clone())];
    let compare = |scenario: Scenario| {
        let run = scenario.compare(&runners);
        let envoy = Envoy::new(module.name()).run(&scenario);
        for (here, there) in run.exchanges().iter().zip(envoy.exchanges()) {
            let seen = |exchange: &Exchange| {
                let response = exchange.reached_client().then(|| exchange.response());
                let answer = response.map(|response| (response.status(), response.body_bytes()));
                (answer, exchange.logs().lines().to_vec())
            };
            assert_eq!(seen(here), seen(there));
        }
        run
    };
    scenarios.into_iter().map(compare).collect()
}

/// A scenario with this configuration. No other has its name.
fn scenario(name: impl Into<String>, config: &str) -> Scenario {
    Scenario::new(name).config(config)
}

/// How often it was logged that a callback was called.
fn count(exchange: &Exchange, callback: &str) -> usize {
    exchange.logs().lines().iter().filter(|line| line.message.starts_with(callback)).count()
}
