//! What the function of an exchange shares with the SDK.

use super::message::{Direction, Message};
use crate::abi::task;
use crate::view::Cx;
use crate::{Error, Result, TimerId};
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::panic::Location;
use core::task::{Context, Waker};

/// The function of an exchange, with what it shares.
pub(super) type Task = task::Task<Shared>;

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
    /// Its body is collected as a whole.
    pub(super) const COLLECTS: Marks = Marks(1 << 13);
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

/// What comes from outside of the messages of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    HttpReply {
        token: u32,
        has_body: bool,
        has_trailers: bool,
    },
    /// A unary call has ended: with a message, or with this status.
    GrpcCall {
        token: u32,
        failure: Option<u32>,
    },
    GrpcMessage {
        token: u32,
    },
    GrpcClose {
        token: u32,
        status: u32,
    },
    Timer(TimerId),
}

/// How the host is asked to keep what comes when the function does not look at it: in a module only if the function may
/// come to it later.
pub(super) type Keep = fn(&Shared, Cx<'_>, Outside);

/// What has come and is kept until the function looks at it.
pub(super) enum Kept {
    HttpReply { token: u32, status: Result<u16>, answer: super::reply::Answer },
    GrpcCall { token: u32, message: Result<Vec<u8>> },
    GrpcMessage { token: u32, message: Result<Vec<u8>> },
    GrpcClose { token: u32, end: Result<()> },
    Timer(TimerId),
}

/// What the function of an exchange shares with the SDK.
pub(crate) struct Shared {
    pub(super) request: Message,
    pub(super) response: Message,
    /// The root context whose stream it is.
    pub(super) root: Cell<u32>,
    /// Whether the client was answered.
    pub(super) is_replied: Cell<bool>,
    /// The exchange is over, and can be logged.
    pub(super) has_ended: Cell<bool>,
    /// What has come in this callback, until the function takes it.
    pub(super) outside: Cell<Option<Outside>>,
    /// The callout whose answer the host shows in this callback, and the function has.
    pub(super) shown: Cell<Option<Outside>>,
    pub(super) kept: Cell<Vec<Kept>>,
    /// How what comes of HTTP callouts is kept, and of gRPC.
    pub(super) keep_http: Cell<Option<Keep>>,
    pub(super) keep_grpc: Cell<Option<Keep>>,
    /// Whom to wake, if the function has parts with wakers of their own.
    wakers: Cell<Vec<Waker>>,
    pub(super) stage: Cell<&'static str>,
    /// The last await that failed, and with what.
    failed: Cell<Option<(Awaited, Error)>>,
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

impl Shared {
    #[inline(always)]
    pub(super) fn new() -> Self {
        let shared = Shared {
            request: Message::default(),
            response: Message::default(),
            root: Cell::new(0),
            is_replied: Cell::new(false),
            has_ended: Cell::new(false),
            outside: Cell::new(None),
            shown: Cell::new(None),
            kept: Cell::new(Vec::new()),
            keep_http: Cell::new(None),
            keep_grpc: Cell::new(None),
            wakers: Cell::new(Vec::new()),
            stage: Cell::new("request headers"),
            failed: Cell::new(None),
        };
        shared.request.mark(Marks::WANTS_HEADERS);
        shared
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

    /// Takes what has come, if it is this.
    #[inline]
    pub(super) fn take_outside(&self, is_it: impl FnOnce(Outside) -> bool) -> Option<Outside> {
        let outside = self.outside.get().filter(|outside| is_it(*outside))?;
        self.outside.set(None);
        Some(outside)
    }

    pub(super) fn keep(&self, kept: Kept) {
        let mut all = self.kept.take();
        all.push(kept);
        self.kept.set(all);
    }

    /// Takes the first that is kept and is this.
    #[inline]
    pub(super) fn take_kept(&self, is_it: impl Fn(&Kept) -> bool) -> Option<Kept> {
        let mut all = self.kept.take();
        let kept = all.iter().position(is_it).map(|at| all.remove(at));
        self.kept.set(all);
        kept
    }

    /// Readies what wakes by itself for a poll in which everything looks anew.
    #[inline]
    pub(super) fn begin_poll(&self) {
        self.request.forget_wants();
        self.response.forget_wants();
        for waker in self.wakers.take() {
            waker.wake();
        }
    }

    /// Notes that something waits in this poll.
    #[inline]
    pub(super) fn wait(&self, context: &Context<'_>) {
        if !task::is_own(context.waker()) {
            self.add_waker(context.waker().clone());
        }
    }

    #[cold]
    fn add_waker(&self, waker: Waker) {
        let mut wakers = self.wakers.take();
        wakers.push(waker);
        self.wakers.set(wakers);
    }

    /// Keeps what the function has not looked at, or may look at again: the host shows it in this callback only.
    #[inline]
    pub(super) fn end_poll(&self, cx: Cx<'_>) {
        if let Some(outside) = self.outside.take().or(self.shown.take()) {
            self.keep_outside(cx, outside);
        }
    }

    #[inline(never)]
    fn keep_outside(&self, cx: Cx<'_>, outside: Outside) {
        let keep = match outside {
            Outside::HttpReply { .. } => self.keep_http.get(),
            Outside::GrpcCall { .. } | Outside::GrpcMessage { .. } | Outside::GrpcClose { .. } => {
                self.keep_grpc.get()
            }
            Outside::Timer(timer) => return self.keep(Kept::Timer(timer)),
        };
        if let Some(keep) = keep {
            keep(self, cx, outside);
        }
    }

    /// Notes that an await failed, to name it if the function fails with the same.
    #[cold]
    pub(super) fn fail(&self, awaited: Awaited, error: Error) -> Error {
        self.failed.set(Some((awaited, error.clone())));
        error
    }

    /// The await that failed with this error, if one did.
    #[cold]
    pub(super) fn failed(&self, error: &Error) -> Option<Awaited> {
        self.failed.take().filter(|(_, failed)| failed == error).map(|(awaited, _)| awaited)
    }
}

/// Uses the running callback.
///
/// # Errors
///
/// [`Error::StageOver`] outside of the callbacks of the exchange.
#[inline]
pub(super) fn with<T>(task: &Rc<Task>, use_it: impl for<'cb> FnOnce(Cx<'cb>) -> Result<T>) -> Result<T> {
    task.with(use_it).unwrap_or_else(|| Err(Error::stage_over()))
}
