//! The stages of headers.

use super::body::{RequestBody, ResponseBody};
use super::head::{Head, Until, stage};
use super::message::{Direction, Message, Whole};
use super::pieces::{InspectRequest, InspectResponse, TransformRequest, TransformResponse};
use super::task::{self, Handle, Marks};
use super::trailers::{RequestTrailers, ResponseTrailers};
use super::{End, Headers, HeadersMut};
use crate::abi::call;
use crate::view::Cx;
use crate::{Error, LocalResponse, Result};
use core::fmt;
use core::future::Future;
use core::task::Poll;

/// An exchange of which nothing has been looked at: what [`handle`](super::HttpExchange::handle) gets.
///
/// The headers of the request are there, and the proxy holds the request back until the function awaits something that lets it
/// go. It costs nothing to let it be: a function that returns without it lets the exchange pass.
///
/// ```
/// use waxwing::prelude::*;
///
/// async fn only_of_orders(exchange: Exchange) -> Result<()> {
///     let request = exchange.request_headers().await?;
///     if !request.headers().get(":path")?.unwrap_or_default().starts_with(b"/orders") {
///         return Ok(()); // the rest of the exchange passes, and costs next to nothing
///     }
///     request.headers_mut().set("x-orders", "1")
/// }
/// ```
pub struct Exchange {
    task: Handle,
}

impl Exchange {
    #[inline]
    pub(super) fn new(task: Handle) -> Self {
        Exchange { task }
    }

