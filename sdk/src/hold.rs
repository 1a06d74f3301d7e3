//! Ways to hold a message back that only some hosts have.

use crate::abi::guest::Callback;
use crate::abi::wire::action;
use crate::{Error, Result};

/// How a message is held back, where a plain pause is not what is wanted.
///
/// The views of headers and bodies make it, as an [`Action`](crate::Action) or a [`Flow`](crate::Flow), in the
/// methods that begin with `stop_and_`. One that was made in another phase than the one that returns it is
/// [`Error::Misplaced`].
///
/// Hosts: Envoy and what is built on it. ngx_wasm_module fails the request, and no other host is known to have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Hold {
    kind: Kind,
    /// What is wrong with it in another phase; in a module only if the module makes one.
    misplaced: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    HeadersBuffer,
    HeadersWatermark,
    BodyWatermark,
    BodyDiscard,
    Collect,
}

impl Hold {
    pub(crate) const HEADERS_BUFFER: Hold = Hold { kind: Kind::HeadersBuffer, misplaced: HEADERS };
    pub(crate) const HEADERS_WATERMARK: Hold = Hold { kind: Kind::HeadersWatermark, misplaced: HEADERS };
    pub(crate) const BODY_WATERMARK: Hold = Hold { kind: Kind::BodyWatermark, misplaced: BODY };
    pub(crate) const BODY_DISCARD: Hold = Hold { kind: Kind::BodyDiscard, misplaced: BODY };
    /// The SDK's own: a body of which there is more to come.
    pub(crate) const COLLECT: Hold = Hold { kind: Kind::Collect, misplaced: "" };

    /// What the host is told in that callback.
    #[inline]
    pub(crate) fn number(self, callback: Callback) -> Result<u32> {
        let number = match (self.kind, callback) {
            (Kind::HeadersBuffer, Callback::RequestHeaders | Callback::ResponseHeaders) => {
                action::HEADERS_BUFFER
            }
            (Kind::HeadersWatermark, Callback::RequestHeaders | Callback::ResponseHeaders) => {
                action::HEADERS_WATERMARK
            }
            (Kind::BodyWatermark, Callback::RequestBody | Callback::ResponseBody) => action::BODY_WATERMARK,
            (Kind::BodyDiscard, Callback::RequestBody | Callback::ResponseBody) => action::BODY_DROP,
            (Kind::Collect, _) => COLLECT,
            _ => return Err(Error::Misplaced { text: self.misplaced }),
        };
        Ok(number)
    }
}

/// A pause of the SDK itself, which nothing but the rest of the body ends. No host knows the number.
pub(crate) const COLLECT: u32 = u32::MAX;

const HEADERS: &str = "a hold that was made for headers is returned in another phase";
const BODY: &str = "a hold that was made for a body is returned in another phase";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_known_in_its_own_phase_only() {
        for (hold, here, there, number) in [
            (Hold::HEADERS_BUFFER, Callback::RequestHeaders, Callback::RequestBody, 3),
            (Hold::HEADERS_WATERMARK, Callback::ResponseHeaders, Callback::ResponseTrailers, 4),
            (Hold::BODY_WATERMARK, Callback::ResponseBody, Callback::ResponseHeaders, 2),
            (Hold::BODY_DISCARD, Callback::RequestBody, Callback::RequestTrailers, 3),
        ] {
            assert_eq!(hold.number(here), Ok(number));
            assert!(matches!(hold.number(there), Err(Error::Misplaced { .. })), "{hold:?}");
        }
    }
}
