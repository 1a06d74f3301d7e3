//! A mock host for Proxy-Wasm extensions.
#![forbid(unsafe_code)]

mod backend;
mod config;
mod difference;
#[cfg(feature = "envoy")]
pub mod envoy;
mod evidence;
mod exchange;
mod host_call;
mod http;
mod log;
mod scenario;
mod seen;
mod timeline;
mod trap;

pub use config::IntoConfig;
pub use exchange::{Exchange, Outcome};
pub use host_call::{HostCall, Reply};
pub use http::{Body, HeaderList, Request, Response};
pub use log::{Level, LogLine, Logs};
pub use scenario::{FailurePolicy, Runner, Scenario};
pub use seen::Seen;
pub use timeline::{Arguments, Event, Returned, Timeline};
pub use trap::Trap;

#[doc(inline)]
pub use serde_json::json;
#[doc(inline)]
pub use waxwing::__private::{BufferType, Callback, MapType, StreamType};

/// What an upstream answers that nothing else was said about: 200, with the body that it received.
pub fn echo(request: &Request) -> Response {
    let response = Response::new(200);
    if request.body_bytes().is_empty() { response } else { response.body(request.body_bytes()) }
}
