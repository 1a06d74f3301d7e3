//! The builder of gRPC calls.

use super::GrpcStream;
use super::service::Service;
use super::stream::CALLS;
use crate::abi::call;
use crate::abi::guest::Callback;
use crate::callout::Caller;
use crate::callout::fields::{Fields, check};
use crate::callout::http::{DEFAULT_TIMEOUT, milliseconds, refused};
use crate::dispatcher::Kind;
use crate::view::Cx;
use crate::{Error, Result, pairs};
use alloc::borrow::Cow;
use core::fmt;
use core::time::Duration;

/// Which unary gRPC call it is: [`GrpcCall::send`] gives it, and the answer comes with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GrpcCallId(pub(crate) u32);

impl GrpcCallId {
    /// The number by which the host knows it.
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

/// A gRPC call of the extension's own, to an upstream of the proxy: unary, or a stream.
///
/// [`send`](GrpcCall::send) makes a unary call. Its answer comes to `on_grpc_call_response` of the context in whose
/// callback it was sent, and to no other: of [`HttpContext`](crate::HttpContext), [`StreamContext`](crate::StreamContext)
/// or [`RootCallbacks`](crate::RootCallbacks). [`open`](GrpcCall::open) opens a stream of messages, whose callbacks begin with
/// `on_grpc_stream_`. Until then the proxy goes on; a stream that needs the answer first returns
/// [`Action::Pause`](crate::Action::Pause).
///
/// Messages are bytes. With the feature `prost` they can be those of a type.
///
/// Envoy and its relatives have gRPC. APISIX refuses the call ("unimplemented"), ngx_wasm_module traps, and Apache Traffic Server
/// ends its process; MOSN does not load a module that opens streams.
/// Specification: `proxy_grpc_call` and `proxy_grpc_stream` of ABI 0.2.1.
///
/// ```
/// use core::time::Duration;
/// use waxwing::prelude::*;
///
/// fn ask(request: &RequestHeaders<'_>, credentials: &[u8]) -> Result<Action> {
///     GrpcCall::new("authz", "acme.auth.v1.Auth", "Check")
///         .metadata("x-request-id", request.headers().get("x-request-id")?.unwrap_or_default())
///         .message(credentials)
///         .timeout(Duration::from_millis(200))
///         .send(request)?;
///     Ok(Action::Pause)
/// }
/// ```
#[must_use = "a call is made when it is sent, or opened"]
pub struct GrpcCall<'a> {
    upstream: Service<'a>,
    service: &'a str,
    method: &'a str,
    metadata: Fields<'a>,
    message: Option<Cow<'a, [u8]>>,
    timeout: Duration,
}

impl<'a> GrpcCall<'a> {
    /// A call to this upstream, in Envoy the name of a cluster, of a service (with its package: `acme.auth.v1.Auth`) and its method, with an
    /// empty message, and five seconds for the answer.
    pub fn new(upstream: &'a str, service: &'a str, method: &'a str) -> Self {
        GrpcCall::to(Service::Cluster(upstream), service, method)
    }

    /// The same to an upstream that is described by an encoded `envoy.config.core.v3.GrpcService`, which can also say
    /// the authority and initial metadata.
    pub fn with_grpc_service(
        grpc_service: &'a (impl AsRef<[u8]> + ?Sized),
        service: &'a str,
        method: &'a str,
    ) -> Self {
        GrpcCall::to(Service::Encoded(grpc_service.as_ref()), service, method)
    }

