//! Waiting for two things at once.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

/// Waits for both futures, and gives what both have given.
///
/// ```
/// use waxwing::exchange::{Request, join};
/// use waxwing::prelude::*;
///
/// async fn ask_two(request: &Request) -> Result<(u16, u16)> {
///     let price = HttpCall::get("prices", "/").send(request);
///     let stock = HttpCall::get("stock", "/").send(request);
///     let (price, stock) = join(price, stock).await;
///     Ok((price?.status(), stock?.status()))
/// }
/// ```
pub async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut got_a, mut got_b) = (None, None);
    poll_fn(|context| {
        if got_a.is_none() {
            if let Poll::Ready(a) = a.as_mut().poll(context) {
                got_a = Some(a);
            }
        }
        if got_b.is_none() {
            if let Poll::Ready(b) = b.as_mut().poll(context) {
                got_b = Some(b);
            }
        }
        match (got_a.take(), got_b.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (got_a, got_b) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

/// What the first of two futures has given; see [`select`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first one was ready first, or both at once.
    First(A),
    /// The second one was ready first.
    Second(B),
}

/// Waits for the first of two futures, and drops the other.
///
/// To keep the other, hand a reference to it: `select(&mut a, &mut b)`. The futures of this module can be moved and
/// referred to like that.
///
/// ```
/// use waxwing::exchange::{Either, Request, select};
/// use waxwing::prelude::*;
///
/// async fn whoever_is_first(request: &Request) -> Result<u16> {
///     let near = HttpCall::get("near", "/").send(request);
///     let far = HttpCall::get("far", "/").send(request);
///     match select(near, far).await {
///         Either::First(reply) | Either::Second(reply) => Ok(reply?.status()),
///     }
/// }
/// ```
pub async fn select<A: Future, B: Future>(a: A, b: B) -> Either<A::Output, B::Output> {
    let (mut a, mut b) = (pin!(a), pin!(b));
    poll_fn(|context| {
        if let Poll::Ready(a) = a.as_mut().poll(context) {
            return Poll::Ready(Either::First(a));
        }
        b.as_mut().poll(context).map(Either::Second)
    })
    .await
}
