//! Whose the timers are, and when they are due.

use super::behind::hash;
use super::time::{Tick, Time};
use crate::TimerId;
use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cell::Cell;
use core::cmp::Reverse;
use core::fmt;
use hashbrown::HashTable;

/// The timers of a VM.
///
/// All-zero bytes are the empty table, so that a static one costs nothing in a module's file; nothing of it is in
/// a module without timers. It is never borrowed while the host is called.
pub(crate) struct Timers {
    tables: Cell<Option<Box<Tables>>>,
    /// Whose ticks all contexts have for which no other root context is noted.
    first_root: Cell<u32>,
}

/// A kind of contexts that can have timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Root = 1,
    Http = 2,
    Tcp = 4,
}

/// Kinds of contexts.
#[derive(Clone, Copy, Default)]
pub(super) struct Owners(u8);

impl Owners {
    pub(super) const NONE: Owners = Owners(0);

    /// These, and that kind if it is one of them.
    pub(super) const fn with(self, owner: Owner, is_one: bool) -> Owners {
        if is_one { Owners(self.0 | owner as u8) } else { self }
    }
}

#[derive(Default)]
struct Tables {
    /// Whom a timer of their own comes to.
    owners: Owners,
    last: u64,
    /// By their context: those of a context are found together.
    timers: HashTable<Timer>,
    roots: Vec<Root>,
    parents: HashTable<Parent>,
}

struct Timer {
    id: u64,
    context: u32,
    root: u32,
    deadline: u64,
    /// 0 for one that comes once.
    period: u64,
}

/// A root context with ticks.
struct Root {
    context: u32,
    time: Time,
    /// The next one is the first. Timers that have ended stay until they are met, or are most of it.
    due: BinaryHeap<Reverse<Due>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    deadline: u64,
    id: u64,
    context: u32,
}

/// Whose ticks a context has: a stream those of its root context, a root context its own.
struct Parent {
    context: u32,
    root: u32,
}

impl Timers {
    pub(super) const fn new() -> Self {
        Timers { tables: Cell::new(None), first_root: Cell::new(0) }
    }

    /// Whether contexts of this kind are told of timers. One of which nobody is told must not be set.
    pub(crate) fn come_to(&self, owner: Owner) -> bool {
        self.with(|tables| tables.owners.0 & owner as u8 != 0)
    }

    /// Notes a root context, and which contexts of its extension have timers.
    pub(super) fn begin_root(&self, context: u32, owners: Owners) {
        self.with(|tables| tables.owners = owners);
        if self.first_root.get() == 0 {
            self.first_root.set(context);
        } else {
            self.note_parent(context, context);
        }
    }

    /// Notes a root context and one of its exchanges, when that has its first timer; or the root context alone, when its
    /// task has one.
    pub(super) fn begin_late(&self, context: u32, root: u32) {
        self.with(|tables| tables.owners = tables.owners.with(Owner::Http, context != root));
        match self.first_root.get() {
            0 => self.first_root.set(root),
            first if first != root => {
                self.note_parent(root, root);
                self.note_parent(context, root);
            }
            _ => {}
        }
    }

    /// Notes whose stream it is, if that is not clear.
    #[inline(always)]
    pub(super) fn begin_stream(&self, context: u32, root: u32) {
        if root != self.first_root.get() {
            self.note_parent(context, root);
        }
    }

    #[cold]
    fn note_parent(&self, context: u32, root: u32) {
        self.with(|tables| {
            tables.forget_parent(context);
            let parent = Parent { context, root };
            tables.parents.insert_unique(hash(context), parent, |parent| hash(parent.context));
        });
    }

    /// Starts a timer, and says how the host's tick must be set for it; [`has_set`](Timers::has_set) tells that it was.
    pub(crate) fn start(
        &self,
        context: u32,
        after: u64,
        repeats: bool,
        is_of_task: bool,
        clock: Option<u64>,
    ) -> (TimerId, Option<Tick>) {
        let first_root = self.first_root.get();
        self.with(|tables| {
            let root = tables.root_of(context, first_root);
            tables.last = tables.last.wrapping_add(2);
            let id = tables.last | u64::from(is_of_task);
            let period = if repeats { after } else { 0 };
            let tick = match tables.root(root) {
                Some(known) => {
                    let deadline = known.time.now(clock).saturating_add(after);
                    let tick = known.time.begin(root, deadline, clock);
                    tables.add(Timer { id, context, root, deadline, period });
                    tick
                }
                None => {
                    let mut time = Time::default();
                    let tick = time.begin(root, after, clock);
                    tables.roots.push(Root { context: root, time, due: BinaryHeap::new() });
                    tables.add(Timer { id, context, root, deadline: after, period });
                    tick
                }
            };
            (TimerId(id), tick)
        })
    }

    /// The host has set its tick.
    pub(crate) fn has_set(&self, tick: Tick) {
        self.with(|tables| {
            if let Some(root) = tables.root(tick.root) {
                root.time.has_set(tick);
            }
        });
    }

    /// Ends a timer of a context; false if there is none.
    pub(crate) fn cancel(&self, context: u32, timer: TimerId) -> bool {
        self.with(|tables| tables.remove(context, |id| id == timer.0).is_some())
    }

