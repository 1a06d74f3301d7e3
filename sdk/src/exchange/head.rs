//! What all stages have.

use super::grpc::GrpcReplied;
use super::message::Direction;
use super::reply::HttpReplied;
use super::task::{self, Awaited, Handle, Marks, Shared};
use super::time::{Sleep, Timeout};
use crate::abi::call;
use crate::callout::Caller;
use crate::view::{Cx, HostView};
use crate::{Error, LocalResponse, Result};
use bumpalo::Bump;
use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

/// What a stage is made of: the task whose function has it, and what was read in it.
#[expect(unnameable_types, reason = "part of a sealed trait")]
pub struct Head {
    pub(super) task: Handle,
    pub(super) values: Bump,
}

impl Head {
    pub(super) fn new(task: Handle) -> Self {
        Head { task, values: Bump::new() }
    }

    #[inline]
    pub(super) fn shared(&self) -> &Shared {
        &self.task.shared
    }

    /// Uses the running callback.
    #[inline]
    pub(super) fn with<T>(&self, use_it: impl for<'cb> FnOnce(Cx<'cb>) -> Result<T>) -> Result<T> {
        task::with(&self.task, use_it)
    }

    /// Keeps bytes that belong to the callback for as long as the stage.
    #[inline]
    pub(super) fn keep(&self, bytes: &[u8]) -> Result<&[u8]> {
        keep(&self.values, bytes)
    }

    /// Notes that the function waits for more of a message, if that can come.
    #[inline(always)]
    pub(super) fn want_more(&self, direction: Direction, what: Marks) -> Result<()> {
        let shared = self.shared();
        shared.message(direction).mark(what);
        if direction == Direction::Response {
            return Ok(());
        }
        // Not to show it to the function: it may mean that there is nothing more to wait for.
        shared.response.mark(Marks::WANTS_HEADERS);
        if shared.response.has(Marks::HEADERS) { self.with(|cx| unless_answered(cx, shared)) } else { Ok(()) }
    }

    /// Answers the client.
    #[inline(always)]
    pub(super) fn respond(self, response: &LocalResponse) -> Result<()> {
        let shared = self.shared();
        if shared.is_replied.get() {
            return Err(Error::AlreadyReplied);
        }
        self.with(|cx| response.send(cx.scope))?;
        shared.is_replied.set(true);
        Ok(())
    }
}

/// Fails if the response that waits is not the upstream's, but the proxy's own or that of another filter.
///
/// Envoy then shows nothing more of the request, whose rest nobody would get: the function would wait for it, and the
/// client for the function. The response of a host that does not say whose it is counts as the upstream's.
#[cold]
#[inline(never)]
fn unless_answered(cx: Cx<'_>, shared: &Shared) -> Result<()> {
    match call::property(cx.scope, b"response\0code_details") {
        Ok(Some(details)) if !details.is_empty() && details != b"via_upstream" => {
            shared.request.mark(Marks::ANSWERED);
            Err(Error::request_over())
        }
        _ => Ok(()),
    }
}

/// Keeps bytes among the values of a stage.
#[inline]
pub(super) fn keep<'s>(values: &'s Bump, bytes: &[u8]) -> Result<&'s [u8]> {
    match values.try_alloc_slice_copy(bytes) {
        Ok(kept) => Ok(kept),
        Err(_) => Err(Error::OutOfMemory),
    }
}

impl fmt::Debug for Head {
    /// No value that was read: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("stage", &self.shared().stage.get()).finish_non_exhaustive()
    }
}

pub(super) mod sealed {
    /// A stage.
    #[expect(unnameable_types, reason = "stages are made by the SDK only")]
    pub trait Sealed {
        fn head(&self) -> &super::Head;
    }
}

