//! What an extension needs, in one line: `use waxwing::prelude::*;`.
//!
//! It has the traits and macros, the views and values that the signatures of callbacks name, what one begins with (a callout,
//! a queue, a metric, a local response), and what one matches on. A name that is imported by itself, or defined, wins over
//! one of these.
//!
//! Not in it are the modules [`attributes`](crate::attributes) and [`foreign`](crate::foreign), whose names are short because
//! they stand behind that of their module, and types that seldom need to be named, like
//! [`Pairs`](crate::Pairs) or [`Drain`](crate::Drain).

#[cfg(feature = "json")]
pub use crate::Json;
pub use crate::exchange::{Exchange, HttpExchange, Root, RootTask, Stage, WhileStarting};
pub use crate::{
    Action, BodyMode, CallError, Cas, Configure, ConnectionLog, ConnectionView, Counter, CounterFamily, Done,
    DownstreamClose, DownstreamData, Error, ErrorPolicy, Extension, Flow, FromConfig, Gauge, GaugeFamily,
    GrpcCall, GrpcCallId, GrpcCallResponse, GrpcClose, GrpcMessage, GrpcStatus, GrpcStream, Headers,
    HeadersMut, Histogram, HistogramFamily, HttpCall, HttpCallId, HttpCallResponse, HttpContext,
    LocalResponse, LogLevel, NewConnection, PeerType, Queue, RequestBody, RequestHeaders, RequestTrailers,
    ResponseBody, ResponseHeaders, ResponseTrailers, Result, RootCallbacks, RootContext, RootView,
    SharedData, SharedDataError, Status, StreamContext, StreamDone, StreamLog, StreamView, Swap, TimerId,
    UpstreamClose, UpstreamData, View, VmStart, callbacks,
};
#[cfg(feature = "envoy-dns")]
pub use crate::{DnsAnswer, DnsLookupId};
