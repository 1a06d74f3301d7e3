//! What the function of an exchange shares with the SDK.

use super::kept::{Keep, Kept, Outside, Source};
use super::message::{Direction, Message, Part};
use crate::abi::task;
use crate::view::Cx;
use crate::{Error, Result};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;
use core::mem::{Discriminant, discriminant};
use core::panic::Location;
use core::task::{Context, Waker};

/// A handle to the function of an exchange, with what it shares.
pub(super) type Handle = task::Handle<Shared>;

/// Facts about a message, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks(u16);

impl Marks {
    /// Its headers have arrived.
    pub(super) const HEADERS: Marks = Marks(1);
    /// A part of its body has arrived.
    pub(super) const BODY: Marks = Marks(1 << 1);
    /// Its trailers have arrived.
    pub(super) const TRAILERS: Marks = Marks(1 << 2);
    /// All of it has arrived.
    pub(super) const ENDED: Marks = Marks(1 << 3);
    /// The function has seen the last piece of its body, or there is none that it can see.
    pub(super) const LAST_SEEN: Marks = Marks(1 << 4);
    /// The host holds it back.
    pub(super) const HELD: Marks = Marks(1 << 5);
    /// The function wants to see nothing more of it.
    pub(super) const RELEASED: Marks = Marks(1 << 6);
    pub(super) const WANTS_HEADERS: Marks = Marks(1 << 7);
    pub(super) const WANTS_PIECE: Marks = Marks(1 << 8);
    pub(super) const WANTS_WHOLE: Marks = Marks(1 << 9);
    pub(super) const WANTS_TRAILERS: Marks = Marks(1 << 10);
    pub(super) const WANTS_END: Marks = Marks(1 << 11);
    /// A part of it has gone on.
    pub(super) const BEGUN: Marks = Marks(1 << 12);
    /// The exchange is over.
    pub(super) const OVER: Marks = Marks(1 << 14);
    /// Its body is collected as a whole.
    pub(super) const COLLECTS: Marks = Marks(1 << 13);
    /// The function was told that nothing more of it comes, because the proxy has answered.
    pub(super) const ANSWERED: Marks = Marks(1 << 15);
    /// What the function waits for.
    pub(super) const WANTS: Marks = Marks(0b1_1111 << 7);

    pub(super) const fn with(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Marks) -> Marks {
        Marks(self.0 & !other.0)
    }

    pub(super) const fn intersects(self, other: Marks) -> bool {
        self.0 & other.0 != 0
    }
}

/// What the function of an exchange may wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Part(Direction, Part),
    Outside(Outside),
}

/// What has arrived of a request that is held until its root context has started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// Whether the request ends with its headers; `None` before they are there.
    pub(crate) headers: Option<bool>,
    /// The size of the body that the host shows, and whether that is all of it.
    pub(crate) body: Option<(usize, bool)>,
    pub(crate) trailers: bool,
}

impl Arrived {
    /// Notes a part.
    pub(crate) fn arrive(&mut self, part: Part) {
        match part {
            Part::Headers { ends } => self.headers = Some(ends),
            Part::Body { size, ends } => self.body = Some((size, ends)),
            Part::Trailers => self.trailers = true,
            Part::End => {}
        }
    }

    /// Whether a part of the body was shown, and the next callback of the request shows it again, with what follows.
    pub(crate) fn is_partial(self) -> bool {
        matches!(self.body, Some((_, false))) && !self.trailers
    }
}

/// What the function of an exchange shares with the SDK.
///
/// It is made and moved for each exchange, so it is small: what most never need is in a place of its own.
pub(crate) struct Shared {
    pub(super) request: Message,
    pub(super) response: Message,
    /// The root context whose stream it is.
    pub(super) root: Cell<u32>,
    /// Whether the client was answered.
    pub(super) is_replied: Cell<bool>,
    /// What has come in this callback, until the function has taken it; one that is shown, until it is let go.
    outside: Cell<Option<Outside>>,
    /// Whether the function has taken it: an answer to a callout, which the host shows in this callback.
    is_shown: Cell<bool>,
    /// How what comes of HTTP callouts is kept, and of gRPC.
    pub(super) keep_http: Cell<Option<Keep>>,
    pub(super) keep_grpc: Cell<Option<Keep>>,
    pub(super) stage: Cell<&'static str>,
    rare: Cell<Option<Box<Rare>>>,
}

