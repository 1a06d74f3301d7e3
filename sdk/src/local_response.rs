//! An answer in place of the upstream's.

use crate::abi::arena::Scope;
use crate::abi::call;
use crate::headers::{check_name, check_value};
use crate::{Error, GrpcStatus, Result, pairs};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::{fmt, iter};

/// Bytes that are kept or borrowed for ever: text or bytes, owned or `'static`.
pub type Bytes = Cow<'static, [u8]>;

/// What becomes [`Bytes`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a local response",
    note = "what can is text or bytes, owned or `'static`: `&'static str`, `String`, `&'static [u8]`, `Vec<u8>`",
    note = "to send what is borrowed, own it: `value.clone()`, `value.to_owned()`; to send a number, format it"
)]
pub trait IntoBytes {
    /// The bytes.
    fn into_bytes(self) -> Bytes;
}

macro_rules! into_bytes {
    ($($type:ty: $self:ident => $bytes:expr;)*) => { $(
        impl IntoBytes for $type {
            fn into_bytes($self) -> Bytes { $bytes }
        }
    )* };
}

into_bytes! {
    &'static str: self => Cow::Borrowed(self.as_bytes());
    &'static [u8]: self => Cow::Borrowed(self);
    String: self => Cow::Owned(self.into_bytes());
    Vec<u8>: self => Cow::Owned(self);
    Bytes: self => self;
}

impl<const N: usize> IntoBytes for &'static [u8; N] {
    fn into_bytes(self) -> Bytes {
        Cow::Borrowed(self)
    }
}

type Header = (Bytes, Bytes);

/// The headers that need no allocation.
const INLINE_HEADERS: usize = 2;

/// An answer to the client, in place of the upstream's.
///
/// A callback sends it by returning it, as [`Action::Respond`](crate::Action::Respond); where an answer is
/// not possible any more, there is no such action. The headers are checked when it is sent: one that
/// [`HeadersMut`](crate::HeadersMut) would refuse makes the callback fail with [`Error::InvalidHeader`] instead.
///
/// Envoy adds `content-length`, and `content-type: text/plain` if there is a body and no other type; to a
/// gRPC request it answers with status 200 and the gRPC status in the headers. Specification:
/// `proxy_send_local_response` of ABI 0.2.1.
///
/// ```
/// use waxwing::prelude::*;
///
/// fn denied(user: &str) -> Action {
///     LocalResponse::new(403)
///         .header("x-denied-by", "block-list")
///         .body(format!("{user} may not do this"))
///         .into()
/// }
/// ```
#[doc(alias = "proxy_send_local_response")]
#[must_use = "an answer is sent when a callback returns it"]
pub struct LocalResponse {
    status: u16,
    grpc_status: Option<GrpcStatus>,
    details: &'static str,
    body: Bytes,
    headers: [Header; INLINE_HEADERS],
    headers_len: usize,
    more_headers: Vec<Header>,
}

impl LocalResponse {
    /// An answer with this HTTP status (200 to 599), without headers and body.
    ///
    /// The number is not checked. Envoy (1.40) writes any as it is: one below 200 or above 999 is nothing that
    /// a client takes for an answer.
    #[inline]
    pub fn new(status: u16) -> Self {
        LocalResponse {
            status,
            grpc_status: None,
            details: "",
            body: Cow::Borrowed(&[]),
            headers: [const { (Cow::Borrowed(&[]), Cow::Borrowed(&[])) }; INLINE_HEADERS],
            headers_len: 0,
            more_headers: Vec::new(),
        }
    }

    /// Adds a header; one with that name stays.
    #[inline]
    pub fn header(mut self, name: impl IntoBytes, value: impl IntoBytes) -> Self {
        let header = (name.into_bytes(), value.into_bytes());
        match self.headers.get_mut(self.headers_len) {
            Some(place) => {
                *place = header;
                self.headers_len = self.headers_len.saturating_add(1);
            }
            None => self.more_headers.push(header),
        }
        self
    }

    /// Sets the body.
    #[inline]
    pub fn body(mut self, body: impl IntoBytes) -> Self {
        self.body = body.into_bytes();
        self
    }

