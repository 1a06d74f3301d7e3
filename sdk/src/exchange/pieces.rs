//! The stages of bodies that come piece by piece.

use super::Until;
use super::body::responds;
use super::head::{Head, stage};
use super::message::Direction;
use super::stage::{ends, forwards, message};
use super::task::{Awaited, Marks};
use super::trailers::{RequestTrailers, ResponseTrailers};
use crate::abi::call;
use crate::{LocalResponse, Result};
use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

/// A stage of the body of one direction, piece by piece.
macro_rules! pieces_stage {
    (
        $(#[$doc:meta])*
        $stage:ident, $direction:ident, $noun:literal, $piece:ident, $trailers:ident: $trailers_stage:literal
    ) => {
        $(#[$doc])*
        ///
        /// It is there at once. The headers go on when the first piece is awaited, and each piece when the next one is. While the
        /// function awaits anything else, the proxy holds the piece and all that come, up to its own limit, and these are the next
        /// piece, together. Nothing is collected: a piece costs one poll of the function, and a copy if it is read, in memory that
        /// the next one uses again.
        #[derive(Debug)]
        pub struct $stage(pub(super) Head);

        stage! { $stage }

        impl $stage {
            /// Lets the piece before go on, and waits for the next one; `None` behind the last.
            ///
            /// Where one piece ends and the next begins is up to the proxy and the network. The last one may be empty; where
            /// trailers follow, or there is no body, none says that it is the last.
            ///
            /// Of a request it gives [`Error::ResponseBegun`](crate::Error::ResponseBegun) if nothing more of it comes, because the
            /// proxy has answered by itself.
            #[track_caller]
            pub fn next_piece(&mut self) -> NextPiece<'_, $piece<'_>> {
                self.0.values.reset();
                let awaited = Awaited { what: concat!("the next piece of the ", $noun), at: Location::caller() };
                NextPiece {
                    head: &self.0,
                    direction: Direction::$direction,
                    awaited,
                    want: |head| head.want_more(Direction::$direction, Marks::WANTS_PIECE),
                    make: $piece::new,
                    piece: PhantomData,
                }
            }

            #[doc = concat!("Lets the rest of the body go on unseen, and waits for the trailers of the ", $noun, "; `None` if it ends without.")]
            #[track_caller]
            pub fn trailers(self) -> Until<Option<$trailers>> {
                super::trailers::until!(self.0, $direction, $noun, $trailers_stage, $trailers)
            }
        }
    };
}

pieces_stage! {
    /// The body of the request piece by piece, to look at: [`Request::inspect`](crate::exchange::Request::inspect) gives it.
    ///
    /// `content-length` stays, and nothing can be changed.
    ///
    /// ```
    /// use waxwing::exchange::Request;
    /// use waxwing::prelude::*;
    ///
    /// async fn refuse_nulls(request: Request) -> Result<()> {
    ///     let mut pieces = request.inspect();
    ///     while let Some(piece) = pieces.next_piece().await? {
    ///         if piece.bytes()?.contains(&0) {
    ///             // The upstream may have the pieces before, and sees that the request breaks off.
    ///             return pieces.respond(LocalResponse::new(422));
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    InspectRequest, Request, "request", InspectedPiece, RequestTrailers: "request trailers"
}
pieces_stage! {
    /// The body of the request piece by piece, to be changed on its way: [`Request::transform`](crate::exchange::Request::transform)
    /// gives it.
    ///
    /// `content-length` is removed, because the length may change. A word may be cut in two by the border of a piece: what needs
    /// more than bytes is for `buffer`.
    ///
    /// ```
    /// use waxwing::exchange::Request;
    /// use waxwing::prelude::*;
    ///
    /// async fn shout(message: Request) -> Result<()> {
    ///     let mut pieces = message.transform()?;
    ///     while let Some(mut piece) = pieces.next_piece().await? {
    ///         piece.replace(piece.bytes()?.to_ascii_uppercase())?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    TransformRequest, Request, "request", Piece, RequestTrailers: "request trailers"
}
pieces_stage! {
    /// The body of the response piece by piece, to look at: [`Response::inspect`](crate::exchange::Response::inspect) gives it.
    ///
    /// `content-length` stays, and nothing can be changed.
    ///
    /// ```
    /// use waxwing::exchange::Response;
    /// use waxwing::prelude::*;
    ///
    /// async fn measure(response: Response) -> Result<()> {
    ///     let (mut pieces, mut bytes) = (response.inspect(), 0);
    ///     while let Some(piece) = pieces.next_piece().await? {
    ///         bytes += piece.len(); // which does not read it
    ///     }
    ///     pieces.with(|host| {
    ///         host.log(LogLevel::Info, &format!("{bytes} bytes"));
    ///         Ok(())
    ///     })
    /// }
    /// ```
    InspectResponse, Response, "response", InspectedPiece, ResponseTrailers: "response trailers"
}
pieces_stage! {
    /// The body of the response piece by piece, to be changed on its way: [`Response::transform`](crate::exchange::Response::transform)
    /// gives it.
    ///
    /// `content-length` is removed, because the length may change. A word may be cut in two by the border of a piece: what needs
    /// more than bytes is for `buffer`.
    ///
    /// ```
    /// use waxwing::exchange::Response;
    /// use waxwing::prelude::*;
    ///
    /// async fn shout(message: Response) -> Result<()> {
    ///     let mut pieces = message.transform()?;
    ///     while let Some(mut piece) = pieces.next_piece().await? {
    ///         piece.replace(piece.bytes()?.to_ascii_uppercase())?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    TransformResponse, Response, "response", Piece, ResponseTrailers: "response trailers"
}

forwards! { InspectRequest }
forwards! { TransformRequest }
responds! { InspectRequest }
responds! { TransformRequest }
ends! { InspectResponse }
ends! { TransformResponse }

/// A piece that has not come yet: await it.
#[must_use = "a piece comes when it is awaited"]
pub struct NextPiece<'s, P> {
    head: &'s Head,
    direction: Direction,
    awaited: Awaited,
    /// Says that it waits, which is more for a request.
    want: fn(&Head) -> Result<()>,
    make: fn(Place<'s>) -> P,
    piece: PhantomData<fn() -> P>,
}

impl<P> Future for NextPiece<'_, P> {
    type Output = Result<Option<P>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = self.head.shared();
        // Outside of its function nothing would say that it waits.
        if let Err(error) = self.head.with(|_| Ok(())) {
            return Poll::Ready(Err(shared.fail(self.awaited, error)));
        }
        let message = message(self.head, self.direction);
        if let Some((start, len)) = message.next_piece() {
            let ends = message.has(Marks::LAST_SEEN) && !message.has(Marks::TRAILERS);
            let place = Place { head: self.head, direction: self.direction, start, len, ends };
            return Poll::Ready(Ok(Some((self.make)(place))));
        }
        if message.has(Marks::ENDED) {
            return Poll::Ready(Ok(None));
        }
        if let Err(error) = (self.want)(self.head) {
            return Poll::Ready(Err(shared.fail(self.awaited, error)));
        }
        shared.wait(context);
        Poll::Pending
    }
}

