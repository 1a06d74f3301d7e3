//! What came of an HTTP callout.

use super::CallError;
use crate::abi::call;
use crate::abi::wire::{ALL_BYTES, BufferType, MapType};
use crate::view::Cx;
use crate::{Error, Headers, Result};

/// What came of an HTTP callout: a response, or the reason why there is none.
///
/// [`status`](HttpCallResponse::status) fails if there is none, so that `?` is enough where a failure of the callout
/// is one of the stream; [`error`](HttpCallResponse::error) tells it as a value. What the host itself said is there
/// in any case: Envoy answers a callout that failed with a response of its own, which can be read like others.
#[derive(Debug)]
pub struct HttpCallResponse<'cb> {
    cx: Cx<'cb>,
}

impl<'cb> HttpCallResponse<'cb> {
    #[inline]
    pub(crate) fn new(cx: Cx<'cb>) -> Self {
        HttpCallResponse { cx }
    }

    /// The status of the upstream's response.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] if there is no response of the upstream; see [`CallError`] for how that is told.
    pub fn status(&self) -> Result<u16> {
        let status = self.host_status()?;
        match self.failure(status)? {
            Some(error) => Err(error.into()),
            None => status.ok_or(CallError::Reset.into()),
        }
    }

    /// Why there is no response of the upstream; `None` if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host refuses to say.
    pub fn error(&self) -> Result<Option<CallError>> {
        self.failure(self.host_status()?)
    }

    /// Reads the headers of the response.
    pub fn headers(&self) -> Headers<'cb> {
        Headers::new(self.cx.scope, MapType::HTTP_CALL_RESPONSE_HEADERS)
    }

    /// Reads the trailers of the response.
    pub fn trailers(&self) -> Headers<'cb> {
        Headers::new(self.cx.scope, MapType::HTTP_CALL_RESPONSE_TRAILERS)
    }

    /// The whole body of the response.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host refuses.
    #[doc(alias = "proxy_get_buffer_bytes")]
    pub fn body(&self) -> Result<&'cb [u8]> {
        call::buffer_bytes(self.cx.scope, BufferType::HTTP_CALL_RESPONSE_BODY, 0, ALL_BYTES)
    }

    /// The status in the headers that the host shows, whoever wrote them.
    fn host_status(&self) -> Result<Option<u16>> {
        let status = match self.headers().get(":status") {
            Ok(status) => status,
            // Hosts that have no headers because the callout failed.
            Err(Error::Host { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(status.and_then(number))
    }

    #[inline]
    fn failure(&self, status: Option<u16>) -> Result<Option<CallError>> {
        match status {
            None | Some(503 | 504) => self.reported(status),
            Some(_) => Ok(None),
        }
    }

    /// What a host reports in place of a response.
    #[cold]
    #[inline(never)]
    fn reported(&self, status: Option<u16>) -> Result<Option<CallError>> {
        let Some(status) = status else {
            // ngx_wasm_module says why in a header of its own.
            let reason = self.headers().get(":dispatch_status").unwrap_or_default();
            return Ok(Some(reason.map_or(CallError::Reset, dispatch_status)));
        };
        Ok(envoys_own(status, self.body()?))
    }
}

/// The status in a header: three digits.
fn number(status: &[u8]) -> Option<u16> {
    let mut number = 0u16;
    for digit in status {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(digit.into())?;
    }
    (number >= 100).then_some(number)
}

/// What ngx_wasm_module's reason means.
fn dispatch_status(reason: &[u8]) -> CallError {
    let says = |word: &[u8]| reason.windows(word.len()).any(|window| window == word);
    if says(b"timeout") {
        CallError::Timeout
    } else if says(b"resolver") || says(b"connect ") || says(b"refused") {
        CallError::NoUpstream
    } else {
        CallError::Reset
    }
}

/// Envoy answers in place of an upstream, with these texts.
fn envoys_own(status: u16, body: &[u8]) -> Option<CallError> {
    if status == 504 {
        return (body == b"upstream request timeout").then_some(CallError::Timeout);
    }
    if body == b"no healthy upstream" {
        return Some(CallError::NoUpstream);
    }
    connection_error(body)
}

/// What Envoy's text about a connection means.
pub(super) fn connection_error(text: &[u8]) -> Option<CallError> {
    let reason = text.strip_prefix(b"upstream connect error or disconnect/reset before headers.")?;
    let says = |word: &[u8]| reason.windows(word.len()).any(|window| window == word);
    match says(b"connection failure") || says(b"connection timeout") {
        true => Some(CallError::NoUpstream),
        false => Some(CallError::Reset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envoys_own_answers_are_told_from_those_of_upstreams() {
        assert_eq!(envoys_own(504, b"upstream request timeout"), Some(CallError::Timeout));
        assert_eq!(envoys_own(504, b"slow"), None);
        assert_eq!(envoys_own(503, b"no healthy upstream"), Some(CallError::NoUpstream));
        let text = |reason: &str| {
            alloc::format!(
                "upstream connect error or disconnect/reset before headers. reset reason: {reason}"
            )
        };
        let refused = text("remote connection failure, transport failure reason: delayed connect error: 111");
        assert_eq!(envoys_own(503, refused.as_bytes()), Some(CallError::NoUpstream));
        assert_eq!(envoys_own(503, text("connection termination").as_bytes()), Some(CallError::Reset));
        assert_eq!(envoys_own(503, b"maintenance"), None);
    }

    #[test]
    fn a_status_is_a_number_of_three_digits_or_more() {
        assert_eq!(number(b"200"), Some(200));
        for status in [&b""[..], b"99", b"2x0", b"-200", b"70000"] {
            assert_eq!(number(status), None, "{}", status.escape_ascii());
        }
    }

    #[test]
    fn what_ngx_wasm_module_says_is_understood() {
        assert_eq!(dispatch_status(b"timeout"), CallError::Timeout);
        assert_eq!(dispatch_status(b"resolver failure"), CallError::NoUpstream);
        assert_eq!(dispatch_status(b"broken connection"), CallError::Reset);
    }
}
