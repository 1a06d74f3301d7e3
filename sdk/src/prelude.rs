//! What an extension needs, in one line: `use waxwing::prelude::*;`.

#[cfg(feature = "json")]
pub use crate::Json;
pub use crate::{
    Action, Configure, Error, ErrorPolicy, Extension, Flow, FromConfig, Headers, HeadersMut, HttpContext,
    LocalResponse, LogLevel, RequestBody, RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders,
    ResponseTrailers, Result, RootContext, Status, StreamDone, StreamLog, View, callbacks,
};
