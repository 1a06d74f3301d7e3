//! What is to happen, and when.

use super::HostCore;
use super::callout::Step;
use super::grpc::Move;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// What happens to a VM when its time has come.
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

impl Due {
    /// Whose turn it is: what happens to one callout, call or lookup keeps its order.
    fn turn(&self) -> Turn {
        match *self {
            Due::Tick(root) => Turn::Timer(root),
            Due::HttpCall(token, _) => Turn::HttpCall(token),
            Due::Grpc(token, _) => Turn::Grpc(token),
            Due::DnsAnswer(token) => Turn::Lookup(token),
            Due::QueueReady(queue) => Turn::Queue(queue),
            Due::Origin(context) => Turn::Origin(context),
        }
    }

    /// Whether it is the clock that makes it happen, and not a message from elsewhere.
    fn is_of_the_clock(&self) -> bool {
        matches!(self, Due::Tick(_)) || self.is_timeout()
    }

    fn is_timeout(&self) -> bool {
        matches!(self, Due::HttpCall(_, Step::TimeOut) | Due::Grpc(_, Move::TimeOut))
    }

    /// Whether a request is on its way to an upstream, of which the guest notices nothing.
    fn is_arrival(&self) -> bool {
        matches!(self, Due::HttpCall(_, Step::Arrive) | Due::Grpc(_, Move::Arrive))
    }
}

/// What happens one after the other in a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Turn {
    Timer(u32),
    HttpCall(u32),
    Grpc(u32),
    Lookup(u32),
    Queue(u32),
    Origin(u32),
}

/// An event that could be the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) moment: Moment,
    pub(crate) worker: usize,
    pub(crate) turn: Turn,
    /// Whether it is the clock that makes it happen.
    pub(crate) of_the_clock: bool,
}

/// When something happens, and its place among all that happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    /// Since the host was made.
    at: Duration,
    number: u64,
    /// Whether no time was to pass until then.
    at_once: bool,
}

impl Moment {
    /// Since the host was made.
    pub(crate) fn at(self) -> Duration {
        self.at
    }
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
    pub(crate) fn now(&self) -> Duration {
        self.now.get()
    }

    /// Lets time pass; it never goes back.
    pub(crate) fn set_now(&self, now: Duration) {
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

    /// Lets something happen to a VM after that time: behind all that was scheduled for the same moment.
    pub(super) fn after(&self, delay: Duration, vm: usize, due: Due) -> Moment {
        let number = self.scheduled.get();
        self.scheduled.set(number + 1);
        let moment = Moment { at: self.now().saturating_add(delay), number, at_once: delay.is_zero() };
        self.events.borrow_mut().insert(moment, (vm, due));
        moment
    }

    /// Takes an event back; it may have happened already.
    pub(super) fn cancel(&self, moment: Moment) {
        self.events.borrow_mut().remove(&moment);
    }

    /// When the next event is due.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.events.borrow().first_key_value().map(|(moment, _)| moment.at)
    }

    /// Takes the next event, if it is due until then; its time becomes the present.
    pub(super) fn pop(&self, until: Duration) -> Option<(usize, Due)> {
        let (moment, _) = self.events.borrow().first_key_value().map(|(moment, due)| (*moment, due.0))?;
        (moment.at <= until).then(|| self.take(moment)).flatten()
    }

    /// Takes this event, wherever it stands; the present becomes its time, or that of what it has overtaken: then it
    /// comes early.
    pub(super) fn take(&self, moment: Moment) -> Option<(usize, Due)> {
        let first = self.next()?;
        let event = self.events.borrow_mut().remove(&moment)?;
        self.set_now(if event.1.is_of_the_clock() { moment.at } else { moment.at.min(first) });
        self.passed.set(self.passed.get() + 1);
        self.passed_now.set(self.passed_now.get() + 1);
        Some(event)
    }

    /// The events that could come next in a real proxy, in the order in which they come here.
    ///
    /// Messages overtake each other and timers, unless they belong to the same callout. Timers keep their order, and the
    /// patience of a callout lasts until its answer is there, if that was to come in time.
    pub(crate) fn ready(&self) -> Vec<Ready> {
        let events = self.events.borrow();
        let timeouts: BTreeMap<(usize, Turn), Moment> = events
            .iter()
            .filter(|(_, (_, due))| due.is_timeout())
            .map(|(moment, (worker, due))| ((*worker, due.turn()), *moment))
            .collect();
        let mut ready = Vec::new();
        let mut on_their_way = BTreeSet::new();
        let mut first_of_the_clock = None;
        for (moment, (worker, due)) in events.iter() {
            let turn = (*worker, due.turn());
            // What comes at once is on its way, whatever the time is.
            let too_late = !moment.at_once && timeouts.get(&turn).is_some_and(|timeout| timeout < moment);
            if due.is_of_the_clock() || too_late {
                first_of_the_clock.get_or_insert((*moment, turn, due.is_timeout()));
            } else if on_their_way.insert(turn) {
                ready.push(Ready { moment: *moment, worker: *worker, turn: turn.1, of_the_clock: false });
            }
        }
        if let Some((moment, turn, is_timeout)) = first_of_the_clock
            && !(is_timeout && on_their_way.contains(&turn))
        {
            let at = ready.partition_point(|other| other.moment < moment);
            ready.insert(at, Ready { moment, worker: turn.0, turn: turn.1, of_the_clock: true });
        }
        ready
    }

