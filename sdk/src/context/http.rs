//! HTTP streams.

use crate::abi::guest::Callbacks;
#[cfg(feature = "envoy-dns")]
use crate::callout::{DnsAnswer, DnsLookupId};
use crate::callout::{
    GrpcCallId, GrpcCallResponse, GrpcClose, GrpcMessage, GrpcStream, HttpCallId, HttpCallResponse,
};
use crate::exchange::Running;
use crate::view::{
    RequestBody, RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders, ResponseTrailers,
    StreamDone, StreamLog, StreamView,
};
use crate::{Action, BodyMode, Error, Flow, Headers, LocalResponse, Result, TimerId};

/// One HTTP stream: a request and its response.
///
/// Implement the callbacks that the extension needs, and put `#[callbacks]` on the `impl`: a module exports
/// these and no others, so that the proxy does not enter it for the rest.
///
/// The order of an exchange is: request headers, request body (any number of times), request trailers, the
/// same for the response, then log and done. A response can begin before its request has ended. Each part
/// may be missing: a stream may be reset, or answered by another filter, at any time.
///
/// An error that a callback returns is logged with the callback's name, and turned into the extension's
/// [`ErrorPolicy`](crate::ErrorPolicy).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an HTTP context",
    label = "needs an `impl HttpContext`",
    note = "write `#[callbacks] impl HttpContext for {Self} {{ … }}`"
)]
#[allow(unused_variables, reason = "the defaults ignore what they are given")]
pub trait HttpContext: Sized + 'static {
    /// The root context that it is a stream of.
    type Root;

    /// Filled in by `#[callbacks]`.
    #[doc(hidden)]
    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks;

    /// Whether it stands for streams that there are not.
    #[doc(hidden)]
    const IS_NONE: bool = false;

    /// Whether it is an exchange: a function that awaits what comes, in place of callbacks.
    #[doc(hidden)]
    const IS_EXCHANGE: bool = false;

    /// The exchange, if it is one.
    #[doc(hidden)]
    #[inline(always)]
    fn exchange(&mut self) -> Option<&mut Running> {
        None
    }

    /// Begins a stream (`proxy_on_context_create`). Nothing of the request is there yet.
    fn new(root: &Self::Root) -> Self;

    /// The same in the memory of a stream that has ended.
    #[doc(hidden)]
    #[inline(always)]
    fn renew(&mut self, root: &Self::Root) {
        *self = Self::new(root);
    }

    /// The headers of the request have arrived.
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// What the stream wants of the body of the request: every piece as it comes, unless this is implemented.
    ///
    /// It is asked when [`on_request_headers`](HttpContext::on_request_headers) has returned, and in each callback of
    /// the rest of the request, and should give the same each time: the headers are the place to decide for a
    /// stream, and its configuration is the place for a limit.
    ///
    /// ```
    /// # use waxwing::prelude::*;
    /// # struct Root;
    /// # impl RootContext for Root {
    /// #     type Config = ();
    /// #     fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> { Ok(Root) }
    /// # }
    /// struct OnlyJson {
    ///     is_json: bool,
    /// }
    ///
    /// #[callbacks]
    /// impl HttpContext for OnlyJson {
    ///     type Root = Root;
    ///     fn new(_root: &Root) -> Self {
    ///         OnlyJson { is_json: false }
    ///     }
    ///     fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
    ///         self.is_json = request.headers().get("content-type")? == Some(b"application/json");
    ///         Ok(Action::Continue)
    ///     }
    ///     fn request_body_mode(&self) -> BodyMode {
    ///         if self.is_json { BodyMode::Buffer { limit: 64 * 1024 } } else { BodyMode::Skip }
    ///     }
    ///     fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
    ///         if body.bytes()?.starts_with(b"{") {
    ///             Ok(Action::Continue)
    ///         } else {
    ///             Ok(LocalResponse::new(400).body("an object is expected").into())
    ///         }
    ///     }
    /// }
    /// ```
    #[inline(always)]
    fn request_body_mode(&self) -> BodyMode {
        BodyMode::Chunks
    }

    /// A piece of the request's body has arrived, where the mode is [`BodyMode::Inspect`].
    ///
    /// It can be read, but not changed or held back. `None` lets it go on; a response answers the client, and nothing
    /// more of the request reaches the upstream.
    fn inspect_request_body(&mut self, body: &RequestBody<'_>) -> Result<Option<LocalResponse>> {
        Err(Error::not_inspected())
    }

    /// A part of the request's body has arrived; in the mode [`BodyMode::Buffer`], all of it.
    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// The trailers of the request have arrived, which end it.
    ///
    /// ngx_wasm_module, APISIX, Apache Traffic Server and Google Service Extensions have no trailers.
    fn on_request_trailers(&mut self, request: &mut RequestTrailers<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// HTTP/2 METADATA of the request has arrived, with so many entries. No host lets them be read.
    ///
    /// It may come between any other callbacks of the request. What it does not do is hold it back: an error is logged,
    /// and the metadata goes on. Envoy and what is built on it; Envoy has it only if `allow_metadata` is set.
    fn on_request_metadata(&mut self, count: usize, stream: &mut StreamView<'_>) -> Result<()> {
        Ok(())
    }

    /// The headers of the response have arrived; 1xx responses are not shown.
    ///
    /// Envoy also shows the response of another filter, and the extension's own if it answered the request.
    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// What the stream wants of the body of the response; see
    /// [`request_body_mode`](HttpContext::request_body_mode).
    #[inline(always)]
    fn response_body_mode(&self) -> BodyMode {
        BodyMode::Chunks
    }

    /// A piece of the response's body has arrived, where the mode is [`BodyMode::Inspect`].
    ///
    /// It can be read, and goes on.
    fn inspect_response_body(&mut self, body: &ResponseBody<'_>) -> Result<()> {
        Err(Error::not_inspected())
    }

    /// A part of the response's body has arrived; in the mode [`BodyMode::Buffer`], all of it. The headers are on their way to the client.
    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// The trailers of the response have arrived, which end it; see
    /// [`on_request_trailers`](HttpContext::on_request_trailers).
    fn on_response_trailers(&mut self, response: &mut ResponseTrailers<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// HTTP/2 METADATA of the response has arrived, with so many entries; see
    /// [`on_request_metadata`](HttpContext::on_request_metadata).
    fn on_response_metadata(&mut self, count: usize, stream: &mut StreamView<'_>) -> Result<()> {
        Ok(())
    }

    /// An HTTP callout of this stream has ended (`proxy_on_http_call_response`): with a response, or without; see
    /// [`HttpCallResponse`].
    ///
    /// [`Action::Continue`] resumes what the stream has paused, [`Action::Pause`] leaves it so, because more is
    /// awaited, and [`Action::Respond`] answers the client. It is not called once the stream has ended.
    ///
    /// ngx_wasm_module resumes the stream by itself when its last callout has ended.
    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// A unary gRPC call of this stream has ended: with a message (`proxy_on_grpc_receive`), or without
    /// (`proxy_on_grpc_close`); see [`GrpcCallResponse`]. It is called once for each call.
    ///
    /// [`Action::Continue`] resumes what the stream has paused, [`Action::Pause`] leaves it so, because more is
    /// awaited, and [`Action::Respond`] answers the client. It is not called once the stream has ended.
    ///
    /// Only Envoy and its relatives have gRPC; so it is with the callbacks of gRPC streams.
    fn on_grpc_call_response(
        &mut self,
        call: GrpcCallId,
        response: &GrpcCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// The server of a gRPC stream of this stream has sent its initial metadata, which come before its messages
    /// (`proxy_on_grpc_receive_initial_metadata`).
    ///
    /// What it returns means the same as in
    /// [`on_grpc_call_response`](HttpContext::on_grpc_call_response). An extension that does not implement this callback,
    /// or another one of gRPC streams, leaves what is paused as it is. Envoy shows the headers of the HTTP response as metadata, `:status`
    /// and `content-type` among them, and none if the server has ended the stream without a message.
    fn on_grpc_stream_initial_metadata(
        &mut self,
        grpc: GrpcStream,
        metadata: Headers<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(Action::Pause)
    }

    /// The server of a gRPC stream of this stream has sent a message (`proxy_on_grpc_receive`).
    fn on_grpc_stream_message(
        &mut self,
        grpc: GrpcStream,
        message: &GrpcMessage<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(Action::Pause)
    }

    /// The server of a gRPC stream of this stream has sent its trailing metadata, which come behind its messages
    /// (`proxy_on_grpc_receive_trailing_metadata`). Envoy has `grpc-status` and `grpc-message` among them.
    fn on_grpc_stream_trailing_metadata(
        &mut self,
        grpc: GrpcStream,
        metadata: Headers<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(Action::Pause)
    }

    /// A gRPC stream of this stream has ended (`proxy_on_grpc_close`): nothing more comes from it, and nothing can be
    /// sent. It is not called for one that the extension has cancelled.
    fn on_grpc_stream_close(
        &mut self,
        grpc: GrpcStream,
        close: &GrpcClose<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(Action::Pause)
    }

    /// A DNS lookup of this stream has ended (`envoy_on_resolve_dns`): with addresses, or without; see [`DnsLookupId`] for
    /// when that is. Envoy and its relatives only.
    ///
    /// What it returns is as in [`on_http_call_response`](HttpContext::on_http_call_response). It is not called once the
    /// stream has ended.
    #[cfg(feature = "envoy-dns")]
    #[cfg_attr(docsrs, doc(cfg(feature = "envoy-dns")))]
    fn on_dns_resolved(
        &mut self,
        lookup: DnsLookupId,
        answer: &DnsAnswer<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// The host calls a function of the extension's, for this stream (`proxy_on_foreign_function`): by a number, and
    /// with an argument, which both are up to the host. Envoy never does, ngx_wasm_module may.
    ///
    /// What it returns is as in [`on_http_call_response`](HttpContext::on_http_call_response).
    fn on_foreign_function(
        &mut self,
        function: u32,
        argument: &[u8],
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// A timer of this stream is due (`proxy_on_tick`); see [`TimerId`].
    ///
    /// [`Action::Continue`] resumes what the stream has paused, [`Action::Pause`] leaves it so, and
    /// [`Action::Respond`] answers the client. It is not called once the stream has ended.
    fn on_timer(&mut self, timer: TimerId, stream: &mut StreamView<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// The proxy has finished with the stream, or it was reset; the context is dropped soon after.
    ///
    /// An error is logged; there is nothing left to refuse.
    fn on_done(&mut self, stream: &mut StreamDone<'_>) -> Result<()> {
        Ok(())
    }

    /// The stream is complete and can be logged; see [`StreamLog`].
    ///
    /// An error is logged; there is nothing left to refuse.
    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        Ok(())
    }
}
