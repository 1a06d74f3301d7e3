//! What a VM has besides its contexts.

#[cfg(feature = "envoy-dns")]
use super::dns::Lookups;
use super::pending::Pending;
use super::queues::Queues;
use super::tick::{CLOCKWORK, Clockwork};
use super::timers::Timers;
use crate::abi::arena::{Arena, Scope};
use crate::abi::guest::{Callback, Callbacks, Entry};
use crate::view::Cx;
use crate::{Error, LogLevel, logging};
use alloc::format;
use core::cell::Cell;

/// The state of a VM that does not depend on the types of an extension. All-zero bytes are its beginning.
#[derive(Debug)]
pub(crate) struct Vm {
    pub(crate) arena: Arena,
    pub(crate) pending: Pending,
    #[cfg(feature = "envoy-dns")]
    pub(crate) lookups: Lookups,
    pub(crate) queues: Queues,
    pub(crate) timers: Timers,
    /// How they work, where only exchanges have them: from the first one on.
    clockwork: Cell<Option<&'static Clockwork>>,
    /// The callbacks that the module exports: the host tells of nothing else.
    exported: Cell<Callbacks>,
    /// The level below which lines are dropped, plus one; 0 until it is set.
    level: Cell<u32>,
    /// How often the host did what it should not.
    oddities: Cell<u32>,
}

/// The level until an extension sets one.
const DEFAULT_LEVEL: LogLevel = LogLevel::Info;

/// What [`Vm::level`] is when it is above all levels.
const OFF: u32 = 7;

/// So many oddities are all logged; of more, each one whose number is a power of two.
const ODDITIES_LOGGED: u32 = 16;

impl Vm {
    pub(crate) const fn new() -> Self {
        Vm {
            arena: Arena::new(),
            pending: Pending::new(),
            #[cfg(feature = "envoy-dns")]
            lookups: Lookups::new(),
            queues: Queues::new(),
            timers: Timers::new(),
            clockwork: Cell::new(None),
            exported: Cell::new(Callbacks::NONE),
            level: Cell::new(0),
            oddities: Cell::new(0),
        }
    }

    /// Runs a callback of a context, with memory of its own for what the host hands over.
    #[inline(always)]
    pub(crate) fn enter<T>(&self, context: u32, callback: impl for<'cb> FnOnce(Cx<'cb>) -> T) -> T {
        self.arena.enter(
            #[inline(always)]
            |scope: Scope<'_>| callback(Cx { vm: self, context, scope }),
        )
    }

    /// Whether the host tells of this. What nobody is told of must not be waited for, for ever.
    #[inline]
    pub(crate) fn hears(&self, callback: Callback) -> bool {
        self.exported.get().contains(callback)
    }

    /// Readies the timers for one of an exchange, a stream of that root context.
    pub(crate) fn begin_clockwork(&self, context: u32, root: u32) {
        self.clockwork.set(Some(CLOCKWORK));
        self.timers.begin_late(context, root);
    }

    /// How timers work, if there has been one of an exchange.
    #[inline]
    pub(super) fn clockwork(&self) -> Option<&'static Clockwork> {
        self.clockwork.get()
    }

    pub(crate) fn set_log_level(&self, level: LogLevel) {
        self.level.set(level.as_u32().saturating_add(1));
        #[cfg(feature = "log")]
        logging::install(level);
    }

    /// The same; with `None`, no line is logged at all.
    pub(crate) fn limit_log(&self, level: Option<LogLevel>) {
        self.set_log_level(level.unwrap_or(LogLevel::Critical));
        if level.is_none() {
            self.level.set(OFF);
        }
    }

    /// Readies what is process-wide natively, when a root context begins.
    #[cold]
    pub(super) fn start(&self, exported: Callbacks) {
        self.exported.set(exported);
        if self.level.get() == 0 {
            self.set_log_level(DEFAULT_LEVEL);
        }
    }

    pub(super) fn log_enabled(&self, level: u32) -> bool {
        match self.level.get().checked_sub(1) {
            Some(least) => level >= least,
            None => level >= DEFAULT_LEVEL.as_u32(),
        }
    }

    pub(crate) fn log(&self, level: LogLevel, message: &str) {
        if self.log_enabled(level.as_u32()) {
            logging::write(level, message);
        }
    }

    /// Logs why a callback failed.
    #[cold]
    #[inline(never)]
    pub(crate) fn report(&self, callback: &'static Entry, context: u32, error: &Error) {
        self.log(LogLevel::Error, &format!("{} (context {context}): {error}", callback.name));
    }

    /// Logs that the host did what it should not: at a limited rate, because it may go on doing so.
    #[cold]
    #[inline(never)]
    pub(super) fn report_oddity(&self, callback: &'static Entry, context: u32, oddity: Oddity) {
        self.report_odd(callback, context, oddity.text());
    }

    /// The same in other words.
    #[cold]
    #[inline(never)]
    pub(super) fn report_odd(&self, callback: &'static Entry, context: u32, what: &str) {
        let number = self.oddities.get().saturating_add(1);
        self.oddities.set(number);
        if number <= ODDITIES_LOGGED || number.is_power_of_two() {
            self.log(
                LogLevel::Warn,
                &format!("{} (context {context}): {what} (unexpected callback no. {number})", callback.name),
            );
        }
    }
}

/// What a host should not do, and may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Oddity {
    UnknownContext,
    RunningContext,
    RepeatedContext,
    UnknownParent,
    UnconfiguredParent,
}

impl Oddity {
    const fn text(self) -> &'static str {
        match self {
            Oddity::UnknownContext => "the context is unknown",
            Oddity::RunningContext => "the context runs already, or was never made",
            Oddity::RepeatedContext => "the context exists already",
            Oddity::UnknownParent => "the parent is not a root context",
            Oddity::UnconfiguredParent => "the root context is not configured",
        }
    }
}
