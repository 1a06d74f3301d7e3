//! What is to happen, and when.

use super::HostCore;
use super::callout::Step;
use super::grpc::Move;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// What happens to a worker when its time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The timer of the root context with this number.
    Tick(u32),
    /// A step of the HTTP callout with this token.
    HttpCall(u32, Step),
    /// A move of the gRPC call or stream with this token.
    Grpc(u32, Move),
    /// The answer to the DNS lookup with this token.
    DnsAnswer(u32),
    /// An item is in the queue with this id.
    QueueReady(u32),
    /// What the upstream of the stream with this context does next.
    Origin(u32),
}

impl HostCore {
    /// Runs an event; no guest is running.
    pub(super) fn happen(self: &Rc<Self>, due: Due) {
        match due {
            Due::Tick(root) => self.tick(root),
            Due::HttpCall(token, step) => self.step_callout(token, step),
            Due::Grpc(token, what) => self.move_grpc(token, what),
            Due::DnsAnswer(token) => self.answer_lookup(token),
            Due::QueueReady(queue) => self.queue_ready(queue),
            Due::Origin(context) => self.go_on_with_origin(context),
        }
    }

    /// An event in words.
    pub(super) fn describe(&self, due: &Due) -> String {
        match *due {
            Due::Tick(_) => "on_tick".to_owned(),
            Due::HttpCall(token, step) => self.describe_callout(token, step),
            Due::Grpc(token, what) => self.describe_grpc(token, what),
            Due::DnsAnswer(token) => self.describe_lookup(token),
            Due::QueueReady(queue) => self.describe_queue(queue),
            Due::Origin(context) => format!("the upstream's answer to the stream {context}"),
        }
    }
}

/// When something happens, and its place among all that happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    /// Since the host was made.
    at: Duration,
    number: u64,
}

/// What is to happen, in order, and the time.
///
/// Events know a clock that only goes forward. What guests read is a wall clock, which goes with it but can be
/// set.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// Since the host was made.
    now: Cell<Duration>,
    /// Nanoseconds since the Unix epoch, as the ABI counts.
    wall_clock: Cell<u64>,
    scheduled: Cell<u64>,
    passed: Cell<u64>,
    /// Those of them that passed at this very moment.
    passed_now: Cell<u64>,
    events: RefCell<BTreeMap<Moment, (usize, Due)>>,
}

impl Default for Schedule {
    fn default() -> Self {
        Schedule {
            now: Cell::default(),
            wall_clock: Cell::new(START),
            scheduled: Cell::default(),
            passed: Cell::default(),
            passed_now: Cell::default(),
            events: RefCell::default(),
        }
    }
}

impl Schedule {
    /// Since the host was made.
    pub(super) fn now(&self) -> Duration {
        self.now.get()
    }

    /// Lets time pass; it never goes back.
    pub(super) fn set_now(&self, now: Duration) {
        let passed = now.saturating_sub(self.now.get());
        if passed > Duration::ZERO {
            self.now.set(now);
            self.passed_now.set(0);
            let passed = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
            self.wall_clock.set(self.wall_clock.get().saturating_add(passed));
        }
    }

    pub(super) fn wall_clock(&self) -> u64 {
        self.wall_clock.get()
    }

    pub(super) fn set_wall_clock(&self, nanoseconds: u64) {
        self.wall_clock.set(nanoseconds);
    }

    /// Lets something happen to a worker after that time: behind all that was scheduled for the same moment.
    pub(super) fn after(&self, delay: Duration, worker: usize, due: Due) -> Moment {
        let number = self.scheduled.get();
        self.scheduled.set(number + 1);
        let moment = Moment { at: self.now().saturating_add(delay), number };
        self.events.borrow_mut().insert(moment, (worker, due));
        moment
    }

    /// Takes an event back; it may have happened already.
    pub(super) fn cancel(&self, moment: Moment) {
        self.events.borrow_mut().remove(&moment);
    }

    /// When the next event is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.events.borrow().first_key_value().map(|(moment, _)| moment.at)
    }

    /// Takes the next event, if it is due until then; its time becomes the present.
    pub(super) fn pop(&self, until: Duration) -> Option<(usize, Due)> {
        let at = self.next().filter(|at| *at <= until)?;
        let (_, event) = self.events.borrow_mut().pop_first()?;
        self.set_now(at);
        self.passed.set(self.passed.get() + 1);
        self.passed_now.set(self.passed_now.get() + 1);
        Some(event)
    }

    /// How many events have happened.
    pub(super) fn passed(&self) -> u64 {
        self.passed.get()
    }

    /// How many of them without any time passing since.
    pub(super) fn passed_now(&self) -> u64 {
        self.passed_now.get()
    }

    /// In how much time what will happen to which worker, in order.
    pub(super) fn pending(&self) -> Vec<(Duration, usize, Due)> {
        let pending = |(moment, (worker, due)): (&Moment, &(usize, Due))| {
            (moment.at.saturating_sub(self.now()), *worker, due.clone())
        };
        self.events.borrow().iter().map(pending).collect()
    }
}

/// 2026-01-01T00:00:00Z.
const START: u64 = 1_767_225_600 * 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_their_time_and_then_by_their_number() {
        let schedule = Schedule::default();
        let second = Duration::from_secs(1);
        schedule.after(second, 0, Due::Tick(1));
        schedule.after(Duration::ZERO, 1, Due::Tick(1));
        schedule.after(second, 2, Due::Tick(1));
        let cancelled = schedule.after(Duration::ZERO, 3, Due::Tick(1));
        schedule.cancel(cancelled);
        assert_eq!(schedule.pop(Duration::ZERO), Some((1, Due::Tick(1))));
        assert_eq!(schedule.pop(second - Duration::from_nanos(1)), None);
        assert_eq!(schedule.pop(second), Some((0, Due::Tick(1))));
        assert_eq!((schedule.now(), schedule.passed(), schedule.passed_now()), (second, 2, 1));
        assert_eq!(schedule.pop(second), Some((2, Due::Tick(1))));
        assert_eq!(schedule.pop(Duration::MAX), None);
    }

    #[test]
    fn setting_the_wall_clock_moves_no_event() {
        let schedule = Schedule::default();
        schedule.after(Duration::from_secs(2), 0, Due::Tick(1));
        schedule.set_now(Duration::from_secs(1));
        schedule.set_wall_clock(0);
        assert_eq!(schedule.next(), Some(Duration::from_secs(2)));
        schedule.set_now(Duration::from_secs(2));
        assert_eq!(schedule.wall_clock(), 1_000_000_000);
    }
}