/// What most exchanges never have.
#[derive(Default)]
struct Rare {
    /// Boxed, because all lists of pointers are one to the compiler.
    #[allow(clippy::vec_box, reason = "it is for the code of the list")]
    kept: Vec<Box<Kept>>,
    /// Whom to wake, if the function has parts with wakers of their own.
    #[allow(clippy::vec_box, reason = "as above")]
    wakers: Vec<Box<Waker>>,
    /// The last await that failed, and with what.
    failed: Option<(Awaited, Discriminant<Error>)>,
}

/// What is awaited, and where in the code.
#[derive(Clone, Copy)]
pub(super) struct Awaited {
    pub(super) what: &'static str,
    pub(super) at: &'static Location<'static>,
}

impl Awaited {
    #[track_caller]
    #[inline(always)]
    pub(super) fn here(what: &'static str) -> Self {
        Awaited { what, at: Location::caller() }
    }
}

impl Default for Shared {
    #[inline(always)]
    fn default() -> Self {
        let shared = Shared {
            request: Message::default(),
            response: Message::default(),
            root: Cell::new(0),
            is_replied: Cell::new(false),
            outside: Cell::new(None),
            is_shown: Cell::new(false),
            keep_http: Cell::new(None),
            keep_grpc: Cell::new(None),
            stage: Cell::new("request headers"),
            rare: Cell::new(None),
        };
        shared.request.mark(Marks::WANTS_HEADERS);
        shared
    }
}

impl Shared {
    /// Lets it be as for a new exchange.
    #[inline(always)]
    pub(super) fn reset(&mut self) {
        // First, so that the rest is written where it is.
        if let Some(rare) = self.rare.take() {
            drop(rare);
        }
        *self = Shared::default();
    }