    /// Sets what the proxy's access log says of it, in Envoy `%RESPONSE_CODE_DETAILS%`.
    ///
    /// Envoy replaces white space in it by underscores.
    pub fn details(mut self, details: &'static str) -> Self {
        self.details = details;
        self
    }

    /// Sets the gRPC status that a gRPC client gets; without it, one that suits the HTTP status.
    ///
    /// To a request whose `content-type` is that of gRPC, Envoy answers with HTTP status 200, headers alone: this as
    /// `grpc-status`, the body as `grpc-message`, percent-encoded, and the headers of this answer, among which a
    /// `grpc-status` counts more than this. One above 16 is none. Other clients do not get it.
    pub fn grpc_status(mut self, grpc_status: GrpcStatus) -> Self {
        self.grpc_status = Some(grpc_status);
        self
    }

    /// Sets the details of the gRPC status: a serialised `google.rpc.Status`, which repeats code and message.
    ///
    /// It is the header `grpc-status-details-bin`, in base64. Clients that do not speak gRPC get it as well.
    ///
    /// ```
    /// use waxwing::prelude::*;
    ///
    /// fn exhausted(status: Vec<u8>) -> Action {
    ///     LocalResponse::new(429)
    ///         .grpc_status(GrpcStatus::RESOURCE_EXHAUSTED)
    ///         .body("try later")
    ///         .grpc_details(status)
    ///         .into()
    /// }
    /// ```
    pub fn grpc_details(self, status: impl AsRef<[u8]>) -> Self {
        self.header("grpc-status-details-bin", base64(status.as_ref()))
    }

    /// Hands it to the host.
    ///
    /// Inlined, so that what is known of it when it is compiled costs nothing when it is sent.
    #[inline(always)]
    pub(crate) fn send(&self, scope: Scope<'_>) -> Result<()> {
        let headers = match (self.headers_len, &self.headers) {
            (0, _) => &[],
            (1, [header, ..]) => block(scope, iter::once(header))?,
            _ => self.block(scope)?,
        };
        let grpc_status = self.grpc_status.map(GrpcStatus::as_u32);
        call::send_local_response(self.status, self.details.as_bytes(), &self.body, headers, grpc_status)
    }

    /// The block of several headers.
    #[inline(never)]
    fn block<'cb>(&self, scope: Scope<'cb>) -> Result<&'cb [u8]> {
        let first = self.headers.get(..self.headers_len).unwrap_or_default();
        block(scope, first.iter().chain(&self.more_headers))
    }
}

/// The pair block of headers that are sound.
#[inline(always)]
fn block<'cb, 'h>(scope: Scope<'cb>, headers: impl Iterator<Item = &'h Header> + Clone) -> Result<&'cb [u8]> {
    let headers = headers.map(|(name, value)| (&**name, &**value));
    headers.clone().try_for_each(|(name, value)| {
        check_name(name)?;
        check_value(value)
    })?;
    pairs::build(scope, headers).ok_or(Error::OutOfMemory)
}

/// Base64 without padding, which is how gRPC writes bytes in headers.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for group in bytes.chunks(3) {
        // Bytes that are missing count as zero.
        let mut bytes = [0; 3];
        for (to, from) in bytes.iter_mut().zip(group) {
            *to = *from;
        }
        let bits = bytes.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let digits = [18, 12, 6, 0].map(|shift| (bits >> shift & 63) as usize);
        let digits = digits.iter().take(group.len().saturating_add(1));
        text.extend(digits.filter_map(|digit| BASE64.get(*digit)));
    }
    text
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl fmt::Debug for LocalResponse {
    /// Neither values nor the body: they may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_base64_without_padding() {
        let pairs: [(&[u8], &[u8]); 6] = [
            (b"", b""),
            (b"f", b"Zg"),
            (b"fo", b"Zm8"),
            (b"foo", b"Zm9v"),
            (b"foobar", b"Zm9vYmFy"),
            (b"\xff\xfe\xfd\x00", b"//79AA"),
        ];
        for (bytes, text) in pairs {
            assert_eq!(base64(bytes), text);
        }
    }
}