impl<P> fmt::Debug for NextPiece<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextPiece").field("direction", &self.direction).finish_non_exhaustive()
    }
}

/// Where a piece is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'s> {
    head: &'s Head,
    direction: Direction,
    start: usize,
    len: usize,
    ends: bool,
}

/// What every piece has.
macro_rules! piece {
    ($(#[$doc:meta])* $piece:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $piece<'s>(Place<'s>);

        impl<'s> $piece<'s> {
            fn new(place: Place<'s>) -> Self {
                $piece(place)
            }

            /// The number of its bytes.
            pub fn len(&self) -> usize {
                self.0.len
            }

            /// Whether it has none.
            pub fn is_empty(&self) -> bool {
                self.0.len == 0
            }

            /// Whether the message ends with it. Not so if trailers follow.
            pub fn end_of_stream(&self) -> bool {
                self.0.ends
            }

            /// Its bytes. Each time it is one call to the host, and a copy that lasts until the next piece.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_get_buffer_bytes")]
            pub fn bytes(&self) -> Result<&'s [u8]> {
                let Place { head, direction, start, len, .. } = self.0;
                if len == 0 {
                    return Ok(&[]);
                }
                head.with(|cx| head.keep(call::buffer_bytes(cx.scope, direction.body(), start, len)?))
            }
        }
    };
}

piece! {
    /// A piece of a body, to look at: `next_piece` gives it.
    ///
    /// It is a stage as well: callouts can be sent from it, and the proxy holds it back until the next piece is awaited. Being here
    /// copies nothing.
    InspectedPiece
}
piece! {
    /// A piece of a body, to be changed on its way: `next_piece` gives it.
    ///
    /// It is a stage as well: callouts can be sent from it, and the proxy holds it back until the next piece is awaited.
    ///
    /// ```
    /// use waxwing::exchange::Piece;
    /// use waxwing::prelude::*;
    ///
    /// async fn moderate(piece: &mut Piece<'_>) -> Result<()> {
    ///     let reply = HttpCall::post("moderation", "/", piece.bytes()?).send(piece).await?;
    ///     if reply.status() == 200 { Ok(()) } else { piece.replace("…") }
    /// }
    /// ```
    Piece
}

stage! { InspectedPiece<'_>: 0.head }
stage! { Piece<'_>: 0.head }

impl Piece<'_> {
    /// Puts these bytes in its place.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses.
    #[doc(alias = "proxy_set_buffer_bytes")]
    pub fn replace(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        let bytes = bytes.as_ref();
        let Place { head, direction, start, len, .. } = self.0;
        head.with(|_| call::set_buffer_bytes(direction.body(), start, len, bytes))?;
        message(head, direction).resize(len, bytes.len());
        self.0.len = bytes.len();
        Ok(())
    }
}