    #[inline(always)]
    pub(super) fn message(&self, direction: Direction) -> &Message {
        match direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        }
    }

    /// Lets both messages pass, of which the function wants nothing more.
    pub(super) fn release(&self) {
        self.request.mark(Marks::RELEASED);
        self.response.mark(Marks::RELEASED);
    }

    /// Whether there is any of it.
    #[inline]
    fn has_rare(&self) -> bool {
        let rare = self.rare.take();
        let has_rare = rare.is_some();
        self.rare.set(rare);
        has_rare
    }

    /// Notes what has come in this callback.
    pub(super) fn begin_outside(&self, outside: Outside) {
        self.outside.set(Some(outside));
        self.is_shown.set(false);
    }

    /// Takes what has come, if it is this.
    #[inline]
    pub(super) fn take_outside(&self, source: Source) -> Option<Outside> {
        let outside =
            self.outside.get().filter(|outside| !self.is_shown.get() && outside.source() == source)?;
        self.outside.set(None);
        Some(outside)
    }

    /// Takes the answer to an HTTP callout, if that has come, and lets it be shown.
    #[inline]
    pub(super) fn show_reply(&self, call: u32) -> bool {
        let is_it = !self.is_shown.get() && self.is_reply(call);
        if is_it {
            self.is_shown.set(true);
        }
        is_it
    }

    /// Whether the answer to an HTTP callout is shown in this callback.
    #[inline]
    pub(super) fn shows_reply(&self, call: u32) -> bool {
        self.is_shown.get() && self.is_reply(call)
    }

    /// Lets go of the answer that is shown.
    #[inline]
    pub(super) fn hide_reply(&self) {
        self.outside.set(None);
    }

    #[inline]
    fn is_reply(&self, call: u32) -> bool {
        matches!(self.outside.get(), Some(Outside::HttpReply { token, .. }) if token == call)
    }

    #[inline(never)]
    pub(super) fn keep(&self, kept: Box<Kept>) {
        let mut rare = self.rare.take().unwrap_or_default();
        rare.kept.push(kept);
        self.rare.set(Some(rare));
    }

    /// Takes the first that is kept and is this.
    #[inline]
    pub(super) fn take_kept(&self, source: Source) -> Option<Box<Kept>> {
        if self.has_rare() { self.find_kept(source) } else { None }
    }

    #[cold]
    #[inline(never)]
    fn find_kept(&self, source: Source) -> Option<Box<Kept>> {
        let mut rare = self.rare.take()?;
        let at = rare.kept.iter().position(|kept| kept.source == source);
        let kept = at.map(|at| rare.kept.remove(at));
        self.rare.set(Some(rare));
        kept
    }

    /// Whether one of these is kept.
    pub(super) fn has_kept(&self, sources: &[Source]) -> bool {
        let Some(rare) = self.rare.take() else { return false };
        let has_kept = rare.kept.iter().any(|kept| sources.contains(&kept.source));
        self.rare.set(Some(rare));
        has_kept
    }

    /// Readies what wakes by itself for a poll in which everything looks anew.
    #[inline]
    pub(super) fn begin_poll(&self) {
        self.request.forget_wants();
        self.response.forget_wants();
        if self.has_rare() {
            self.wake();
        }
    }

    #[cold]
    #[inline(never)]
    fn wake(&self) {
        let Some(mut rare) = self.rare.take() else { return };
        let wakers = core::mem::take(&mut rare.wakers);
        self.rare.set(Some(rare));
        for waker in wakers {
            waker.wake();
        }
    }

    /// Notes that something waits in this poll.
    #[inline]
    pub(super) fn wait(&self, context: &Context<'_>) {
        if !task::is_own(context.waker()) {
            self.keep_waker(context.waker());
        }
    }

    #[cold]
    #[inline(never)]
    fn keep_waker(&self, waker: &Waker) {
        let waker = Box::new(waker.clone());
        let mut rare = self.rare.take().unwrap_or_default();
        rare.wakers.push(waker);
        self.rare.set(Some(rare));
    }

    /// Keeps what the function has not looked at, or may look at again: the host shows it in this callback only.
    #[inline]
    pub(super) fn end_poll(&self, cx: Cx<'_>) {
        if let Some(outside) = self.outside.take() {
            self.keep_outside(cx, outside);
        }
    }

    #[inline(never)]
    fn keep_outside(&self, cx: Cx<'_>, outside: Outside) {
        let keep = match outside {
            Outside::HttpReply { .. } => self.keep_http.get(),
            Outside::GrpcCall { .. }
            | Outside::GrpcMessage { .. }
            | Outside::GrpcMetadata { .. }
            | Outside::GrpcClose { .. } => self.keep_grpc.get(),
            Outside::Timer(_) => {
                return self.keep(Box::new(Kept::new(outside.source(), Ok(Vec::new()))));
            }
            Outside::Admitted => return,
        };
        if let Some(keep) = keep {
            keep(self, cx, outside);
        }
    }

    /// Notes that an await failed, to name it if the function fails with such an error.
    #[cold]
    #[inline(never)]
    pub(super) fn fail(&self, awaited: Awaited, error: Error) -> Error {
        let mut rare = self.rare.take().unwrap_or_default();
        rare.failed = Some((awaited, discriminant(&error)));
        self.rare.set(Some(rare));
        error
    }

    /// The await that failed with such an error, if one did.
    #[cold]
    pub(super) fn failed(&self, error: &Error) -> Option<Awaited> {
        let rare = self.rare.take()?;
        let failed = rare.failed;
        self.rare.set(Some(rare));
        failed.filter(|(_, failed)| *failed == discriminant(error)).map(|(awaited, _)| awaited)
    }
}

/// Uses the running callback.
///
/// # Errors
///
/// [`Error::StageOver`] outside of the callbacks of the exchange.
#[inline]
pub(super) fn with<T>(task: &Handle, use_it: impl for<'cb> FnOnce(Cx<'cb>) -> Result<T>) -> Result<T> {
    task.with(use_it).unwrap_or_else(|| Err(Error::stage_over()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_in_the_memory_of_another_knows_nothing_of_that() {
        let mut shared = Shared::default();
        shared.root.set(1);
        shared.release();
        shared.is_replied.set(true);
        shared.stage.set("end");
        shared.begin_outside(Outside::GrpcMessage { token: 4 });
        shared.keep(Box::new(Kept::new(Source::GrpcMessage(4), Ok(b"a message".to_vec()))));
        let error = shared.fail(Awaited::here("a message"), Error::NotText);
        shared.reset();
        assert!(shared.request.has(Marks::WANTS_HEADERS) && !shared.request.has(Marks::RELEASED));
        assert!(!shared.response.has(Marks::RELEASED));
        assert_eq!((shared.root.get(), shared.is_replied.get()), (0, false));
        assert_eq!(shared.stage.get(), "request headers");
        assert!(shared.take_outside(Source::GrpcMessage(4)).is_none());
        assert!(shared.take_kept(Source::GrpcMessage(4)).is_none());
        assert!(shared.failed(&error).is_none());
    }
}
