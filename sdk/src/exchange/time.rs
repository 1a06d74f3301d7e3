//! Waiting for a time.

use super::kept::Source;
use super::task::{self, Awaited, Handle};
use crate::{Error, Result, TimerId, timer};
use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

/// A time that has not passed yet: await it. See [`Stage::sleep`](super::Stage::sleep).
///
/// It runs from when it was made. When it is dropped, its timer ends.
#[must_use = "a time passes when it is awaited"]
pub struct Sleep {
    task: Handle,
    timer: Option<Result<TimerId>>,
    awaited: Awaited,
}

impl Sleep {
    pub(super) fn new(task: &Handle, time: Duration, awaited: Awaited) -> Self {
        let root = task.shared.root.get();
        let timer = task::with(task, |cx| timer::start_late(cx, root, time));
        Sleep { task: task.clone(), timer: Some(timer), awaited }
    }

    fn take(&self, timer: TimerId) -> bool {
        let shared = &self.task.shared;
        let source = Source::Timer(timer);
        shared.take_outside(source).is_some() || shared.take_kept(source).is_some()
    }
}

impl Future for Sleep {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let result = match self.timer {
            Some(Ok(timer)) if self.take(timer) => Ok(()),
            Some(Ok(_)) => {
                self.task.shared.wait(context);
                return Poll::Pending;
            }
            Some(Err(_)) | None => match self.timer.take() {
                Some(Err(error)) => Err(self.task.shared.fail(self.awaited, error)),
                _ => Ok(()),
            },
        };
        self.timer = None;
        Poll::Ready(result)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some(Ok(timer)) = self.timer else { return };
        if !self.take(timer) {
            // If it cannot be ended now, the stream ends, and its timers with it.
            let _ = self.task.with(|cx| cx.vm.timers.cancel(cx.context, timer));
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").finish_non_exhaustive()
    }
}

/// A future that has a limited time. See [`Stage::timeout`](super::Stage::timeout).
#[must_use = "the time runs out whether it is awaited or not"]
pub struct Timeout<F> {
    sleep: Sleep,
    /// In a place of its own, so that it can be polled wherever this is; dropped when the time is over.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Timeout<F> {
    pub(super) fn new(sleep: Sleep, future: F) -> Self {
        Timeout { sleep, future: Some(Box::pin(future)) }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.future else { return Poll::Ready(Err(Error::timed_out())) };
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        match Pin::new(&mut self.sleep).poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {
                self.future = None;
                let error = self.sleep.task.shared.fail(self.sleep.awaited, Error::timed_out());
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("sleep", &self.sleep).finish_non_exhaustive()
    }
}
