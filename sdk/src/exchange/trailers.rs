//! The stages of trailers.

use super::body::responds;
use super::head::{Head, stage};
use super::message::Direction;
use super::stage::{ends, forwards, message};
use super::task::Marks;
use super::{Headers, HeadersMut};
use crate::{LocalResponse, Result};
use core::task::Poll;

/// A stage of the trailers of one direction.
macro_rules! trailers_stage {
    ($(#[$doc:meta])* $stage:ident, $direction:ident, $noun:literal) => {
        $(#[$doc])*
        ///
        /// Being here costs nothing, and each entry that is read is one call to the host, and a copy.
        ///
        /// ngx_wasm_module, APISIX, Apache Traffic Server and Google Service Extensions have no trailers.
        #[derive(Debug)]
        pub struct $stage(pub(super) Head);

        stage! { $stage }

        impl $stage {
            #[doc = concat!("Reads the trailers of the ", $noun, ".")]
            pub fn trailers(&self) -> Headers<'_> {
                Headers::of_stage(&self.0, Direction::$direction.trailers())
            }

            #[doc = concat!("Changes the trailers of the ", $noun, ".")]
            pub fn trailers_mut(&self) -> HeadersMut<'_> {
                HeadersMut::new(&self.0, Direction::$direction.trailers())
            }
        }
    };
}

trailers_stage! {
    /// The trailers of the request have arrived, which end it: `trailers` of any stage of the request gives it.
    ///
    /// The proxy holds them back until it becomes another stage, and with them a body that was collected. What was not, has gone
    /// on.
    ///
    /// ```
    /// use waxwing::exchange::Request;
    /// use waxwing::prelude::*;
    ///
    /// async fn verify(request: Request) -> Result<()> {
    ///     let body = request.buffer(64 * 1024).await?;
    ///     let length = body.len().to_string();
    ///     let Some(trailers) = body.trailers().await? else { return Ok(()) };
    ///     match trailers.trailers().get("x-length")? {
    ///         Some(stated) if stated != length.as_bytes() => trailers.respond(LocalResponse::new(400)),
    ///         _ => Ok(()),
    ///     }
    /// }
    /// ```
    RequestTrailers, Request, "request"
}
trailers_stage! {
    /// The trailers of the response have arrived, which end it: `trailers` of any stage of the response gives it.
    ///
    /// The proxy holds them back until it becomes another stage, and with them a body that was collected. What was not, is with
    /// the client. A function that fails here leaves both held until the proxy's time limit, unless it fails open: Envoy (1.40)
    /// crashes if the stream is reset here.
    ///
    /// ```
    /// use waxwing::exchange::Response;
    /// use waxwing::prelude::*;
    ///
    /// async fn tidy(response: Response) -> Result<()> {
    ///     match response.trailers().await? {
    ///         Some(trailers) => trailers.trailers_mut().remove("x-debug"),
    ///         None => Ok(()),
    ///     }
    /// }
    /// ```
    ResponseTrailers, Response, "response"
}

forwards! { RequestTrailers }
ends! { ResponseTrailers }
responds! { RequestTrailers }

/// Waits for the trailers of a message, or for its end.
#[inline]
pub(super) fn reach(head: &Head, direction: Direction) -> Poll<Result<()>> {
    let message = message(head, direction);
    if message.has(Marks::ENDED) {
        return Poll::Ready(Ok(()));
    }
    match head.want_more(direction, Marks::WANTS_TRAILERS) {
        Ok(()) => Poll::Pending,
        Err(error) => Poll::Ready(Err(error)),
    }
}

/// Whether a message that has ended has trailers.
pub(super) fn have_arrived(head: &Head, direction: Direction) -> bool {
    message(head, direction).has(Marks::TRAILERS)
}

macro_rules! until {
    ($head:expr, $direction:ident, $noun:literal, $stage:literal, $trailers:ident) => {
        crate::exchange::Until::new(
            $head,
            concat!("the trailers of the ", $noun),
            $stage,
            |head| crate::exchange::trailers::reach(head, Direction::$direction),
            |head| {
                crate::exchange::trailers::have_arrived(&head, Direction::$direction).then(|| $trailers(head))
            },
        )
    };
}

pub(super) use until;
