//! Exchanges: an extension as one function that awaits what comes.
//!
//! The [`handle`](HttpExchange::handle) of an extension gets each exchange as an [`Exchange`], and leads it from stage to
//! stage. A stage is a type, which has what can be done there and nothing else:
//!
//! ```text
//!  Exchange ─► Request ─┬─► RequestBody ───────┬─► RequestTrailers ─┐
//!                       ├─► InspectRequest ────┤                    │ forward
//!                       ├─► TransformRequest ──┘                    ▼
//!                       └──────────────────────────────────────► Response ─┬─► ResponseBody ──────┬─► ResponseTrailers ─► End
//!                                                                          ├─► InspectResponse ───┤
//!                                                                          └─► TransformResponse ─┘
//! ```
//!
//! While the function awaits anything else than the next part of a message, the SDK holds the message back where it is,
//! and resumes it when the function goes on. A function that has returned lets the rest of the exchange pass. An error
//! that it returns is logged with the stage and the await that failed, and turned into the extension's
//! [`ErrorPolicy`](crate::ErrorPolicy).
//!
//! ```
//! use std::rc::Rc;
//! use std::time::Duration;
//! use waxwing::exchange::HttpExchange;
//! use waxwing::prelude::*;
//!
//! #[derive(Extension, Clone)]
//! #[extension(exchange)]
//! struct Auth {
//!     cluster: Rc<str>,
//! }
//!
//! impl RootContext for Auth {
//!     type Config = String;
//!
//!     fn configure(cluster: String, _cx: &mut Configure<'_>) -> Result<Self> {
//!         Ok(Auth { cluster: cluster.into() })
//!     }
//! }
//!
//! impl HttpExchange for Auth {
//!     async fn handle(self, exchange: Exchange) -> Result<()> {
//!         let request = exchange.request_headers().await?;
//!         let reply = HttpCall::get(&self.cluster, "/check")
//!             .header("authorization", request.headers().get("authorization")?.unwrap_or_default())
//!             .timeout(Duration::from_millis(200))
//!             .send(&request)
//!             .await?;
//!         if reply.status() != 200 {
//!             return request.respond(LocalResponse::new(403).body("denied"));
//!         }
//!         request.headers_mut().set("x-user", reply.headers().get("x-user")?)?;
//!         let response = request.forward().await?;
//!         response.headers_mut().remove("server")
//!     }
//! }
//! ```
//!
//! # What a stage gives
//!
//! Header values, bodies and pieces belong to the stage that they were read from: they may be held across an await, and end
//! with the stage, when it becomes the next one. Everything else that the host can be asked, attributes and shared data
//! for instance, is asked in a closure: [`Stage::with`].
//!
//! # Tasks of root contexts
//!
//! A root context can have a function too, which awaits the same beside its streams: a [`RootTask`]. Requests wait for its
//! start.
//!
//! # What it costs
//!
//! One allocation for each exchange, for the function's state and what the SDK keeps of it, and none for one that begins
//! next after another has ended, whose memory it gets; one more for what is read of a stage, and one for a reply that
//! outlives its callback. The function is polled only by what it waits for. There is no executor, and no other thread.
//!
//! # Other futures
//!
//! Whatever is built on [`core::future`] and waits for nothing of its own works: [`join`], [`select`], the
//! combinators of `futures-util` without `std`. What waits for something else than the host, a channel between two
//! exchanges for instance, does not: nothing would poll the function.

mod body;
mod end;
mod grpc;
mod head;
mod join;
mod kept;
mod message;
mod metadata;
mod pieces;
mod reply;
mod root;
mod running;
mod stage;
mod task;
mod time;
mod trailers;
mod values;

pub use body::{RequestBody, ResponseBody};
pub use end::End;
pub use grpc::{GrpcReplied, GrpcReply, GrpcStream, NextMessage};
pub use head::{Stage, Until};
pub use join::{Either, join, select};
pub use metadata::{GrpcMetadata, InitialMetadata};
pub use pieces::{
    InspectRequest, InspectResponse, InspectedPiece, NextPiece, Piece, TransformRequest, TransformResponse,
};
pub use reply::{HttpReplied, HttpReply};
pub use root::{DeriveWithoutTask, HasTask, NoTask, Root, RootTask, TaskOf, WhileStarting};
pub use running::Exchanges;
pub use stage::{Exchange, Request, Response};
pub use time::{Sleep, Timeout};
pub use trailers::{RequestTrailers, ResponseTrailers};
pub use values::{Headers, HeadersMut};

pub(crate) use kept::{OUTSIDE, Outside};
pub(crate) use message::{Direction, Part};
pub(crate) use root::RunningTask;
pub(crate) use running::Running;
pub(crate) use task::{Arrived, Event};

use crate::{Result, RootContext};
use core::future::Future;

/// An extension as one function for each exchange: a request and its response.
///
/// The root context is cloned for each exchange, so keep what it shares in an `Rc`. The derive says `exchange` in place of
/// the type of streams; everything else of an extension is as usual: its configuration, its
/// [`ErrorPolicy`](crate::ErrorPolicy), root callbacks.
///
/// See [the module](crate::exchange) for an example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle exchanges",
    label = "needs an `impl HttpExchange`, because its derive says `exchange`",
    note = "write `impl HttpExchange for {Self} {{ async fn handle(self, exchange: Exchange) -> Result<()> {{ … }} }}`"
)]
pub trait HttpExchange: RootContext + Clone {
    /// Handles an exchange, from the headers of its request on.
    ///
    /// It is written as `async fn handle(self, exchange: Exchange) -> Result<()>`. It begins when the headers of the
    /// request have arrived, and not at all if another filter answers before this one sees the request. When the
    /// client goes away, or the stream is reset, it is dropped where it waits, and what it has asked is answered to
    /// nobody.
    ///
    /// # Errors
    ///
    /// An error is logged with the stage and the await that failed, and becomes what the extension's
    /// [`ErrorPolicy`](crate::ErrorPolicy) says; but [`Error::ResponseBegun`](crate::Error::ResponseBegun) of an await of
    /// this exchange lets the answer pass that the proxy has made.
    fn handle(self, exchange: Exchange) -> impl Future<Output = Result<()>> + 'static;
}
