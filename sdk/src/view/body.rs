//! Bodies of requests and responses.

use super::{Cx, sealed::Sealed};

/// A view of the body of one direction.
macro_rules! body_view {
    (
        $(#[$doc:meta])*
        $view:ident: $buffer:ident of $stream:ident, $resume:ident = $other:ident, $other_name:literal
    ) => {
        $(#[$doc])*
        ///
        /// What is visible is the piece that has just arrived; after a callback of this body paused, it is
        /// all that was held back and the piece that has just arrived. Where one piece ends and the next
        /// begins is up to the proxy and the network, and changes from one run to the next.
        ///
        /// Changing the size of a body makes a `content-length` header wrong: remove it in the callback of
        /// the headers.
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
    RequestBody: HTTP_REQUEST_BODY of HTTP_REQUEST, resume_response = HTTP_RESPONSE, "response"
}
body_view! {
    /// A part of the body of a response.
    ResponseBody: HTTP_RESPONSE_BODY of HTTP_RESPONSE, resume_request = HTTP_REQUEST, "request"
}
