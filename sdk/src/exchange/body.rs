//! The stages of bodies that are there as a whole.

use super::Until;
use super::head::{Head, stage};
use super::message::Direction;
use super::stage::{ends, forwards, message};
use super::trailers::{RequestTrailers, ResponseTrailers};
use crate::abi::call;
use crate::abi::wire::ALL_BYTES;
use crate::{LocalResponse, Result};

/// What answers the client while the response has not begun.
macro_rules! responds {
    ($stage:ident) => {
        impl $stage {
            /// Answers the client at once, in place of the upstream. Nothing more of the request reaches the upstream.
            ///
            /// # Errors
            ///
            /// Those of [`Request::respond`](crate::exchange::Request::respond).
            #[doc(alias = "proxy_send_local_response")]
            #[inline]
            pub fn respond(self, response: LocalResponse) -> Result<()> {
                self.0.respond(&response)
            }
        }
    };
}

/// A stage of the whole body of one direction.
macro_rules! body_stage {
    ($(#[$doc:meta])* $stage:ident, $direction:ident, $noun:literal, $trailers:ident: $trailers_stage:literal) => {
        $(#[$doc])*
        ///
        /// The proxy holds the body until it becomes another stage; the headers have gone on. It is in the memory of the module only if
        /// it is [read](Self::bytes), and then as a copy, of which there are two until the callback ends. The function is not
        /// polled while the body arrives.
        #[derive(Debug)]
        pub struct $stage(pub(super) Head);

        stage! { $stage }

        impl $stage {
            /// The number of its bytes.
            pub fn len(&self) -> usize {
                message(&self.0, Direction::$direction).size()
            }

            /// Whether it has none.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// The whole body. Each time it is one call to the host, and a copy that lasts as long as the stage.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_get_buffer_bytes")]
            pub fn bytes(&self) -> Result<&[u8]> {
                let len = self.len();
                if len == 0 {
                    return Ok(&[]);
                }
                let body = Direction::$direction.body();
                self.0.with(|cx| self.0.keep(call::buffer_bytes(cx.scope, body, 0, len)?))
            }

            /// Puts these bytes in its place.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses: Envoy does if the message has no body.
            #[doc(alias = "proxy_set_buffer_bytes")]
            pub fn replace(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
                let bytes = bytes.as_ref();
                if bytes.is_empty() && self.is_empty() {
                    return Ok(());
                }
                let body = Direction::$direction.body();
                self.0.with(|_| call::set_buffer_bytes(body, 0, ALL_BYTES, bytes))?;
                message(&self.0, Direction::$direction).set_size(bytes.len());
                Ok(())
            }

            #[doc = concat!("Lets the body go on, and waits for the trailers of the ", $noun, "; `None` if it ends without.")]
            #[track_caller]
            pub fn trailers(self) -> Until<Option<$trailers>> {
                super::trailers::until!(self.0, $direction, $noun, $trailers_stage, $trailers)
            }
        }
    };
}

body_stage! {
    /// The whole body of the request has arrived: [`Request::buffer`](crate::exchange::Request::buffer) gives it.
    ///
    /// The upstream has the headers, and waits for the body. The client may still be answered in its place.
    ///
    /// ```
    /// use waxwing::exchange::Request;
    /// use waxwing::prelude::*;
    ///
    /// async fn only_objects(request: Request) -> Result<()> {
    ///     let body = request.buffer(64 * 1024).await?; // 413 beyond that
    ///     if !body.bytes()?.starts_with(b"{") {
    ///         return body.respond(LocalResponse::new(400).body("an object is expected"));
    ///     }
    ///     Ok(())
    /// }
    /// ```
    RequestBody, Request, "request", RequestTrailers: "request trailers"
}
body_stage! {
    /// The whole body of the response has arrived: [`Response::buffer`](crate::exchange::Response::buffer) gives it.
    ///
    /// The client has the headers, so it cannot get another response any more, and an error resets the stream.
    ///
    /// ```
    /// use waxwing::exchange::Response;
    /// use waxwing::prelude::*;
    ///
    /// async fn shout(response: Response) -> Result<()> {
    ///     let mut body = response.buffer(64 * 1024).await?;
    ///     let upper = body.bytes()?.to_ascii_uppercase();
    ///     body.replace(upper)
    /// }
    /// ```
    ResponseBody, Response, "response", ResponseTrailers: "response trailers"
}

forwards! { RequestBody }
ends! { ResponseBody }
responds! { RequestBody }

pub(super) use responds;
