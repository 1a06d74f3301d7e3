//! Write Proxy-Wasm extensions for Envoy, Istio, nginx, Kong, Higress and other proxies, in safe Rust.
//!
//! An extension is a [`RootContext`], made from its configuration, and an [`HttpContext`] per HTTP stream or a
//! [`StreamContext`] per TCP connection, made from the root context. The callbacks of a stream get a *view*, which has
//! what the host serves in that phase and nothing else, and decide with an [`Action`], or with a [`Flow`] where it is
//! too late to answer the client.
//!
//! ```
//! use waxwing::prelude::*;
//!
//! /// One per configured plugin instance. Its configuration is the value to send.
//! #[derive(Extension)]
//! #[extension(http = TagStream)]
//! struct Tag {
//!     value: String,
//! }
//!
//! impl RootContext for Tag {
//!     type Config = String;
//!
//!     fn configure(value: String, _cx: &mut Configure<'_>) -> Result<Self> {
//!         Ok(Tag { value })
//!     }
//! }
//!
//! /// One per HTTP stream.
//! struct TagStream {
//!     value: String,
//! }
//!
//! #[callbacks]
//! impl HttpContext for TagStream {
//!     type Root = Tag;
//!
//!     fn new(root: &Tag) -> Self {
//!         TagStream { value: root.value.clone() }
//!     }
//!
//!     fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
//!         if request.headers().get("x-forbidden")?.is_some() {
//!             return Ok(LocalResponse::new(403).body("not with that header").into());
//!         }
//!         request.headers_mut().set("x-tag", &self.value)?;
//!         Ok(Action::Continue)
//!     }
//! }
//! ```
//!
//! Build it as a `cdylib` with `cargo build --release --target wasm32-wasip1`, and test it natively with the
//! crate `waxwing-testing`.
//!
//! # What an extension can do
//!
//! | to | use |
//! |---|---|
//! | read and change headers and trailers | [`RequestHeaders`], [`ResponseHeaders`], [`RequestTrailers`], [`ResponseTrailers`]: [`Headers`], [`HeadersMut`] |
//! | inspect, change or collect bodies | [`BodyMode`], [`RequestBody`], [`ResponseBody`] |
//! | answer the client | [`LocalResponse`] |
//! | see the bytes of TCP connections | [`StreamContext`], [`NewConnection`], [`DownstreamData`], [`UpstreamData`] |
//! | be configured | [`RootContext::Config`]: text, bytes, `Json` or a [`FromConfig`] of your own |
//! | ask another service | [`HttpCall`], [`GrpcCall`], [`GrpcStream`] |
//! | resolve names, in Envoy | `DnsLookupId` and `resolve_dns` of views, with the feature `envoy-dns` |
//! | wait, or do something again and again | [`StreamView::set_timer`], [`RootView::set_interval`] |
//! | share with other workers | [`View::shared_data`], [`Queue`] |
//! | count and measure | [`Counter`], [`Gauge`], [`Histogram`], [`MetricFamily`] |
//! | know the request, the connection and the proxy | [`View::attribute`] and the catalogue [`attributes`] |
//! | tell other filters and the router | [`View::set_property`], [`foreign::FilterState`], [`foreign::clear_route_cache`] |
//! | compress, sign, evaluate CEL, call what a host has beyond the ABI | [`foreign`], [`View::call_foreign_function`] |
//! | log | the macros of the crate `log`, [`View::log`], [`HttpContext::on_log`] |
//! | do things without a stream | [`RootCallbacks`] |
//! | put several extensions into one module | [`extensions!`] |
//! | say what becomes of an error | [`ErrorPolicy`] |
//!
//! What a view can do, it can do in its phase: the callback's parameter has the list. Everything that reaches the host is a
//! [`Result`]. Not every host has everything: `docs/hosts.md` in the repository has it by function, and each item here
//! says what differs.
//!
//! # What never happens
//!
//! No answer of a host makes the SDK panic: not an unknown status, not a header block with wrong lengths, not
//! a callback for a context that is gone. Such things are errors, or logged at a limited rate.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `std` | yes | a hook that logs a panic's message and place before the trap |
//! | `log` | yes | the macros of the `log` crate write to the host's log |
//! | `json` | yes | [`Json`], a configuration of any type that implements serde's `Deserialize`; shared data of such types |
//! | `prost` | no | gRPC messages of any type that implements `prost::Message`, version 0.14 |
//! | `envoy-dns` | no | DNS lookups: `resolve_dns` of views, and the callback `on_dns_resolved`; Envoy only |
//! | `wee_alloc` | no | the `wee_alloc` allocator, on wasm only; see below |
//!
//! Without `std` the crate needs `alloc` only. It never sets an allocator by itself.
//!
//! ## `wee_alloc`
//!
//! It makes a module a little smaller. It is unmaintained and known to leak (RUSTSEC-2022-0054), which in a
//! proxy that runs for weeks is a slow outage. The default allocator of `wasm32-wasip1` is a good one; if
//! size matters, the crates `rlsf` and `talc` are as small, free what they allocate, and are maintained:
//! set one as the `#[global_allocator]` of the extension.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::std_instead_of_core, clippy::std_instead_of_alloc, clippy::alloc_instead_of_core)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;
#[cfg(any(feature = "std", test, not(target_arch = "wasm32")))]
extern crate std;