    fn to(upstream: Service<'a>, service: &'a str, method: &'a str) -> Self {
        GrpcCall {
            upstream,
            service,
            method,
            metadata: Fields::new(),
            message: None,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// Adds initial metadata; one with that name stays.
    ///
    /// gRPC wants names in lower case, and values that are not printable text in base64, with a name that ends with
    /// `-bin`.
    pub fn metadata(
        mut self,
        name: &'a (impl AsRef<[u8]> + ?Sized),
        value: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Self {
        self.metadata.add(name.as_ref(), value.as_ref());
        self
    }

    /// Sets the message: encoded, without the length that gRPC writes in front of it.
    pub fn message(mut self, message: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        self.message = Some(Cow::Borrowed(message.as_ref()));
        self
    }

    /// Sets the message, which is encoded now.
    #[cfg(feature = "prost")]
    #[cfg_attr(docsrs, doc(cfg(feature = "prost")))]
    pub fn encode(mut self, message: &impl prost::Message) -> Self {
        self.message = Some(Cow::Owned(message.encode_to_vec()));
        self
    }

    /// Sets how long the answer to a unary call may take. A stream may take for ever.
    ///
    /// Hosts count milliseconds: it is rounded up, and at least 1; more than 24 days are 24 days.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes the unary call. From a view, on behalf of the context whose callback this is, it gives the call's id. From a
    /// stage of an exchange it gives a future: await the answer.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] if the host does not make the call: [`CallError::NoUpstream`](crate::CallError::NoUpstream) if it can
    /// tell at once that no server is there, which Envoy also says of a cluster that it does not have, and
    /// [`CallError::Refused`](crate::CallError::Refused) otherwise. Then no answer comes. [`Error::InvalidHeader`] for metadata that
    /// [`HeadersMut`](crate::HeadersMut) would refuse.
    #[doc(alias = "proxy_grpc_call")]
    #[track_caller]
    pub fn send<C: Caller>(self, from: &C) -> C::GrpcCall {
        from.grpc_call(|cx| self.send_in(cx))
    }

    fn send_in(&self, cx: Cx<'_>) -> Result<GrpcCallId> {
        let (upstream, metadata) = self.encoded(cx)?;
        let (service, method) = (self.service.as_bytes(), self.method.as_bytes());
        let message = self.message.as_deref().unwrap_or_default();
        let timeout = milliseconds(self.timeout);
        let token =
            call::grpc_call(upstream, service, method, metadata, message, timeout).map_err(refused)?;
        if cx.vm.hears(Callback::GrpcClose) {
            cx.vm.pending.add(Kind::GrpcCall, token, cx.context);
        }
        Ok(GrpcCallId(token))
    }

    /// Opens a stream of messages, on behalf of the context whose callback this is, or from a stage of an exchange. A
    /// message that was set is sent at once.
    ///
    /// The stream belongs to the context: when that ends, it is cancelled. Implement at least `on_grpc_stream_close`: a
    /// module without any of the callbacks is not told that a stream has ended.
    ///
    /// # Errors
    ///
    /// As for [`send`](GrpcCall::send). If the message is refused, the stream is cancelled.
    #[doc(alias = "proxy_grpc_stream")]
    pub fn open<C: Caller>(self, from: &C) -> C::GrpcStream {
        from.grpc_stream(|cx| self.open_in(cx))
    }

    fn open_in(&self, cx: Cx<'_>) -> Result<GrpcStream> {
        let (upstream, metadata) = self.encoded(cx)?;
        let (service, method) = (self.service.as_bytes(), self.method.as_bytes());
        let token = call::grpc_stream(upstream, service, method, metadata).map_err(refused)?;
        if cx.vm.hears(Callback::GrpcClose) {
            cx.vm.pending.add_stream(token, cx.context, CALLS);
        }
        let stream = GrpcStream(token);
        let Some(message) = &self.message else { return Ok(stream) };
        match stream.send(message) {
            Ok(()) => Ok(stream),
            Err(error) => {
                // What the host says to that does not matter any more.
                let _ = stream.cancel_in(cx);
                Err(error)
            }
        }
    }

    /// The upstream and the metadata, as the host gets them.
    fn encoded<'s>(&'s self, cx: Cx<'s>) -> Result<(&'s [u8], &'s [u8])> {
        check(self.metadata.iter())?;
        let upstream = self.upstream.encode(cx.scope)?;
        let mut metadata = self.metadata.iter().peekable();
        if metadata.peek().is_none() {
            return Ok((upstream, &[]));
        }
        Ok((upstream, pairs::build(cx.scope, metadata).ok_or(Error::OutOfMemory)?))
    }
}

impl fmt::Debug for GrpcCall<'_> {
    /// No metadata and no message: they may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcCall")
            .field("service", &self.service)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
