//! Who makes callouts, and how the answer comes.

use crate::view::{Cx, View};
use crate::{GrpcCallId, GrpcStream, HttpCallId, Result};

/// What a callout is sent from: the view of a callback, whose context gets the answer in a callback of its own, or a
/// stage of an exchange, whose function awaits it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view",
    label = "needs the view of a callback, or a stage of an exchange",
    note = "the host is asked in callbacks, with the view that each gets; in `new` there is no stream yet: ask in its \
            first callback"
)]
pub trait Caller {
    /// What sending an HTTP callout gives.
    type HttpCall;
    /// What making a unary gRPC call gives.
    type GrpcCall;
    /// What opening a gRPC stream gives.
    type GrpcStream;

    #[doc(hidden)]
    #[track_caller]
    fn http_call(&self, start: impl FnOnce(Cx<'_>) -> Result<HttpCallId>) -> Self::HttpCall;

    #[doc(hidden)]
    #[track_caller]
    fn grpc_call(&self, start: impl FnOnce(Cx<'_>) -> Result<GrpcCallId>) -> Self::GrpcCall;

    #[doc(hidden)]
    fn grpc_stream(&self, start: impl FnOnce(Cx<'_>) -> Result<GrpcStream>) -> Self::GrpcStream;
}

impl<'cb, V: View<'cb>> Caller for V {
    type HttpCall = Result<HttpCallId>;
    type GrpcCall = Result<GrpcCallId>;
    type GrpcStream = Result<GrpcStream>;

    #[inline(always)]
    fn http_call(&self, start: impl FnOnce(Cx<'_>) -> Result<HttpCallId>) -> Self::HttpCall {
        start(self.cx())
    }

    #[inline(always)]
    fn grpc_call(&self, start: impl FnOnce(Cx<'_>) -> Result<GrpcCallId>) -> Self::GrpcCall {
        start(self.cx())
    }

    #[inline(always)]
    fn grpc_stream(&self, start: impl FnOnce(Cx<'_>) -> Result<GrpcStream>) -> Self::GrpcStream {
        start(self.cx())
    }
}