    /// A tick of a root context has come.
    pub(super) fn tick(&self, root: u32, clock: Option<u64>) {
        self.with(|tables| {
            if let Some(root) = tables.root(root) {
                root.time.tick(clock);
            }
        });
    }

    /// The next timer that was due at the tick of a root context, and whose it is.
    pub(super) fn next_due(&self, root: u32) -> Option<(u32, TimerId)> {
        self.with(|tables| {
            let now = tables.root(root)?.time.at_tick();
            let due = tables.first_due(root).filter(|due| due.deadline <= now)?;
            let timer = tables.remove(due.context, |id| id == due.id)?;
            if timer.period != 0 {
                tables.add(Timer { deadline: now.saturating_add(timer.period), ..timer });
            }
            Some((due.context, TimerId(due.id)))
        })
    }

    /// The callbacks of a tick have run: how the host's tick must be set now, if it must.
    pub(super) fn end_tick(&self, root: u32) -> Option<Tick> {
        self.with(|tables| {
            let next = tables.first_due(root).map(|due| due.deadline);
            tables.root(root)?.time.end_tick(root, next)
        })
    }

    /// The last timer so far, to tell the others from those that come later.
    pub(super) fn last(&self) -> u64 {
        self.with(|tables| tables.last)
    }

    /// Ends the timers of a context that are not later than that one. Those of its task end with that.
    pub(super) fn forget_until(&self, context: u32, last: u64) {
        self.forget(context, |id| id <= last);
    }

    /// Ends the timers of a context that are later than that one.
    pub(super) fn forget_since(&self, context: u32, last: u64) {
        self.forget(context, |id| id > last);
    }

    fn forget(&self, context: u32, is_it: impl Fn(u64) -> bool) {
        let is_it = |id| is_it(id) && !TimerId(id).is_of_task();
        self.with(|tables| while tables.remove(context, is_it).is_some() {});
    }

    /// Forgets a stream that ends.
    pub(super) fn forget_stream(&self, context: u32) {
        let Some(mut tables) = self.tables.take() else { return };
        while tables.remove(context, |_| true).is_some() {}
        tables.forget_parent(context);
        self.tables.set(Some(tables));
    }

    /// Forgets a root context that ends; the host's tick ends with it.
    pub(super) fn forget_root(&self, context: u32) {
        self.forget_stream(context);
        if let Some(mut tables) = self.tables.take() {
            tables.roots.retain(|root| root.context != context);
            self.tables.set(Some(tables));
        }
        if self.first_root.get() == context {
            self.first_root.set(0);
        }
    }

    /// The places of timers in all lists, of those that have ended too.
    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.with(|tables| tables.roots.iter().map(|root| root.due.len()).sum())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Tables) -> T) -> T {
        let mut tables = self.tables.take().unwrap_or_default();
        let result = work(&mut tables);
        self.tables.set(Some(tables));
        result
    }
}

impl Tables {
    /// The root context whose ticks a context has.
    fn root_of(&self, context: u32, first_root: u32) -> u32 {
        let parent = self.parents.find(hash(context), |parent| parent.context == context);
        parent.map_or(first_root, |parent| parent.root)
    }

    fn forget_parent(&mut self, context: u32) {
        if let Ok(entry) = self.parents.find_entry(hash(context), |parent| parent.context == context) {
            entry.remove();
        }
    }

    fn root(&mut self, context: u32) -> Option<&mut Root> {
        self.roots.iter_mut().find(|root| root.context == context)
    }

    fn add(&mut self, timer: Timer) {
        let due = Due { deadline: timer.deadline, id: timer.id, context: timer.context };
        let root = timer.root;
        self.timers.insert_unique(hash(timer.context), timer, |timer| hash(timer.context));
        let Some(root) = self.roots.iter_mut().find(|known| known.context == root) else { return };
        root.due.push(Reverse(due));
        if root.due.len() > self.timers.len().saturating_mul(2).saturating_add(ENDED_KEPT) {
            let timers = &self.timers;
            root.due.retain(|Reverse(due)| due.is_among(timers));
        }
    }

    /// Takes out a timer of a context whose id is like that.
    fn remove(&mut self, context: u32, is_it: impl Fn(u64) -> bool) -> Option<Timer> {
        let is_it = |timer: &Timer| timer.context == context && is_it(timer.id);
        Some(self.timers.find_entry(hash(context), is_it).ok()?.remove().0)
    }

    /// The next timer of a root context, and of its streams.
    fn first_due(&mut self, root: u32) -> Option<Due> {
        let root = self.roots.iter_mut().find(|known| known.context == root)?;
        loop {
            let Reverse(first) = *root.due.peek()?;
            if first.is_among(&self.timers) {
                return Some(first);
            }
            root.due.pop();
        }
    }
}

impl Due {
    /// Whether that timer has not ended, nor begun anew.
    fn is_among(self, timers: &HashTable<Timer>) -> bool {
        let is_it = |timer: &Timer| timer.id == self.id && timer.deadline == self.deadline;
        timers.find(hash(self.context), is_it).is_some()
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").finish_non_exhaustive()
    }
}

/// So many places of timers that have ended are kept beside as many as there are timers.
const ENDED_KEPT: usize = 64;
