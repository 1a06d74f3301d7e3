//! What crashed other SDKs, or was delivered to the wrong context, and can only be shown by a host that does what
//! Envoy no longer does, or never did: one test per report, or per kind of report.
//!
//! `docs/incidents.md` lists all of them, with those that the mock host and Envoy show
//! (`testing/tests/incidents`). A comment names the reports by project and number: `proxy-wasm-rust-sdk 25` is the
//! issue or the pull request 25 of proxy-wasm/proxy-wasm-rust-sdk.
#![forbid(unsafe_code)]
#![allow(missing_docs, reason = "a test")]

mod after_end;
mod delivery;
mod extension;
mod failure;
mod host;
mod life;
mod logging;
mod reentry;
mod response;
mod shared;
mod status;
mod text;
mod time;
mod token;

use extension::Script;
use host::ScriptedHost;
use waxwing::__private::{Guest, pairs};
use waxwing::prelude::*;

const CONTINUE: u32 = 0;
const PAUSE: u32 = 1;

/// The calls to this import, of those that were recorded.
fn of<'a>(calls: &'a [String], import: &str) -> Vec<&'a str> {
    calls.iter().filter_map(|call| call.strip_prefix(import)).collect()
}

/// A pair block with one pair.
fn block(name: &[u8], value: &[u8]) -> Vec<u8> {
    let pairs = std::iter::once((name, value));
    let mut block = vec![0; pairs::encoded_size(pairs.clone()).unwrap()];
    pairs::encode(pairs, &mut block);
    block
}
