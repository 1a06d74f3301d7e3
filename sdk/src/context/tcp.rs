//! TCP connections.

use crate::abi::guest::Callbacks;
#[cfg(feature = "envoy-dns")]
use crate::callout::{DnsAnswer, DnsLookupId};
use crate::callout::{
    GrpcCallId, GrpcCallResponse, GrpcClose, GrpcMessage, GrpcStream, HttpCallId, HttpCallResponse,
};
use crate::view::{
    ConnectionLog, ConnectionView, DownstreamClose, DownstreamData, NewConnection, StreamDone, UpstreamClose,
    UpstreamData,
};
use crate::{Flow, Headers, Result, TimerId};

/// One TCP connection of a client, and the one to the upstream that the proxy makes for it.
///
/// Implement the callbacks that the extension needs, and put `#[callbacks]` on the `impl`: a module exports
/// these and no others, so that the proxy does not enter it for the rest. Envoy has TCP connections, and
/// ngx_wasm_module, APISIX and Google Service Extensions have not.
///
/// ```
/// use waxwing::prelude::*;
///
/// /// Lets only TLS through.
/// #[derive(Extension)]
/// #[extension(tcp = Connection)]
/// struct TlsOnly;
///
/// impl RootContext for TlsOnly {
///     type Config = ();
///
///     fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
///         Ok(TlsOnly)
///     }
/// }
///
/// struct Connection {
///     is_checked: bool,
/// }
///
/// #[callbacks]
/// impl StreamContext for Connection {
///     type Root = TlsOnly;
///
///     fn new(_root: &TlsOnly) -> Self {
///         Connection { is_checked: false }
///     }
///
///     fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
///         if !self.is_checked && data.size() > 0 {
///             if data.range(..1)? != [22] {
///                 data.close()?;
///                 return Ok(Flow::Pause);
///             }
///             self.is_checked = true;
///         }
///         Ok(Flow::Continue)
///     }
/// }
/// ```
///
/// An error that a callback returns is logged with the callback's name. Where bytes pass, or are waited for, it is
/// turned into the extension's [`ErrorPolicy`](crate::ErrorPolicy): failing closed closes the connection.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the context of a TCP connection",
    label = "needs an `impl StreamContext`",
    note = "write `#[callbacks] impl StreamContext for {Self} {{ … }}`"
)]
#[allow(unused_variables, reason = "the defaults ignore what they are given")]
pub trait StreamContext: Sized + 'static {
    /// The root context that it is a connection of.
    type Root;

    /// Filled in by `#[callbacks]`.
    #[doc(hidden)]
    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks;

    /// Whether it stands for connections that there are not.
    #[doc(hidden)]
    const IS_NONE: bool = false;

    /// Begins a connection (`proxy_on_context_create`). Nothing of it is there yet.
    fn new(root: &Self::Root) -> Self;

    /// A client has connected.
    ///
    /// Envoy connects to the upstream when this continues, and reads nothing of what the client sends before it has
    /// connected. After a pause, both begin when the connection is resumed: by the answer to a callout or by a timer,
    /// because nothing else comes until then.
    fn on_new_connection(&mut self, connection: &mut NewConnection<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// The client has sent bytes, or ends what it sends.
    ///
    /// A pause holds back all that was shown: the next callback shows it again, and what has arrived since. When both
    /// sides have ended, Envoy closes the connection, and what is held back is lost.
    fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// The upstream has sent bytes, or ends what it sends.
    ///
    /// A pause holds back all that was shown: the next callback shows it again, and what has arrived since. Nothing
    /// but such a callback lets it go, and when the upstream and the client have ended, it is lost.
    fn on_upstream_data(&mut self, data: &mut UpstreamData<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// The connection to the client is closed (`proxy_on_downstream_connection_close`).
    ///
    /// An error is logged; there is nothing left to refuse.
    fn on_downstream_close(&mut self, connection: &mut DownstreamClose<'_>) -> Result<()> {
        Ok(())
    }

    /// The upstream sends nothing more (`proxy_on_upstream_connection_close`).
    ///
    /// Envoy calls it behind the callback of the last data, also where that paused. If the upstream's connection
    /// breaks, or the client's is closed first, it may not come at all.
    ///
    /// An error is logged, and that is all.
    fn on_upstream_close(&mut self, connection: &mut UpstreamClose<'_>) -> Result<()> {
        Ok(())
    }

    /// An HTTP callout of this connection has ended (`proxy_on_http_call_response`): with a response, or without;
    /// see [`HttpCallResponse`].
    ///
    /// [`Flow::Continue`] resumes what the client sends, if that is paused, [`Flow::Pause`] leaves it so, because
    /// more is awaited. It is not called once the connection has ended.
    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        response: &HttpCallResponse<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// A unary gRPC call of this connection has ended: with a message (`proxy_on_grpc_receive`), or without
    /// (`proxy_on_grpc_close`); see [`GrpcCallResponse`]. It is called once for each call.
    ///
    /// What it returns means the same as in
    /// [`on_http_call_response`](StreamContext::on_http_call_response); so it is with the callbacks of gRPC streams.
    fn on_grpc_call_response(
        &mut self,
        call: GrpcCallId,
        response: &GrpcCallResponse<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// The server of a gRPC stream of this connection has sent its initial metadata, which come before its messages
    /// (`proxy_on_grpc_receive_initial_metadata`).
    ///
    /// An extension that does not implement this callback, or another one of gRPC streams, leaves what is paused as it
    /// is.
    fn on_grpc_stream_initial_metadata(
        &mut self,
        grpc: GrpcStream,
        metadata: Headers<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        Ok(Flow::Pause)
    }

    /// The server of a gRPC stream of this connection has sent a message (`proxy_on_grpc_receive`).
    fn on_grpc_stream_message(
        &mut self,
        grpc: GrpcStream,
        message: &GrpcMessage<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        Ok(Flow::Pause)
    }

    /// The server of a gRPC stream of this connection has sent its trailing metadata, which come behind its messages
    /// (`proxy_on_grpc_receive_trailing_metadata`). Envoy has `grpc-status` and `grpc-message` among them.
    fn on_grpc_stream_trailing_metadata(
        &mut self,
        grpc: GrpcStream,
        metadata: Headers<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        Ok(Flow::Pause)
    }

    /// A gRPC stream of this connection has ended (`proxy_on_grpc_close`): nothing more comes from it, and nothing can be
    /// sent. It is not called for one that the extension has cancelled.
    fn on_grpc_stream_close(
        &mut self,
        grpc: GrpcStream,
        close: &GrpcClose<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        Ok(Flow::Pause)
    }

    /// A DNS lookup of this connection has ended (`envoy_on_resolve_dns`): with addresses, or without; see [`DnsLookupId`] for
    /// when that is. Envoy and its relatives only.
    ///
    /// What it returns is as in [`on_http_call_response`](StreamContext::on_http_call_response). It is not called once the
    /// connection has ended.
    #[cfg(feature = "envoy-dns")]
    #[cfg_attr(docsrs, doc(cfg(feature = "envoy-dns")))]
    fn on_dns_resolved(
        &mut self,
        lookup: DnsLookupId,
        answer: &DnsAnswer<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// The host calls a function of the extension's, for this connection (`proxy_on_foreign_function`): by a number, and
    /// with an argument, which both are up to the host. Envoy never does.
    ///
    /// What it returns is as in [`on_http_call_response`](StreamContext::on_http_call_response).
    fn on_foreign_function(
        &mut self,
        function: u32,
        argument: &[u8],
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// A timer of this connection is due (`proxy_on_tick`); see [`TimerId`].
    ///
    /// [`Flow::Continue`] resumes what the client sends, if that is paused, [`Flow::Pause`] leaves it so. It is not
    /// called once the connection has ended.
    fn on_timer(&mut self, timer: TimerId, connection: &mut ConnectionView<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// The proxy has finished with the connection; the context is dropped soon after.
    ///
    /// An error is logged; there is nothing left to refuse.
    fn on_done(&mut self, connection: &mut StreamDone<'_>) -> Result<()> {
        Ok(())
    }

    /// The connection is over and can be logged; see [`ConnectionLog`].
    ///
    /// An error is logged; there is nothing left to refuse.
    fn on_log(&mut self, connection: &mut ConnectionLog<'_>) -> Result<()> {
        Ok(())
    }
}
