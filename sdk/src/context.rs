//! The traits that an extension implements. They contain callbacks only; what a callback can do is on the
//! view that it gets.

use crate::abi::guest::Callbacks;
use crate::config::{Configure, FromConfig};
use crate::view::{
    RequestBody, RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders, ResponseTrailers,
    StreamDone, StreamLog,
};
use crate::{Action, ErrorPolicy, Flow, Result};
use core::marker::PhantomData;

/// A root context: one configured instance of an extension, on one worker of the proxy.
///
/// It exists only once its configuration was accepted. Streams are made from it. A proxy makes one per
/// worker and configuration; they share nothing.
///
/// ```
/// use waxwing::prelude::*;
///
/// struct Tag {
///     tag: String,
/// }
///
/// impl RootContext for Tag {
///     type Config = String;
///
///     fn configure(tag: String, _cx: &mut Configure<'_>) -> Result<Self> {
///         if tag.is_empty() {
///             return Err(Error::new("the configuration is the tag to add, and it is empty"));
///         }
///         Ok(Tag { tag })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a root context",
    label = "needs an `impl RootContext`",
    note = "write `impl RootContext for {Self} {{ type Config = …; fn configure(…) -> Result<Self> {{ … }} }}`"
)]
pub trait RootContext: Sized + 'static {
    /// What its configuration is parsed into: `()`, `Vec<u8>`, `String`, `Json<T>`, or your own
    /// [`FromConfig`].
    type Config: FromConfig;

    /// What becomes of a stream when one of its callbacks returns an error. Fails closed by default.
    const ON_ERROR: ErrorPolicy = ErrorPolicy::FailClosed;

    /// Makes the root context from its configuration (`proxy_on_configure`).
    ///
    /// The host calls it when it loads the extension, in every worker, and first in a trial run (Envoy),
    /// and with hosts that can reconfigure again later: then the new root context takes the place of the old
    /// one for new streams.
    ///
    /// # Errors
    ///
    /// An error is logged and refuses the configuration: Envoy does not accept the listener that has it.
    fn configure(config: Self::Config, cx: &mut Configure<'_>) -> Result<Self>;
}

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
/// [`ErrorPolicy`].
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

/// A root context that can be loaded by a host: what `#[derive(Extension)]` implements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an extension",
    label = "needs `#[derive(Extension)]`",
    note = "put `#[derive(Extension)]` and `#[extension(http = …)]` on `{Self}`"
)]
pub trait Extension: RootContext {
    /// Its streams.
    type Http: HttpContext<Root = Self>;
}

/// The streams of an extension whose derive found a mistake, so that it is the only one reported.
#[doc(hidden)]
#[derive(Debug)]
pub struct NoStreams<R>(PhantomData<R>);

impl<R: 'static> HttpContext for NoStreams<R> {
    type Root = R;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = Callbacks::NONE;

    fn new(_root: &R) -> Self {
        NoStreams(PhantomData)
    }
}
