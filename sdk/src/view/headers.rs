//! Headers and trailers of requests and responses.

use super::{Cx, sealed::Sealed};
use crate::abi::call;
use crate::abi::wire::{ALL_BYTES, BufferType, MapType};
use crate::{Action, Headers, HeadersMut, Hold, Result};

/// A view of one map of one direction.
macro_rules! map_view {
    (
        $(#[$doc:meta])*
        $view:ident: $map:ident,
        $noun:literal: $read:ident $write:ident,
        $resume:ident = $other:ident,
        $other_name:literal
        $(, $end_of_stream:ident)?
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $view<'cb> {
            cx: Cx<'cb>,
            $( $end_of_stream: bool, )?
        }

        impl<'cb> $view<'cb> {
            #[inline(always)]
            pub(crate) fn new(cx: Cx<'cb> $(, $end_of_stream: bool)?) -> Self {
                $view { cx $(, $end_of_stream)? }
            }

            $(
                /// Whether the message ends with its headers: neither a body nor trailers follow.
                ///
                /// ngx_wasm_module does not know and always says no.
                #[inline(always)]
                pub fn $end_of_stream(&self) -> bool {
                    self.$end_of_stream
                }
            )?

            #[doc = concat!("Reads the ", $noun, ".")]
            #[inline(always)]
            pub fn $read(&self) -> Headers<'cb> {
                Headers::new(self.cx.scope, MapType::$map)
            }

            #[doc = concat!("Changes the ", $noun, ".")]
            #[inline(always)]
            pub fn $write(&mut self) -> HeadersMut<'_> {
                HeadersMut::new(MapType::$map)
            }
        }

        super::control::resume! { $view, $resume = $other, $other_name }

        impl<'cb> Sealed<'cb> for $view<'cb> {
            #[inline(always)]
            fn cx(&self) -> Cx<'cb> {
                self.cx
            }
        }
    };
}

map_view! {
    /// The headers of a request, before any of it goes on.
    RequestHeaders: HTTP_REQUEST_HEADERS,
    "headers of the request": headers headers_mut,
    resume_response = HTTP_RESPONSE, "response", end_of_stream
}
map_view! {
    /// The trailers of a request, at its end.
    RequestTrailers: HTTP_REQUEST_TRAILERS,
    "trailers of the request": trailers trailers_mut,
    resume_response = HTTP_RESPONSE, "response"
}
map_view! {
    /// The headers of a response, before any of it goes on to the client.
    ResponseHeaders: HTTP_RESPONSE_HEADERS,
    "headers of the response": headers headers_mut,
    resume_request = HTTP_REQUEST, "request", end_of_stream
}
map_view! {
    /// The trailers of a response, at its end.
    ResponseTrailers: HTTP_RESPONSE_TRAILERS,
    "trailers of the response": trailers trailers_mut,
    resume_request = HTTP_REQUEST, "request"
}

// Not in the trailers of a response: Envoy (1.40) crashes.
super::control::reset! { RequestHeaders of HTTP_REQUEST }
super::control::reset! { RequestTrailers of HTTP_REQUEST }
super::control::reset! { ResponseHeaders of HTTP_RESPONSE }

/// Ways to hold a message back at its headers, besides a plain pause.
macro_rules! hold {
    ($view:ident, $noun:literal, $too_large:literal) => {
        impl $view<'_> {
            #[doc = concat!("Holds the whole ", $noun, " back, and lets the proxy collect its body up to the proxy's own limit.")]
            ///
            #[doc = concat!("A body beyond the limit is answered by the proxy with ", $too_large, ".")]
            /// [`Action::Pause`](crate::Action::Pause) slows the sender down at the limit instead.
            ///
            /// Return it at once. Envoy and what is built on it; ngx_wasm_module fails the request.
            #[doc(alias = "StopAllIterationAndBuffer")]
            pub fn stop_and_buffer(&self) -> Action {
                Action::Hold(Hold::HEADERS_BUFFER)
            }

            #[doc = concat!("Holds the whole ", $noun, " back, and lets the proxy slow the sender down at the proxy's own limit.")]
            ///
            /// It is what Envoy makes of [`Action::Pause`](crate::Action::Pause), unless the plugin's configuration
            /// says `allow_on_headers_stop_iteration`: a pause then holds back the headers only, the callbacks of
            /// the body come, and the first of these that continues releases everything.
            ///
            /// Return it at once. Envoy and what is built on it; ngx_wasm_module fails the request.
            #[doc(alias = "StopAllIterationAndWatermark")]
            pub fn stop_and_watermark(&self) -> Action {
                Action::Hold(Hold::HEADERS_WATERMARK)
            }
        }
    };
}

hold! { RequestHeaders, "request", "status 413" }
hold! { ResponseHeaders, "response", "status 500" }

/// The body, where trailers follow it and its callbacks held it back.
macro_rules! held_body {
    ($view:ident, $buffer:ident, $callback:literal) => {
        impl<'cb> $view<'cb> {
            #[doc = concat!("The body that [`", $callback, "`](crate::HttpContext::", $callback, ") held back with a pause.")]
            ///
            /// Empty if it did not. Where trailers follow a body, none of its parts ends the stream, so this
            /// is where the whole of it can be read.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_get_buffer_bytes")]
            pub fn held_body(&self) -> Result<&'cb [u8]> {
                call::buffer_bytes(self.cx.scope, BufferType::$buffer, 0, ALL_BYTES)
            }

            /// Puts these bytes in place of the body that was held back.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses: Envoy does if none was held back.
            #[doc(alias = "proxy_set_buffer_bytes")]
            pub fn replace_held_body(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
                call::set_buffer_bytes(BufferType::$buffer, 0, ALL_BYTES, bytes.as_ref())
            }
        }
    };
}

held_body! { RequestTrailers, HTTP_REQUEST_BODY, "on_request_body" }
held_body! { ResponseTrailers, HTTP_RESPONSE_BODY, "on_response_body" }