    /// The headers of the request, which have arrived when the function begins.
    ///
    /// # Errors
    ///
    /// [`Error::StageOver`] outside of the function of the exchange.
    pub fn request_headers(self) -> impl Future<Output = Result<Request>> {
        let request = task::with(&self.task, |_| Ok(()));
        core::future::ready(request.map(|()| Request(Head::new(self.task))))
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

/// What lets the rest of the request go, and waits for the response.
macro_rules! forwards {
    ($stage:ident) => {
        impl $stage {
            /// Lets everything of the request go that has not gone, and waits for the headers of the response.
            ///
            /// A response that has begun before is held back until then. It may be the proxy's own, or that of another
            /// filter. If none comes, the function is dropped where it waits. Within one callback it costs nothing; what has been
            /// read in this stage ends with it.
            #[track_caller]
            pub fn forward(self) -> crate::exchange::Until<crate::exchange::Response> {
                crate::exchange::stage::forward(self.0)
            }
        }
    };
}

/// What lets the rest of the response go, and waits for the end of the exchange.
macro_rules! ends {
    ($stage:ident) => {
        impl $stage {
            /// Lets everything of the response go that has not gone, and waits for the end of the exchange, when it can be
            /// logged.
            #[track_caller]
            pub fn end(self) -> crate::exchange::Until<crate::exchange::End> {
                crate::exchange::stage::end(self.0)
            }
        }
    };
}

/// A stage of the headers of one direction.
macro_rules! headers_stage {
    (
        $(#[$doc:meta])*
        $stage:ident, $direction:ident, $noun:literal, $begins:literal,
        $body:ident: $body_stage:literal, $inspect:ident, $transform:ident, $trailers:ident: $trailers_stage:literal
    ) => {
        $(#[$doc])*
        ///
        /// Being here costs nothing. Each header that is read is one call to the host, and a copy of the value, which lasts as long
        /// as the stage; the first one that is read is an allocation.
        #[derive(Debug)]
        pub struct $stage(pub(super) Head);

        stage! { $stage }

        impl $stage {
            #[doc = concat!("Reads the headers of the ", $noun, ".")]
            #[inline]
            pub fn headers(&self) -> Headers<'_> {
                Headers::of_stage(&self.0, Direction::$direction.headers())
            }

            #[doc = concat!("Changes the headers of the ", $noun, ".")]
            #[inline]
            pub fn headers_mut(&self) -> HeadersMut<'_> {
                HeadersMut::new(&self.0, Direction::$direction.headers())
            }

            #[doc = concat!("Whether the ", $noun, " ends with its headers: neither a body nor trailers follow.")]
            ///
            /// ngx_wasm_module does not know and always says no.
            pub fn end_of_stream(&self) -> bool {
                message(&self.0, Direction::$direction).has(Marks::LAST_SEEN)
            }

            /// Answers the client at once, in place of the upstream. Nothing more of the request reaches the upstream.
            ///
            /// # Errors
            ///
            /// [`Error::AlreadyReplied`] if it was answered, [`Error::InvalidHeader`] for a header that is none, and
            /// [`Error::Host`] if the host refuses.
            #[doc(alias = "proxy_send_local_response")]
            #[inline]
            pub fn respond(self, response: LocalResponse) -> Result<()> {
                self.0.respond(&response)
            }

            #[doc = concat!("Lets the headers go on, collects the whole body of the ", $noun, ", and holds it back.")]
            ///
            /// It is as with [`BodyMode::Buffer`](crate::BodyMode::Buffer): `content-length` is removed, because the body may change, and the
            /// proxy's own limit holds as well. A message without a body has an empty one. The function is not polled
            /// before the body is complete.
            ///
            /// # Errors
            ///
            /// [`Error::BodyTooLarge`] for a body that is larger than `limit`, by its `content-length` or as it comes,
            /// [`Error::ResponseBegun`] if nothing more of a request comes because the proxy has answered it, and
            #[doc = concat!("[`Error::Host`] if the host refuses. ", $begins)]
            #[track_caller]
            pub fn buffer(self, limit: usize) -> Until<$body> {
                message(&self.0, Direction::$direction).set_limit(limit);
                Until::new(
                    self.0,
                    concat!("the body of the ", $noun),
                    $body_stage,
                    |head| collect(head, Direction::$direction),
                    $body,
                )
            }

            #[doc = concat!("Lets the headers go on, and shows the body of the ", $noun, " piece by piece, to look at.")]
            ///
            /// Nothing is collected: each piece goes on when the next one is asked for. `content-length` stays.
            pub fn inspect(self) -> $inspect {
                self.0.shared().stage.set($body_stage);
                $inspect(Head::new(self.0.task))
            }

            #[doc = concat!("Lets the headers go on, and shows the body of the ", $noun, " piece by piece, to be changed on its way.")]
            ///
            /// Each piece goes on when the next one is asked for. `content-length` is removed.
            ///
            /// # Errors
            ///
            /// [`Error::Host`] if the host refuses to remove `content-length`.
            pub fn transform(self) -> Result<$transform> {
                if !self.end_of_stream() {
                    self.0.with(|cx| match length(cx, Direction::$direction)? {
                        Some(_) => call::remove_header_map_value(Direction::$direction.headers(), LENGTH),
                        None => Ok(()),
                    })?;
                }
                self.0.shared().stage.set($body_stage);
                Ok($transform(Head::new(self.0.task)))
            }

            #[doc = concat!("Lets the headers and the body go on, and waits for the trailers of the ", $noun, "; `None` if it ends without.")]
            #[track_caller]
            pub fn trailers(self) -> Until<Option<$trailers>> {
                super::trailers::until!(self.0, $direction, $noun, $trailers_stage, $trailers)
            }
        }
    };
}

headers_stage! {
    /// The headers of the request have arrived: [`Exchange::request_headers`] gives it, at once.
    ///
    /// Until it becomes another stage, the proxy holds the whole request back, however long the function awaits callouts and
    /// times: nothing of it has reached the upstream. A body that arrives meanwhile waits in the proxy, which at its limit slows
    /// the client down.
    ///
    /// ```
    /// use waxwing::exchange::Request;
    /// use waxwing::prelude::*;
    ///
    /// async fn check(request: Request) -> Result<()> {
    ///     let token = request.headers().get("authorization")?.unwrap_or_default();
    ///     let reply = HttpCall::get("authz", "/check").header("authorization", token).send(&request).await?;
    ///     if reply.status() != 200 {
    ///         return request.respond(LocalResponse::new(403));
    ///     }
    ///     request.headers_mut().set("x-user", reply.headers().get("x-user")?)
    /// }
    /// ```
    Request, Request, "request",
    "As an error of the function the first becomes status 413, if it fails closed.",
    RequestBody: "request body", InspectRequest, TransformRequest, RequestTrailers: "request trailers"
}
headers_stage! {
    /// The headers of the response have arrived: `forward` of any stage of the request gives it. 1xx responses are not shown.
    ///
    /// Until it becomes another stage, the proxy holds the whole response back. The client has seen nothing of it, so it may still
    /// get another one. The request is over for the function: what is not read of it has gone on.
    ///
    /// ```
    /// use waxwing::exchange::Request;
    /// use waxwing::prelude::*;
    ///
    /// async fn hide_failures(request: Request) -> Result<()> {
    ///     let response = request.forward().await?;
    ///     match response.headers().get(":status")? {
    ///         Some([b'5', ..]) => response.respond(LocalResponse::new(502).body("try later")),
    ///         _ => response.headers_mut().remove("server"),
    ///     }
    /// }
    /// ```
    Response, Response, "response",
    "As an error of the function the first becomes status 500 or a reset, if it fails closed: the response has begun when a body turns out to be too large.",
    ResponseBody: "response body", InspectResponse, TransformResponse, ResponseTrailers: "response trailers"
}

forwards! { Request }
ends! { Response }

pub(super) use {ends, forwards};

#[track_caller]
pub(super) fn forward(head: Head) -> Until<Response> {
    Until::new(
        head,
        "the response",
        "response headers",
        |head| {
            let shared = head.shared();
            shared.request.mark(Marks::RELEASED);
            if shared.response.has(Marks::HEADERS) {
                return Poll::Ready(Ok(()));
            }
            shared.response.mark(Marks::WANTS_HEADERS);
            Poll::Pending
        },
        Response,
    )
}

#[track_caller]
pub(super) fn end(head: Head) -> Until<End> {
    Until::new(
        head,
        "the end",
        "end",
        |head| {
            let shared = head.shared();
            shared.release();
            if shared.response.has(Marks::OVER) {
                return Poll::Ready(Ok(()));
            }
            shared.response.mark(Marks::WANTS_END);
            Poll::Pending
        },
        End,
    )
}

/// A message of the exchange.
#[inline]
pub(super) fn message(head: &Head, direction: Direction) -> &Message {
    head.shared().message(direction)
}

const LENGTH: &[u8] = b"content-length";

/// The length that a message states.
fn length<'cb>(cx: Cx<'cb>, direction: Direction) -> Result<Option<&'cb [u8]>> {
    call::header_map_value(cx.scope, direction.headers(), LENGTH)
}