/// What every stage of an exchange can do, and the [`Root`](super::Root) of a task: ask the host, wait, and send callouts.
///
/// A function that is to be called with any of them takes `&impl Stage`.
pub trait Stage:
    sealed::Sealed
    + Caller<HttpCall = HttpReplied, GrpcCall = GrpcReplied, GrpcStream = Result<super::GrpcStream>>
{
    /// Asks the host: attributes, properties, shared data, queues, foreign functions, the log.
    ///
    /// What it gives lives as long as the closure, and cannot be held across an await: own what is to stay.
    ///
    /// # Errors
    ///
    /// Those of the closure.
    ///
    /// ```
    /// use waxwing::attributes::source;
    /// use waxwing::exchange::{Request, Stage};
    /// use waxwing::prelude::*;
    ///
    /// fn address(request: &Request) -> Result<Option<String>> {
    ///     request.with(|host| Ok(host.attribute(source::ADDRESS)?.map(|address| address.to_string())))
    /// }
    /// ```
    fn with<T>(&self, ask: impl for<'cb> FnOnce(&HostView<'cb>) -> Result<T>) -> Result<T> {
        self.head().with(|cx| ask(&HostView::new(cx)))
    }

    /// Waits for this time, in whole milliseconds, rounded up, from now on. See [`TimerId`](crate::TimerId) for how exact
    /// it is, and which hosts have timers.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host has no ticks. ngx_wasm_module traps instead.
    #[track_caller]
    fn sleep(&self, time: Duration) -> Sleep {
        Sleep::new(&self.head().task, time, Awaited::here("a time"))
    }

    /// Waits for a future, at most for this time.
    ///
    /// What it then has not given is dropped: the answer to a callout is ignored, a gRPC call is cancelled.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when the time is over, and those of [`sleep`](Stage::sleep).
    ///
    /// ```
    /// use std::time::Duration;
    /// use waxwing::exchange::Request;
    /// use waxwing::prelude::*;
    ///
    /// async fn price(request: &Request) -> Result<Option<Vec<u8>>> {
    ///     let call = HttpCall::get("prices", "/").send(request);
    ///     match request.timeout(Duration::from_millis(50), call).await {
    ///         Ok(reply) => Ok(Some(reply?.body()?.to_vec())),
    ///         Err(Error::TimedOut { .. }) => Ok(None), // without a price, then
    ///         Err(error) => Err(error),
    ///     }
    /// }
    /// ```
    #[track_caller]
    fn timeout<F: Future>(&self, time: Duration, future: F) -> Timeout<F> {
        Timeout::new(Sleep::new(&self.head().task, time, Awaited::here("a time")), future)
    }
}

/// A stage that an exchange has not reached yet: await it.
#[must_use = "a stage is reached when it is awaited"]
pub struct Until<S> {
    head: Option<Head>,
    reach: fn(&Head) -> Poll<Result<()>>,
    make: fn(Head) -> S,
    stage: &'static str,
    awaited: Awaited,
}

impl<S> Until<S> {
    #[track_caller]
    #[inline]
    pub(super) fn new(
        head: Head,
        what: &'static str,
        stage: &'static str,
        reach: fn(&Head) -> Poll<Result<()>>,
        make: fn(Head) -> S,
    ) -> Self {
        let awaited = Awaited { what, at: Location::caller() };
        Until { head: Some(head), reach, make, stage, awaited }
    }
}

impl<S> Future for Until<S> {
    type Output = Result<S>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<S>> {
        let Some(head) = &self.head else { return Poll::Ready(Err(Error::stage_over())) };
        // Nobody but its own function may let go what it holds.
        let reached = match head.with(|_| Ok(())) {
            Ok(()) => (self.reach)(head),
            Err(error) => Poll::Ready(Err(error)),
        };
        match reached {
            Poll::Pending => {
                head.shared().wait(context);
                Poll::Pending
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(head.shared().fail(self.awaited, error))),
            Poll::Ready(Ok(())) => {
                head.shared().stage.set(self.stage);
                let make = self.make;
                match self.head.take() {
                    // Nothing refers any more to what was read in the stage before.
                    Some(Head { task, .. }) => Poll::Ready(Ok(make(Head::new(task)))),
                    None => Poll::Ready(Err(Error::stage_over())),
                }
            }
        }
    }
}

impl<S> fmt::Debug for Until<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Until").field("stage", &self.stage).finish_non_exhaustive()
    }
}

/// What makes a type a stage: its head, its callouts.
macro_rules! stage {
    ($stage:ty) => {
        crate::exchange::head::stage! { $stage: 0 }
    };
    ($stage:ty: $($head:tt).+) => {
        impl crate::exchange::head::sealed::Sealed for $stage {
            #[inline(always)]
            fn head(&self) -> &crate::exchange::head::Head {
                &self.$($head).+
            }
        }

        impl crate::exchange::Stage for $stage {}

        impl crate::callout::Caller for $stage {
            type HttpCall = crate::exchange::HttpReplied;
            type GrpcCall = crate::exchange::GrpcReplied;
            type GrpcStream = crate::Result<crate::exchange::GrpcStream>;

            #[track_caller]
            #[inline(always)]
            fn http_call(
                &self,
                start: impl FnOnce(crate::view::Cx<'_>) -> crate::Result<crate::HttpCallId>,
            ) -> Self::HttpCall {
                crate::exchange::HttpReplied::new(&self.$($head).+.task, start)
            }

            #[track_caller]
            #[inline(always)]
            fn grpc_call(
                &self,
                start: impl FnOnce(crate::view::Cx<'_>) -> crate::Result<crate::GrpcCallId>,
            ) -> Self::GrpcCall {
                crate::exchange::GrpcReplied::new(&self.$($head).+.task, start)
            }

            #[track_caller]
            #[inline(always)]
            fn grpc_stream(
                &self,
                start: impl FnOnce(crate::view::Cx<'_>) -> crate::Result<crate::GrpcStream>,
            ) -> Self::GrpcStream {
                crate::exchange::GrpcStream::new(&self.$($head).+.task, start)
            }
        }
    };
}

pub(super) use stage;
