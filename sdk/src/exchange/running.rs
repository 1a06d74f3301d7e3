//! An exchange as the dispatcher sees it.

use super::HttpExchange;
use super::kept::OUTSIDE;
use super::message::{Direction, Part};
use super::stage::Exchange;
use super::task::{Arrived, Event, Marks, Shared};
use crate::abi::call;
use crate::abi::guest::{Callback, Callbacks, Entry};
use crate::abi::task::Owned;
use crate::context::HttpContext;
use crate::view::Cx;
use crate::{Error, Result};
use alloc::format;
use core::fmt;
use core::marker::PhantomData;
use core::task::Poll;

/// The streams of an extension that is an exchange: what its derive names.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exchanges<R> {
    running: Running,
    root: PhantomData<R>,
}

impl<R: HttpExchange> HttpContext for Exchanges<R> {
    type Root = R;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = CALLBACKS;

    const IS_EXCHANGE: bool = true;

    #[inline]
    fn new(root: &R) -> Self {
        let root = root.clone();
        let task = Owned::new(Shared::default(), |task| root.handle(Exchange::new(task)));
        Exchanges { running: Running { task }, root: PhantomData }
    }

    #[inline]
    fn renew(&mut self, root: &R) {
        let root = root.clone();
        self.running.task.renew(Shared::reset, |task| root.handle(Exchange::new(task)));
    }

    #[inline(always)]
    fn exchange(&mut self) -> Option<&mut Running> {
        Some(&mut self.running)
    }
}

/// What an exchange may wait for: the derive exports the same.
const CALLBACKS: Callbacks = OUTSIDE
    .with(Callback::RequestHeaders)
    .with(Callback::RequestBody)
    .with(Callback::RequestTrailers)
    .with(Callback::ResponseHeaders)
    .with(Callback::ResponseBody)
    .with(Callback::ResponseTrailers)
    .with(Callback::Log)
    .with(Callback::Done);

/// An exchange whose function runs, or has ended.
#[expect(unnameable_types, reason = "part of a hidden method")]
pub struct Running {
    task: Owned<Shared>,
}

impl Running {
    /// Notes the root context whose stream it is.
    #[inline]
    pub(crate) fn set_root(&mut self, root: u32) {
        self.task.shared().root.set(root);
    }

    /// Something has come. True if the host is to let go what it shows of a message.
    pub(crate) fn run(&mut self, callback: &'static Entry, event: Event, cx: Cx<'_>) -> Result<bool> {
        let is_wanted = match event {
            Event::Part(direction, part) => self.task.shared().message(direction).arrive(part),
            Event::Outside(outside) => {
                self.task.shared().begin_outside(outside);
                true
            }
        };
        if self.task.is_over() {
            // What it has not let go, the policy has stopped.
            return Ok(self.task.shared().response.has(Marks::RELEASED));
        }
        let result = if is_wanted { self.poll(cx) } else { Ok(()) };
        let shared = self.task.shared();
        let mut is_open = true;
        if let Event::Part(direction, _) = event {
            let message = shared.message(direction);
            // Another filter has answered before this one saw the request: there is no function for that.
            is_open = message.is_open() || !shared.request.has(Marks::HEADERS) || result.is_err();
            if is_open {
                // What the host does after an error, the policy says.
                message.let_go();
            } else {
                message.hold();
            }
            // Its answer comes in callbacks of its own, which the dispatcher lets pass.
            is_open = is_open && !shared.is_replied.get();
        }
        result?;
        match event {
            Event::Part(Direction::Request, _) if !self.is_replied() => {
                self.resume(callback, Direction::Response, cx);
            }
            Event::Part(Direction::Response, _) if !self.is_replied() => {
                self.resume(callback, Direction::Request, cx);
            }
            Event::Part(..) => {}
            Event::Outside(_) => self.resume_both(callback, cx),
        }
        Ok(is_open)
    }

    /// Catches up with a request that the host holds back, before the function begins.
    #[cold]
    pub(crate) fn catch_up(&self, arrived: Arrived) {
        let request = self.task.shared().message(Direction::Request);
        request.arrive(Part::Headers { ends: arrived.headers.unwrap_or_default() });
        if let Some((size, ends)) = arrived.body {
            request.arrive(Part::Body { size, ends });
        }
        if arrived.trailers {
            request.arrive(Part::Trailers);
        }
        request.hold();
    }

    /// Ends the function, wherever it is.
    pub(crate) fn drop_function(&mut self, cx: Cx<'_>) {
        self.task.end(cx);
    }

    /// Lets everything pass that the function has not let go.
    #[cold]
    pub(crate) fn release(&mut self, callback: &'static Entry, cx: Cx<'_>) {
        self.task.shared().release();
        self.resume_both(callback, cx);
    }

    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.task.is_over()
    }

    #[inline]
    pub(crate) fn is_replied(&self) -> bool {
        self.task.shared().is_replied.get()
    }

    /// Whether it is over, and lets everything pass.
    #[inline]
    pub(crate) fn passes(&self) -> bool {
        self.task.is_over() && self.task.shared().response.has(Marks::RELEASED)
    }

    /// Whether the headers of the response have gone on.
    pub(crate) fn response_has_begun(&self) -> bool {
        self.task.shared().response.has(Marks::BEGUN)
    }

    /// Lets the function go on.
    fn poll(&mut self, cx: Cx<'_>) -> Result<()> {
        self.task.shared().begin_poll();
        match self.task.poll(cx) {
            Poll::Pending => {
                self.task.shared().end_poll(cx);
                Ok(())
            }
            Poll::Ready(Ok(())) => {
                self.task.shared().release();
                Ok(())
            }
            // Only what this exchange was told: an error that comes from elsewhere lets nothing pass.
            Poll::Ready(Err(Error::ResponseBegun { .. }))
                if self.task.shared().request.has(Marks::ANSWERED) =>
            {
                self.task.shared().release();
                Ok(())
            }
            Poll::Ready(Err(error)) => Err(error),
        }
    }

    #[inline(always)]
    fn resume_both(&self, callback: &'static Entry, cx: Cx<'_>) {
        if !self.is_replied() {
            self.resume(callback, Direction::Request, cx);
            self.resume(callback, Direction::Response, cx);
        }
    }

    /// Resumes a message that is held back and may go on now.
    #[inline(always)]
    fn resume(&self, callback: &'static Entry, direction: Direction, cx: Cx<'_>) {
        let message = self.task.shared().message(direction);
        if message.has(Marks::HELD) && message.is_open() {
            message.let_go();
            go_on(callback, direction, &cx);
        }
    }

    /// The error of the function, with the stage at which it failed, and the await, if it was one.
    #[cold]
    #[inline(never)]
    pub(crate) fn name(&self, error: Error) -> Error {
        name(self.task.shared(), error)
    }
}

/// The error of a function, with the stage at which it failed, and the await, if it was one.
#[cold]
#[inline(never)]
pub(super) fn name(shared: &Shared, error: Error) -> Error {
    let stage = shared.stage.get();
    Error::Other(match shared.failed(&error) {
        Some(awaited) => format!("at the {stage}, awaiting {} ({}): {error}", awaited.what, awaited.at),
        None => format!("at the {stage}: {error}"),
    })
}

/// Lets a message go on that is held back.
#[inline(never)]
fn go_on(callback: &'static Entry, direction: Direction, cx: &Cx<'_>) {
    if let Err(error) = call::continue_stream(direction.stream()) {
        cx.vm.report(callback, cx.context, &error);
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("task", &self.task).finish_non_exhaustive()
    }
}