    /// When the next event is due, if that is the timer of a root context.
    pub(crate) fn ready_timer(&self) -> Option<Duration> {
        let events = self.events.borrow();
        events
            .first_key_value()
            .filter(|(_, (_, due))| matches!(due, Due::Tick(_)))
            .map(|(moment, _)| moment.at)
    }

    /// What happens at that moment, and to which worker.
    pub(super) fn get(&self, moment: Moment) -> Option<(usize, Due)> {
        self.events.borrow().get(&moment).cloned()
    }

    /// The first request of a callout that is on its way to the upstream.
    pub(super) fn next_arrival(&self) -> Option<Moment> {
        let events = self.events.borrow();
        events.iter().find(|(_, (_, due))| due.is_arrival()).map(|(moment, _)| *moment)
    }

    /// How many events have happened.
    pub(super) fn passed(&self) -> u64 {
        self.passed.get()
    }

    /// How many of them without any time passing since.
    pub(super) fn passed_now(&self) -> u64 {
        self.passed_now.get()
    }

    /// In how much time what will happen to which VM, in order.
    pub(super) fn pending(&self) -> Vec<(Duration, usize, Due)> {
        let pending = |(moment, (vm, due)): (&Moment, &(usize, Due))| {
            (moment.at.saturating_sub(self.now()), *vm, due.clone())
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

    fn ready(schedule: &Schedule) -> Vec<Moment> {
        schedule.ready().iter().map(|ready| ready.moment).collect()
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn messages_overtake_each_other_and_timers_but_not_those_of_their_own_call() {
        let schedule = Schedule::default();
        let grpc = schedule.after(MS, 0, Due::Grpc(5, Move::GoOn));
        schedule.after(MS, 0, Due::Grpc(5, Move::Proceed));
        let tick = schedule.after(2 * MS, 0, Due::Tick(1));
        schedule.after(3 * MS, 1, Due::Tick(1));
        let answer = schedule.after(9 * MS, 0, Due::HttpCall(4, Step::End));
        let other = schedule.after(9 * MS, 1, Due::HttpCall(4, Step::End));
        assert_eq!(ready(&schedule), [grpc, tick, answer, other]);
        // What overtakes comes early: nothing that it has overtaken is late.
        assert_eq!(schedule.take(answer), Some((0, Due::HttpCall(4, Step::End))));
        assert_eq!(schedule.now(), MS);
        // A timer comes at its time, and then messages can be late.
        assert_eq!(schedule.take(tick), Some((0, Due::Tick(1))));
        assert_eq!(schedule.now(), 2 * MS);
        assert_eq!(schedule.take(grpc), Some((0, Due::Grpc(5, Move::GoOn))));
        assert_eq!(schedule.now(), 2 * MS);
        assert_eq!(schedule.take(grpc), None);
    }

    #[test]
    fn an_answer_that_was_to_come_in_time_does() {
        let schedule = Schedule::default();
        schedule.after(5 * MS, 0, Due::HttpCall(4, Step::TimeOut));
        let answer = schedule.after(MS, 0, Due::HttpCall(4, Step::End));
        let tick = schedule.after(2 * MS, 0, Due::Tick(1));
        assert_eq!(ready(&schedule), [answer, tick]);
        schedule.take(tick);
        schedule.after(9 * MS, 0, Due::Tick(1));
        assert_eq!(
            ready(&schedule),
            [answer],
            "the next timer is the callout's, and its answer is on its way"
        );
        schedule.take(answer);
        assert_eq!(schedule.now(), 2 * MS);
    }

    #[test]
    fn an_answer_that_was_to_come_too_late_does() {
        let schedule = Schedule::default();
        let timeout = schedule.after(5 * MS, 0, Due::HttpCall(4, Step::TimeOut));
        let answer = schedule.after(5 * MS, 0, Due::HttpCall(4, Step::End));
        assert_eq!(ready(&schedule), [timeout]);
        schedule.take(timeout);
        schedule.cancel(answer);
        assert_eq!(ready(&schedule), []);
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
