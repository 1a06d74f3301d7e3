//! HTTP streams.

use crate::abi::guest::Callbacks;
use crate::callout::{HttpCallId, HttpCallResponse};
use crate::view::{
    RequestBody, RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders, ResponseTrailers,
    StreamDone, StreamLog, StreamView,
};
use crate::{Action, Flow, Result};

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

    /// Begins a stream (`proxy_on_context_create`). Nothing of the request is there yet.
    fn new(root: &Self::Root) -> Self;

    /// The headers of the request have arrived.
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// A part of the request's body has arrived.
    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// The trailers of the request have arrived, which end it.
    ///
    /// ngx_wasm_module, APISIX, Apache Traffic Server and Google Service Extensions have no trailers.
    fn on_request_trailers(&mut self, request: &mut RequestTrailers<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// The headers of the response have arrived; 1xx responses are not shown.
    ///
    /// Envoy also shows the response of another filter, and the extension's own if it answered the request.
    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }

    /// A part of the response's body has arrived. The headers are on their way to the client.
    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// The trailers of the response have arrived, which end it; see
    /// [`on_request_trailers`](HttpContext::on_request_trailers).
    fn on_response_trailers(&mut self, response: &mut ResponseTrailers<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
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
