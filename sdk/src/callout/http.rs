//! HTTP callouts.

use super::fields::{Field, Fields, check};
use super::head::RequestHead;
use super::{CallError, Caller};
use crate::abi::call;
use crate::abi::guest::Callback;
use crate::dispatcher::Kind;
use crate::pairs;
use crate::view::Cx;
use crate::{Error, Result, Status};
use alloc::vec::Vec;
use core::time::Duration;
use core::{fmt, iter};

/// Which HTTP callout it is: [`HttpCall::send`] gives it, and the answer comes with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HttpCallId(pub(crate) u32);

impl HttpCallId {
    /// The number by which the host knows it.
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

/// How long an answer may take if nothing else was said.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// An HTTP request of the extension's own, to an upstream of the proxy.
///
/// The answer comes to `on_http_call_response` of the context in whose callback it was sent, and to no other: of
/// [`HttpContext`](crate::HttpContext), [`StreamContext`](crate::StreamContext) or
/// [`RootCallbacks`](crate::RootCallbacks). Until then the proxy goes on;
/// a stream that needs the answer first returns [`Action::Pause`](crate::Action::Pause). A root context that a new
/// configuration replaces gets no more answers, and neither does the new one to what it has not asked.
///
/// What the upstream is called is up to the host: in Envoy the name of a cluster, in ngx_wasm_module `host:port`. Apache
/// Traffic Server takes the authority and the path instead, and has no timeout. ngx_wasm_module and APISIX resume a stream by
/// themselves when its callouts have ended. MOSN refuses callouts unless what embeds it makes them, and Google
/// Service Extensions have none.
/// Specification: `proxy_http_call` of ABI 0.2.1.
///
/// ```
/// use core::time::Duration;
/// use waxwing::prelude::*;
///
/// fn ask(request: &RequestHeaders<'_>) -> Result<Action> {
///     HttpCall::get("authz", "/check")
///         .header("authorization", request.headers().get("authorization")?.unwrap_or_default())
///         .timeout(Duration::from_millis(200))
///         .send(request)?;
///     Ok(Action::Pause)
/// }
/// ```
#[must_use = "a call is made when it is sent"]
pub struct HttpCall<'a> {
    upstream: &'a str,
    method: &'a str,
    path: &'a str,
    authority: &'a str,
    headers: Fields<'a>,
    body: &'a [u8],
    trailers: Vec<Field<'a>>,
    timeout: Duration,
}

impl<'a> HttpCall<'a> {
    /// A request without a body, with the name of the upstream as its authority, and five seconds for the answer.
    #[inline(always)]
    pub fn new(method: &'a str, upstream: &'a str, path: &'a str) -> Self {
        HttpCall {
            upstream,
            method,
            path,
            authority: upstream,
            headers: Fields::new(),
            body: &[],
            trailers: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// A request with the method GET.
    #[inline(always)]
    pub fn get(upstream: &'a str, path: &'a str) -> Self {
        HttpCall::new("GET", upstream, path)
    }

    /// A request with the method POST and this body.
    #[inline(always)]
    pub fn post(upstream: &'a str, path: &'a str, body: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        HttpCall::new("POST", upstream, path).body(body)
    }

    /// Sets the authority, which HTTP/1 sends as the header `host`.
    #[inline(always)]
    pub fn authority(mut self, authority: &'a str) -> Self {
        self.authority = authority;
        self
    }

    /// Adds a header; one with that name stays.
    #[inline(always)]
    pub fn header(
        mut self,
        name: &'a (impl AsRef<[u8]> + ?Sized),
        value: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Self {
        self.headers.add(name.as_ref(), value.as_ref());
        self
    }

    /// Sets the body. Envoy adds its length.
    #[inline(always)]
    pub fn body(mut self, body: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        self.body = body.as_ref();
        self
    }

    /// Adds a trailer. Only Envoy and its relatives send trailers.
    pub fn trailer(
        mut self,
        name: &'a (impl AsRef<[u8]> + ?Sized),
        value: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Self {
        self.trailers.push((name.as_ref(), value.as_ref()));
        self
    }

    /// Sets how long the answer may take.
    ///
    /// Hosts count milliseconds: it is rounded up, and at least 1; more than 24 days are 24 days.
    #[inline(always)]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends it. From a view, on behalf of the context whose callback this is, it gives the callout's id; nobody gets the
    /// answer if the context does not implement `on_http_call_response`. From a stage of an exchange it gives a future:
    /// await the answer.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] if the host does not make the call: [`CallError::Refused`] for an upstream that it does not
    /// know, [`CallError::NoUpstream`] if it can tell at once that none is there. Then no answer comes.
    /// [`Error::InvalidHeader`] for a header that [`HeadersMut`](crate::HeadersMut) would refuse.
    #[doc(alias = "proxy_http_call")]
    #[track_caller]
    #[inline(always)]
    pub fn send<C: Caller>(self, from: &C) -> C::HttpCall {
        from.http_call(
            #[inline(always)]
            |cx| self.send_in(cx),
        )
    }

    /// Inlined, so that what is known of a call when it is compiled costs nothing when it is made.
    #[inline(always)]
    fn send_in(&self, cx: Cx<'_>) -> Result<HttpCallId> {
        let head = RequestHead { method: self.method, path: self.path, authority: self.authority };
        head.check()?;
        let block = if self.headers.is_empty() {
            head.build(cx.scope, iter::empty())
        } else {
            check(self.headers.iter())?;
            head.build(cx.scope, self.headers.iter())
        };
        let headers = block.ok_or(Error::OutOfMemory)?;
        let trailers = match self.trailers.is_empty() {
            true => &[],
            false => {
                check(self.trailers.iter().copied())?;
                pairs::build(cx.scope, self.trailers.iter().copied()).ok_or(Error::OutOfMemory)?
            }
        };
        let timeout = milliseconds(self.timeout);
        let token = call::http_call(self.upstream.as_bytes(), headers, self.body, trailers, timeout)
            .map_err(refused)?;
        if cx.vm.hears(Callback::HttpCallResponse) {
            cx.vm.pending.add(Kind::Http, token, cx.context);
        }
        Ok(HttpCallId(token))
    }
}

impl fmt::Debug for HttpCall<'_> {
    /// No header value and no body: they may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCall")
            .field("upstream", &self.upstream)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Why a call was not made.
#[cold]
pub(crate) fn refused(error: Error) -> Error {
    match error {
        Error::Host { status: Status::INTERNAL_FAILURE, .. } => CallError::NoUpstream.into(),
        Error::Host { status, .. } => CallError::Refused(status).into(),
        other => other,
    }
}

/// As hosts have timeouts: 0 would be none, and a negative number, which Envoy sees in large ones, is refused.
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    const MOST: u32 = i32::MAX.unsigned_abs();
    let parts = duration.subsec_nanos().div_ceil(1_000_000);
    match u32::try_from(duration.as_secs()) {
        Ok(seconds) => seconds.saturating_mul(1000).saturating_add(parts).clamp(1, MOST),
        Err(_) => MOST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_rounded_up_and_never_none() {
        assert_eq!(milliseconds(Duration::ZERO), 1);
        assert_eq!(milliseconds(Duration::from_micros(900)), 1);
        assert_eq!(milliseconds(Duration::from_nanos(1_000_001)), 2);
        assert_eq!(milliseconds(Duration::from_secs(60 * 24 * 3600)), 2_147_483_647);
        assert_eq!(milliseconds(Duration::MAX), 2_147_483_647);
    }
}