/// Waits for the whole body, whose headers are held back when it begins.
#[inline(always)]
fn collect(head: &Head, direction: Direction) -> Poll<Result<()>> {
    let message = message(head, direction);
    // The headers are looked at once, while they are there.
    if !message.has(Marks::BEGUN.with(Marks::COLLECTS).with(Marks::LAST_SEEN)) {
        message.mark(Marks::COLLECTS);
        if let Err(error) = head.with(|cx| prepare(cx, direction, message)) {
            return Poll::Ready(Err(error));
        }
    }
    match message.whole() {
        Whole::Complete => {
            message.see_all();
            Poll::Ready(Ok(()))
        }
        Whole::TooLarge(limit) => Poll::Ready(Err(Error::body_too_large(limit))),
        Whole::Incomplete => match head.want_more(direction, Marks::WANTS_WHOLE) {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        },
    }
}

/// Removes the length of a body that may change, and refuses one that is stated to be too large.
fn prepare(cx: Cx<'_>, direction: Direction, message: &Message) -> Result<()> {
    match length(cx, direction)? {
        None => Ok(()),
        Some(length) => match message.limit() {
            limit if crate::body_mode::is_above(length, limit) => Err(Error::body_too_large(limit)),
            _ => call::remove_header_map_value(direction.headers(), LENGTH),
        },
    }
}
