//! Measures what a test costs, and writes `docs/testing-speed.md`. From the repository's folder:
//!
//! ```text
//! cargo run --manifest-path bench/speed/Cargo.toml                      as `cargo test` compiles
//! cargo run --manifest-path bench/speed/Cargo.toml --profile measured   as optimised
//! ```
//!
//! Each run writes its own part of the page, with the machine that it ran on. Nothing fails if the numbers are others: they
//! are times, and budgets are for what is counted.
#![forbid(unsafe_code)]

mod module;
mod own_engine;
mod page;
mod stopwatch;

use own_engine::OwnEngine;
use page::Row;
use std::error::Error;
use stopwatch::time;
use waxwing_speed::Tag;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Host, HostBuilder, Request, link};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

link! {
    fn linked = waxwing_linked::_initialize;
}

/// The configuration of all of them.
const TAG: &str = "blue";

fn main() -> Result<()> {
    let (tag, incumbent) = (module::tag()?, module::incumbent()?);
    let parsed = (WasmModule::from_file(&tag)?, WasmModule::from_file(&incumbent)?);
    let rows = [
        on_host("native, on Waxwing", Host::builder::<Tag>),
        on_host("`.wasm`, on Waxwing", || Host::wasm(&parsed.0)),
        on_host("linked, on `proxy-wasm`", || Host::linked(&linked())),
        on_host("`.wasm`, on `proxy-wasm`", || Host::wasm(&parsed.1)),
        with_an_engine_for_each_test(&incumbent)?,
    ];
    let page = page::write(&rows, &[&tag, &incumbent])?;
    println!("{page}");
    Ok(())
}

/// Tests as the guide has them.
fn on_host(way: &'static str, builder: impl Fn() -> HostBuilder) -> Row {
    let start = || builder().config(TAG).start();
    let host = start();
    let exchange = || host.exchange(request());
    let callbacks = exchange().timeline().callbacks().len();
    Row {
        way,
        callbacks,
        request: time(|| drop(exchange())),
        test: time(|| {
            start().exchange(request()).response().assert_header("x-tag", TAG);
        }),
    }
}

fn request() -> Request {
    Request::get("/cart").header("accept", "*/*").header("user-agent", "a test").header("x-internal", "1")
}

/// What `proxy-wasm/test-framework` does for a test: an engine, the module compiled, an instance.
fn with_an_engine_for_each_test(module: &std::path::Path) -> Result<Row> {
    let mut running = OwnEngine::start(module, TAG)?;
    running.exchange()?;
    Ok(Row {
        way: "`.wasm`, on `proxy-wasm`, with an engine for each test",
        callbacks: own_engine::CALLBACKS,
        request: time(|| running.exchange().expect("it has run before")),
        test: time(|| {
            let started = OwnEngine::start(module, TAG).and_then(|mut test| test.exchange());
            started.expect("it has run before");
        }),
    })
}
