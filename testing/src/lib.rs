//! A mock host for Proxy-Wasm extensions.
#![forbid(unsafe_code)]

mod backend;
mod builder;
mod clock;
mod config;
mod core;
mod difference;
#[cfg(feature = "envoy")]
pub mod envoy;
#[cfg(all(feature = "wasm", feature = "envoy"))]
mod every_host;
mod evidence;
mod exchange;
mod host;
mod host_call;
mod http;
mod log;
mod native;
mod panic;
mod runner;
mod scenario;
mod seen;
mod stream;
mod timeline;
mod trap;
#[cfg(feature = "wasm")]
pub mod wasm;

pub use builder::{HostBuilder, StartError};
pub use clock::Clock;
pub use config::IntoConfig;
#[cfg(all(feature = "wasm", feature = "envoy"))]
pub use every_host::on_every_host;
pub use exchange::{Exchange, Outcome};
pub use host::Host;
pub use host_call::{HostCall, Reply};
pub use http::{Body, HeaderList, Request, Response};
pub use log::{Level, LogLine, Logs};
pub use runner::Native;
#[cfg(feature = "wasm")]
pub use runner::Wasm;
pub use scenario::{FailurePolicy, Runner, Scenario};
pub use seen::Seen;
pub use stream::{EndOfStream, HttpStream, Phase};
pub use timeline::{Arguments, Event, Returned, Timeline};
pub use trap::Trap;

#[doc(inline)]
pub use serde_json::{Value, json};
#[doc(inline)]
pub use waxwing::__private::{BufferType, Callback, MapType, StreamType};

/// What an upstream answers that nothing else was said about: 200, with the body that it received.
pub fn echo(request: &Request) -> Response {
    let response = Response::new(200);
    if request.body_bytes().is_empty() { response } else { response.body(request.body_bytes()) }
}
