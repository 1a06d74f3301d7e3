//! A stream outside of the callbacks of its messages.

use super::{Cx, sealed::Sealed};
use crate::abi::call;
use crate::abi::wire::{ALL_BYTES, BufferType, MapType, StreamType};
use crate::{Headers, HeadersMut, Result};

/// An HTTP stream when something else comes than its messages: the answer to a callout, a timer.
///
/// What can be read and changed of the messages depends on where they are held back. Envoy serves the headers of
/// a message that is paused in its headers callback, and its body if that is paused in its body callback; what has
/// gone on is "bad argument".
#[derive(Debug)]
pub struct StreamView<'cb> {
    cx: Cx<'cb>,
}

/// What a stream can do with one of its two messages.
macro_rules! message {
    (
        $noun:literal, $stream:ident,
        $headers:ident $headers_mut:ident $headers_map:ident,
        $trailers:ident $trailers_mut:ident $trailers_map:ident,
        $body:ident $set_body:ident $body_size:ident $buffer:ident,
        $resume:ident
    ) => {
        impl<'cb> StreamView<'cb> {
            #[doc = concat!("Reads the headers of the ", $noun, ", if it is paused there.")]
            pub fn $headers(&self) -> Headers<'cb> {
                Headers::new(self.cx.scope, MapType::$headers_map)
            }

            #[doc = concat!("Changes the headers of the ", $noun, ", if it is paused there.")]
            pub fn $headers_mut(&mut self) -> HeadersMut<'_> {
                HeadersMut::new(MapType::$headers_map)
            }

            #[doc = concat!("Reads the trailers of the ", $noun, ", if it is paused there.")]
            pub fn $trailers(&self) -> Headers<'cb> {
                Headers::new(self.cx.scope, MapType::$trailers_map)
            }

            #[doc = concat!("Changes the trailers of the ", $noun, ", if it is paused there.")]
            pub fn $trailers_mut(&mut self) -> HeadersMut<'_> {
                HeadersMut::new(MapType::$trailers_map)
            }

            #[doc = concat!("What its callback has held back of the body of the ", $noun, "; empty if it did not.")]
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_get_buffer_bytes")]
            pub fn $body(&self) -> Result<&'cb [u8]> {
                call::buffer_bytes(self.cx.scope, BufferType::$buffer, 0, ALL_BYTES)
            }

            #[doc = concat!("How much its callback has held back of the body of the ", $noun, ", without reading it.")]
            ///
            /// The hosts that have the call are Envoy and its relatives; a module that uses it does not load in
            /// ngx_wasm_module, APISIX and MOSN.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_get_buffer_status")]
            pub fn $body_size(&self) -> Result<usize> {
                call::buffer_status(BufferType::$buffer)
            }

            #[doc = concat!("Puts these bytes in place of what is held back of the body of the ", $noun, ".")]
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses: Envoy does if none is held back.
            #[doc(alias = "proxy_set_buffer_bytes")]
            pub fn $set_body(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
                call::set_buffer_bytes(BufferType::$buffer, 0, ALL_BYTES, bytes.as_ref())
            }

            #[doc = concat!("Resumes the ", $noun, ", when this callback has returned.")]
            ///
            /// To resume whatever is paused, return [`Action::Continue`](crate::Action::Continue). Envoy does
            /// nothing if it is not paused; after this call the request's headers cannot be read any more.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host cannot resume.
            #[doc(alias = "proxy_continue_stream")]
            pub fn $resume(&mut self) -> Result<()> {
                call::continue_stream(StreamType::$stream)
            }
        }
    };
}

message! {
    "request", HTTP_REQUEST,
    request_headers request_headers_mut HTTP_REQUEST_HEADERS,
    request_trailers request_trailers_mut HTTP_REQUEST_TRAILERS,
    held_request_body replace_held_request_body held_request_body_size HTTP_REQUEST_BODY,
    resume_request
}
message! {
    "response", HTTP_RESPONSE,
    response_headers response_headers_mut HTTP_RESPONSE_HEADERS,
    response_trailers response_trailers_mut HTTP_RESPONSE_TRAILERS,
    held_response_body replace_held_response_body held_response_body_size HTTP_RESPONSE_BODY,
    resume_response
}

super::control::reset! { StreamView of HTTP_RESPONSE }

impl<'cb> StreamView<'cb> {
    #[inline(always)]
    pub(crate) fn new(cx: Cx<'cb>) -> Self {
        StreamView { cx }
    }
}

impl<'cb> Sealed<'cb> for StreamView<'cb> {
    #[inline(always)]
    fn cx(&self) -> Cx<'cb> {
        self.cx
    }
}
