//! Root contexts.

use crate::abi::guest::Callbacks;
#[cfg(feature = "envoy-dns")]
use crate::callout::{DnsAnswer, DnsLookupId};
use crate::callout::{
    GrpcCallId, GrpcCallResponse, GrpcClose, GrpcMessage, GrpcStream, HttpCallId, HttpCallResponse,
};
use crate::config::{Configure, FromConfig};
use crate::queue::Queue;
use crate::view::{RootView, StreamLog, VmStart};
use crate::{Done, ErrorPolicy, Headers, Result, TimerId};

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

/// What a root context does besides making streams: timers, answers to its own callouts.
///
/// It is optional. An extension that has it says so with `root` in its derive, and puts `#[callbacks]` on the
/// `impl`, which exports the callbacks that are written there and no others:
///
/// ```
/// use waxwing::prelude::*;
///
/// #[derive(Extension)]
/// #[extension(http = Stream, root)]
/// struct Warmed {
///     is_warm: bool,
/// }
///
/// impl RootContext for Warmed {
///     type Config = ();
///     fn configure(_config: (), cx: &mut Configure<'_>) -> Result<Self> {
///         HttpCall::get("origin", "/warm-up").send(cx)?;
///         Ok(Warmed { is_warm: false })
///     }
/// }
///
/// #[callbacks]
/// impl RootCallbacks for Warmed {
///     fn on_http_call_response(
///         &mut self,
///         _call: HttpCallId,
///         response: &HttpCallResponse<'_>,
///         _root: &mut RootView<'_>,
///     ) -> Result<()> {
///         self.is_warm = response.status()? == 200;
///         Ok(())
///     }
/// }
///
/// struct Stream;
///
/// #[callbacks]
/// impl HttpContext for Stream {
///     type Root = Warmed;
///     fn new(_root: &Warmed) -> Self {
///         Stream
///     }
/// }
/// ```
///
/// An error that a callback returns is logged with the callback's name. There is no stream for an error policy.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no root callbacks",
    label = "needs an `impl RootCallbacks`, because its derive says `root`",
    note = "write `#[callbacks] impl RootCallbacks for {Self} {{ … }}`, or leave `root` out"
)]
#[allow(unused_variables, reason = "the defaults ignore what they are given")]
pub trait RootCallbacks: RootContext {
    /// Filled in by `#[callbacks]`.
    #[doc(hidden)]
    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks;

    /// The VM has started (`proxy_on_vm_start`). There is no root context yet: it is made from its configuration.
    ///
    /// Envoy calls it once for each root context, before it is configured.
    ///
    /// # Errors
    ///
    /// An error is logged and refuses to start: Envoy does not accept the listener that has the extension.
    fn on_vm_start(vm: &mut VmStart<'_>) -> Result<()> {
        Ok(())
    }

    /// An HTTP callout of the root context has ended (`proxy_on_http_call_response`): with a response, or without;
    /// see [`HttpCallResponse`].
    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        response: &HttpCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        Ok(())
    }

    /// A timer of the root context is due (`proxy_on_tick`); see [`TimerId`].
    fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
        Ok(())
    }

    /// An item is in a queue that this root context has registered (`proxy_on_queue_ready`).
    ///
    /// It comes once for each item that was put in, later than the callback that did it. Items may be gone by then:
    /// taken out by another worker, or at an earlier call. So take out what is there, also if that is nothing.
    fn on_queue_ready(&mut self, queue: Queue, root: &mut RootView<'_>) -> Result<()> {
        Ok(())
    }

    /// A DNS lookup of the root context has ended (`envoy_on_resolve_dns`): with addresses, or without; see [`DnsLookupId`] for
    /// when that is. Envoy and its relatives only.
    #[cfg(feature = "envoy-dns")]
    #[cfg_attr(docsrs, doc(cfg(feature = "envoy-dns")))]
    fn on_dns_resolved(
        &mut self,
        lookup: DnsLookupId,
        answer: &DnsAnswer<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        Ok(())
    }

    /// The host calls a function of the extension's (`proxy_on_foreign_function`): by a number, and with an argument,
    /// which both are up to the host. Envoy never does, ngx_wasm_module may.
    fn on_foreign_function(&mut self, function: u32, argument: &[u8], root: &mut RootView<'_>) -> Result<()> {
        Ok(())
    }

    /// The host is about to delete the root context, because the extension or its configuration is taken out of
    /// service (`proxy_on_done`).
    ///
    /// With [`Done::Later`] it lives on, with its timers and callouts, until it calls
    /// [`RootView::done`](crate::RootView::done). Envoy asks no root context that was only tried out, and none when the
    /// process ends. An error is logged, and ends it now.
    fn on_done(&mut self, root: &mut RootView<'_>) -> Result<Done> {
        Ok(Done::Now)
    }

    /// A stream is complete, and the extension is not one of its filters but the proxy's access logger
    /// (`proxy_on_log`, for the root context).
    ///
    /// Envoy and its relatives only, where the extension is configured as `envoy.access_loggers.wasm`.
    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        Ok(())
    }

    /// A unary gRPC call of the root context has ended: with a message (`proxy_on_grpc_receive`), or without
    /// (`proxy_on_grpc_close`); see [`GrpcCallResponse`]. It is called once for each call.
    ///
    /// Only Envoy and its relatives have gRPC; so it is with the callbacks of gRPC streams.
    fn on_grpc_call_response(
        &mut self,
        call: GrpcCallId,
        response: &GrpcCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        Ok(())
    }

    /// The server of a gRPC stream of the root context has sent its initial metadata, which come before its messages
    /// (`proxy_on_grpc_receive_initial_metadata`).
    ///
    /// Envoy shows the headers of the HTTP response as metadata, `:status` and `content-type` among them, and none if the
    /// server has ended the stream without a message.
    fn on_grpc_stream_initial_metadata(
        &mut self,
        grpc: GrpcStream,
        metadata: Headers<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        Ok(())
    }

    /// The server of a gRPC stream of the root context has sent a message (`proxy_on_grpc_receive`).
    fn on_grpc_stream_message(
        &mut self,
        grpc: GrpcStream,
        message: &GrpcMessage<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        Ok(())
    }

    /// The server of a gRPC stream of the root context has sent its trailing metadata, which come behind its messages
    /// (`proxy_on_grpc_receive_trailing_metadata`). Envoy has `grpc-status` and `grpc-message` among them.
    fn on_grpc_stream_trailing_metadata(
        &mut self,
        grpc: GrpcStream,
        metadata: Headers<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        Ok(())
    }

    /// A gRPC stream of the root context has ended (`proxy_on_grpc_close`): nothing more comes from it, and nothing can
    /// be sent. It is not called for one that the extension has cancelled.
    fn on_grpc_stream_close(
        &mut self,
        grpc: GrpcStream,
        close: &GrpcClose<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        Ok(())
    }
}

/// What a derive without `root` implements: there are no root callbacks.
///
/// The compiler names it where there is an `impl RootCallbacks` all the same, which would be the second.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no root callbacks",
    label = "needs an `impl RootCallbacks`, because its derive says `root`",
    note = "write `#[callbacks] impl RootCallbacks for {Self} {{ … }}`, or leave `root` out"
)]
pub trait DeriveWithoutRoot {}

impl<R: RootContext + DeriveWithoutRoot> RootCallbacks for R {
    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = Callbacks::NONE;
}
