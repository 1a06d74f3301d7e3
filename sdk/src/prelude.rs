//! What an extension needs, in one line: `use waxwing::prelude::*;`.

#[cfg(feature = "json")]
pub use crate::Json;
pub use crate::{
    Action, CallError, Cas, Configure, Done, Error, ErrorPolicy, Extension, Flow, FromConfig, Headers,
    HeadersMut, HttpCall, HttpCallId, HttpCallResponse, HttpContext, LocalResponse, LogLevel, RequestBody,
    RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders, ResponseTrailers, Result, RootCallbacks,
    RootContext, RootView, SharedData, SharedDataError, Status, StreamDone, StreamLog, StreamView, Swap,
    View, VmStart, callbacks,
};
