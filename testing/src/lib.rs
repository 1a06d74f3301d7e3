//! A mock host for Proxy-Wasm extensions: it runs them in `cargo test`, natively and in milliseconds, as
//! Envoy would.
//!
//! ```
//! # use waxwing::prelude::*;
//! # #[derive(Extension)]
//! # #[extension(http = Stream)]
//! # struct BlockList;
//! # impl RootContext for BlockList {
//! #     type Config = ();
//! #     fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> { Ok(BlockList) }
//! # }
//! # struct Stream;
//! # #[callbacks]
//! # impl HttpContext for Stream {
//! #     type Root = BlockList;
//! #     fn new(_: &BlockList) -> Self { Stream }
//! #     fn on_request_headers(&mut self, _: &mut RequestHeaders<'_>) -> Result<Action> {
//! #         Ok(LocalResponse::new(403).into())
//! #     }
//! # }
//! use waxwing_testing::{Host, Request};
//!
//! let host = Host::builder::<BlockList>().start();
//! host.exchange(Request::get("/admin")).local_response().assert_status(403);
//! ```
//!
//! | to | use |
//! |---|---|
//! | send a whole request and look at what became of it | [`Host::exchange`], [`Exchange`] |
//! | stop in between, or play both sides | [`Host::open`], [`Host::begin`], [`HttpStream`] |
//! | answer an extension's callouts | [`Host::upstream`], [`matching`], [`Answer`] |
//! | let time pass | [`Host::clock`] |
//! | be another host than Envoy | [`Profile`], [`HostBuilder::profile`] |
//! | run the same test on the built `.wasm` (feature `wasm`), in a real Envoy (feature `envoy`) | [`test`](macro@test), `on_each_host!`, `Host::wasm` |
//! | let host calls fail | [`fault`] |
//! | look for what is wrong in many runs of a scenario | [`explore`] |
//! | run an extension that is written on the crate `proxy-wasm` (feature `link`) | `link!`, `Host::linked` |
//! | compare hosts, a real Envoy among them (feature `envoy`) | [`Scenario`], [`Runner`], [`Run`], `on_every_host` |
//!
//! `docs/testing.md` is the guide; `docs/fidelity.md` says where the model and Envoy differ.
// With that feature, two files allow it.
#![cfg_attr(not(feature = "link"), forbid(unsafe_code))]
mod answer;
mod attempt;
mod attribute;
mod backend;
mod builder;
mod callout;
mod client;
mod clock;
mod cluster;
#[cfg(all(feature = "wasm", feature = "envoy"))]
mod comparison;
mod config;
mod connection;
mod core;
mod difference;
#[cfg(feature = "wasm")]
mod each_host;
#[cfg(feature = "envoy")]
pub mod envoy;
#[cfg(all(feature = "wasm", feature = "envoy"))]
mod every_host;
mod evidence;
mod excerpt;
mod exchange;
pub mod explore;
mod failure;
pub mod fault;
mod given;
#[cfg(all(feature = "wasm", feature = "envoy"))]
mod golden;
mod grpc;
mod host;
mod host_call;
mod http;
mod http_runner;
#[cfg(feature = "link")]
pub mod link;
mod log;
pub mod matching;
mod metric;
mod misuse;
mod native;
mod panic;
mod phase;
mod profile;
mod queue;
mod quoted;
mod random;
mod reconfiguration;
mod route;
mod run;
mod runner;
mod scenario;
mod seen;
mod shared_data;
mod start_error;
mod step;
#[cfg(feature = "proptest")]
pub mod strategy;
mod stream;
mod style;
mod table;
mod tcp;
mod tcp_runner;
mod timeline;
mod trace;
mod trap;
mod upstream;
#[cfg(feature = "wasm")]
pub mod wasm;
mod worker;

pub use answer::Answer;
pub use attribute::AttributeValue;
pub use builder::HostBuilder;
pub use callout::Callout;
pub use client::Client;
pub use clock::Clock;
pub use config::IntoConfig;
pub use connection::TcpConnection;
#[cfg(all(feature = "wasm", feature = "envoy"))]
pub use every_host::on_every_host;
pub use exchange::{Exchange, Outcome};
#[doc(hidden)]
pub use given::__private;
pub use given::Given;
pub use grpc::{GrpcAnswer, GrpcRequest, GrpcStep};
pub use host::Host;
pub use host_call::{HostCall, Reply};
pub use http::{HeaderList, Request, Response};
pub use log::{LogLine, Logs};
pub use metric::{Metric, metric_name};
pub use misuse::Misuse;
pub use phase::{EndOfStream, Phase};
pub use profile::{Profile, Support};
pub use queue::SharedQueue;
pub use run::Run;
#[cfg(feature = "link")]
pub use runner::Linked;
#[cfg(feature = "wasm")]
pub use runner::Wasm;
pub use runner::{Native, Runner};
pub use scenario::{FailurePolicy, Scenario};
pub use seen::Seen;
pub use start_error::StartError;
pub use step::Step;
pub use stream::HttpStream;
pub use tcp::{TcpExchange, TcpScript, TcpSide, TcpStep};
pub use timeline::{Arguments, Event, Returned, Timeline};
pub use trap::Trap;
pub use upstream::{Grpc, GrpcRule, GrpcUpstream, Http, Protocol, Rule, Times, Upstream};
pub use worker::Worker;

#[doc(inline)]
pub use serde_json::{Value, json};
#[doc(inline)]
pub use waxwing::__private::{BufferType, Callback, MapType, MetricType, PeerType, StreamType};
#[doc(inline)]
pub use waxwing::{LogLevel, Status};
/// ```
/// # use waxwing::prelude::*;
/// # #[derive(Extension)]
/// # #[extension(http = Stream)]
/// # struct AddHeader;
/// # impl RootContext for AddHeader {
/// #     type Config = ();
/// #     fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> { Ok(AddHeader) }
/// # }
/// # struct Stream;
/// # #[callbacks]
/// # impl HttpContext for Stream {
/// #     type Root = AddHeader;
/// #     fn new(_: &AddHeader) -> Self { Stream }
/// # }
/// # fn main() {}
/// use waxwing_testing::{HostBuilder, Request, Runner, Scenario};
///
/// # #[cfg(feature = "wasm")]
/// #[waxwing_testing::test(extension = AddHeader)]
/// fn adds_the_header(host: HostBuilder) {
///     host.start().exchange(Request::get("/")).response().assert_header("x-tag", "blue");
/// }
///
/// # #[cfg(all(feature = "wasm", feature = "envoy"))]
/// #[waxwing_testing::test(extension = AddHeader, hosts(native, wasm, envoy))]
/// fn adds_it_everywhere(host: &dyn Runner) {
///     let scenario = Scenario::new("a header").request(Request::get("/"));
///     host.run(&scenario)[0].response().assert_header("x-tag", "blue");
/// }
/// ```
#[doc(inline)]
pub use waxwing_testing_macros::test;

/// What an upstream answers that nothing else was said about: 200, with the body that it received.
pub fn echo(request: &Request) -> Response {
    let response = Response::new(200);
    if request.body_bytes().is_empty() { response } else { response.body(request.body_bytes()) }
}
