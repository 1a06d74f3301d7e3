//! A mock host for Proxy-Wasm extensions.
#![forbid(unsafe_code)]

mod http;
mod log;
#[cfg(feature = "wasm")]
pub mod wasm;

pub use http::{Body, HeaderList, Request, Response};
pub use log::{Level, LogLine};
