//! Bodies of requests and responses.

use super::{Cx, sealed::Sealed};
use crate::{Action, Flow, Hold};

/// A view of the body of one direction.
macro_rules! body_view {
    (
        $(#[$doc:meta])*
        $view:ident -> $decision:ident: $buffer:ident of $stream:ident, $resume:ident = $other:ident, $other_name:literal
    ) => {
        $(#[$doc])*
        ///
        /// What is visible is the piece that has just arrived; after a callback of this body paused, it is
        /// all that was held back and the piece that has just arrived. Where one piece ends and the next
        /// begins is up to the proxy and the network, and changes from one run to the next.
        ///
        /// Changing the size of a body makes a `content-length` header wrong: remove it in the callback of
        /// the headers, or choose a [`BodyMode`](crate::BodyMode) that removes it.
        #[derive(Debug)]
        pub struct $view<'cb> {
            cx: Cx<'cb>,
            size: usize,
            end_of_stream: bool,
        }

        impl<'cb> $view<'cb> {
            #[inline(always)]
            pub(crate) fn new(cx: Cx<'cb>, size: usize, end_of_stream: bool) -> Self {
                $view { cx, size, end_of_stream }
            }

            /// Whether the message ends with these bytes. Not so if trailers follow.
            ///
            /// The last piece may be empty.
            #[inline(always)]
            pub fn end_of_stream(&self) -> bool {
                self.end_of_stream
            }

            /// Holds back what is visible, and lets the proxy slow the sender down at the proxy's own limit.
            ///
            /// The next callback shows what is new, and not this again. A pause holds back too, but shows all of it
            /// the next time, and at the limit the proxy gives up: it answers with 413 or 500, or resets.
            ///
            /// Return it at once. Envoy and what is built on it; ngx_wasm_module fails the request.
            #[doc(alias = "StopIterationAndWatermark")]
            pub fn stop_and_watermark(&self) -> $decision {
                $decision::Hold(Hold::BODY_WATERMARK)
            }

            /// Discards what is visible, and holds back the message: for bytes that the extension has taken.
            ///
            /// The next callback shows what is new; a message that has ended with them goes on when it is resumed.
            ///
            /// Return it at once. Envoy and what is built on it; ngx_wasm_module fails the request.
            #[doc(alias = "StopIterationNoBuffer")]
            pub fn stop_and_discard(&self) -> $decision {
                $decision::Hold(Hold::BODY_DISCARD)
            }
        }

        super::buffer::buffer! { $view, $buffer }
        super::control::resume! { $view, $resume = $other, $other_name }
        super::control::reset! { $view of $stream }

        impl<'cb> Sealed<'cb> for $view<'cb> {
            #[inline(always)]
            fn cx(&self) -> Cx<'cb> {
                self.cx
            }
        }
    };
}

body_view! {
    /// A part of the body of a request.
    RequestBody -> Action: HTTP_REQUEST_BODY of HTTP_REQUEST, resume_response = HTTP_RESPONSE, "response"
}
body_view! {
    /// A part of the body of a response.
    ResponseBody -> Flow: HTTP_RESPONSE_BODY of HTTP_RESPONSE, resume_request = HTTP_REQUEST, "request"
}
