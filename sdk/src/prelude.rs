//! What an extension needs, in one line: `use waxwing::prelude::*;`.

#[cfg(feature = "json")]
pub use crate::Json;
pub use crate::{
    Action, BodyMode, CallError, Cas, Configure, ConnectionLog, ConnectionView, Counter, CounterFamily, Done,
    DownstreamClose, DownstreamData, Error, ErrorPolicy, Extension, Flow, FromConfig, Gauge, GrpcCall,
    GrpcCallId, GrpcCallResponse, GrpcClose, GrpcMessage, GrpcStatus, GrpcStream, Headers, HeadersMut,
    Histogram, HttpCall, HttpCallId, HttpCallResponse, HttpContext, LocalResponse, LogLevel, NewConnection,
    PeerType, Queue, RequestBody, RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders,
    ResponseTrailers, Result, RootCallbacks, RootContext, RootView, SharedData, SharedDataError, Status,
    StreamContext, StreamDone, StreamLog, StreamView, Swap, TimerId, UpstreamClose, UpstreamData, View,
    VmStart, callbacks,
};
