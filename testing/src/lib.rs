//! A mock host for Proxy-Wasm extensions.
#![forbid(unsafe_code)]

#[cfg(feature = "envoy")]
pub mod envoy;
mod http;
mod log;

pub use http::{Body, HeaderList, Request, Response};
pub use log::{Level, LogLine};