#[doc(hidden)]
pub mod abi;
mod action;
pub mod attributes;
mod body_mode;
mod callout;
mod config;
mod context;
mod dispatcher;
mod error;
pub mod exchange;
pub mod foreign;
mod headers;
mod hold;
mod local_response;
mod logging;
mod metric;
#[doc(hidden)]
pub mod pairs;
mod panic;
mod protobuf;
mod queue;
mod shared_data;
mod status;
mod timer;
mod view;

pub mod prelude;

pub use abi::wire::PeerType;
pub use action::{Action, Done, ErrorPolicy, Flow};
pub use body_mode::BodyMode;
pub use callout::{
    CallError, Caller, GrpcCall, GrpcCallId, GrpcCallResponse, GrpcClose, GrpcMessage, GrpcStatus,
    GrpcStream, HttpCall, HttpCallId, HttpCallResponse,
};
#[cfg(feature = "envoy-dns")]
#[cfg_attr(docsrs, doc(cfg(feature = "envoy-dns")))]
pub use callout::{DnsAddress, DnsAddresses, DnsAnswer, DnsLookupId};
#[cfg(feature = "json")]
pub use config::Json;
pub use config::{Configure, FromConfig};
pub use context::{Extension, HttpContext, Module, RootCallbacks, RootContext, StreamContext};
pub use error::{Error, InvalidHeader, Result};
pub use headers::{HeaderValue, Headers, HeadersMut, Values};
pub use hold::Hold;
pub use local_response::{Bytes, IntoBytes, LocalResponse};
pub use logging::LogLevel;
pub use metric::{
    Counter, CounterFamily, Gauge, GaugeFamily, Histogram, HistogramFamily, InvalidMetric, Metric,
    MetricFamily,
};
pub use pairs::Pairs;
pub use panic::log_panic;
pub use queue::{Drain, Queue};
pub use shared_data::{Cas, SharedData, SharedDataError, Swap};
pub use status::Status;
pub use timer::TimerId;
pub use view::{
    ConnectionLog, ConnectionView, DownstreamClose, DownstreamData, HostView, NewConnection, RequestBody,
    RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders, ResponseTrailers, RootView, StreamDone,
    StreamLog, StreamView, UpstreamClose, UpstreamData, View, VmStart,
};
pub use waxwing_macros::{Extension, callbacks};

#[cfg(feature = "log")]
pub use ::log;

#[cfg(all(feature = "wee_alloc", target_arch = "wasm32"))]
#[global_allocator]
static ALLOCATOR: wee_alloc::WeeAlloc<'static> = wee_alloc::WeeAlloc::INIT;

/// Puts several extensions into one module; the proxy's configuration chooses by `root_id`.
///
/// Each has a `root_id` of its own in its derive. They share the VM where the proxy makes one for them, and nothing
/// else: not their contexts, timers, callouts and log levels. The module exports what any of them implements.
///
/// ```
/// use waxwing::prelude::*;
///
/// #[derive(Extension)]
/// #[extension(http = TagStream, root_id = "tag")]
/// struct Tag;
/// # impl RootContext for Tag {
/// #     type Config = ();
/// #     fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> { Ok(Tag) }
/// # }
/// # struct TagStream;
/// # #[callbacks]
/// # impl HttpContext for TagStream {
/// #     type Root = Tag;
/// #     fn new(_root: &Tag) -> Self { TagStream }
/// # }
///
/// #[derive(Extension)]
/// #[extension(http = BlockStream, root_id = "block")]
/// struct Block;
/// # impl RootContext for Block {
/// #     type Config = ();
/// #     fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> { Ok(Block) }
/// # }
/// # struct BlockStream;
/// # #[callbacks]
/// # impl HttpContext for BlockStream {
/// #     type Root = Block;
/// #     fn new(_root: &Block) -> Self { BlockStream }
/// # }
///
/// waxwing::extensions! {
///     /// What the proxy loads: `root_id: tag`, or `root_id: block`.
///     struct Edge(Tag, Block);
/// }
/// ```
///
/// To make it `pub`, make the extensions `pub` too. A test starts it as `Host::builder::<Edge>().root_id("tag")`. A root
/// context whose `root_id` none of them has is logged, and its configuration is refused.
#[macro_export]
macro_rules! extensions {
    ($($module:tt)*) => {
        $crate::__private::bundle! { $crate, $($module)* }
    };
}

/// What the macros expand to and what host models build on. Not covered by semantic versioning.
#[doc(hidden)]
pub mod __private {
    pub use crate::__exports as export_all;
    #[cfg(target_arch = "wasm32")]
    pub use crate::abi::guest::initialize;
    pub use crate::abi::guest::{Callback, Callbacks, Guest, Static};
    #[cfg(all(not(target_arch = "wasm32"), feature = "log"))]
    pub use crate::abi::host::log_enabled;
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::abi::host::{
        Answer, GrpcCallParts, Host, HttpCallParts, LocalResponseParts, Memory, enter,
    };
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::abi::imports;
    pub use crate::abi::wire::{BufferType, MapType, MetricType, NO_GRPC_STATUS, PeerType, StreamType};
    pub use crate::context::are_distinct;
    pub use crate::context::{DeriveWithoutRoot, Extension, Module, NoStreams, RootCallbacks, RootContext};
    pub use crate::dispatcher::{Bundle, Dispatcher, Part};
    pub use crate::exchange::{DeriveWithoutTask, Exchanges, HasTask, NoTask};
    pub use crate::pairs;
    pub use crate::view::scope;
    pub use waxwing_macros::{bundle, exports, keep_exports};
}
