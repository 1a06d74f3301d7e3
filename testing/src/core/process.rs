//! What the workers of a host share: the settings, the time and what is to happen, the log.

use super::faults::Faults;
use super::metric::Metrics;
use super::schedule::{Due, Schedule};
use super::shared_data::SharedData;
use super::shared_queue::SharedQueues;
use super::{HostCore, Settings};
use crate::backend::Backend;
use crate::log::LogLine;
use crate::metric::Metric;
use crate::misuse::Breach;
use crate::upstream::{Grpc, Upstreams};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;

/// A proxy's process: one for all workers of a host.
///
/// Time stands still in it, and nothing happens that a test has not asked for: [`settle`](Process::settle) runs
/// what is due, [`advance`](Process::advance) lets time pass.
pub(crate) struct Process {
    pub(crate) settings: Settings,
    /// The configuration of the plugin, which can be replaced.
    pub(crate) config: RefCell<Vec<u8>>,
    pub(crate) schedule: Schedule,
    pub(crate) metrics: Metrics,
    pub(crate) shared_data: SharedData,
    pub(crate) queues: SharedQueues,
    /// Whom the extension can call.
    pub(crate) upstreams: Upstreams,
    pub(crate) grpc_upstreams: Upstreams<Grpc>,
    pub(crate) faults: Rc<Faults>,
    /// All VMs of all workers, in the order in which they were made.
    vms: RefCell<Vec<Weak<HostCore>>>,
    /// Whether events are being run.
    settling: Cell<bool>,
    /// What every worker logged, and which one did.
    logs: RefCell<Vec<(usize, LogLine)>>,
    /// The whole proxy has ended.
    pub(super) aborted: Cell<bool>,
    /// What makes the test fail as soon as it is back in control.
    failure: RefCell<Option<String>>,
    /// The first misuse that the test has not heard of.
    breach: RefCell<Option<Breach>>,
    /// Somebody looks at what goes wrong, so that nothing panics for it.
    watched: Cell<bool>,
    /// What a server sends at one moment comes one by one, so that something else can come in between.
    pub(super) one_by_one: Cell<bool>,
}

/// How a wait went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waited {
    pub(crate) time: Duration,
    /// Whether it ended because there is a limit to all waiting.
    pub(crate) limited: bool,
}

impl Process {
    pub(crate) fn new(
        settings: Settings,
        upstreams: Upstreams,
        grpc_upstreams: Upstreams<Grpc>,
        faults: Rc<Faults>,
    ) -> Rc<Process> {
        Rc::new(Process {
            config: RefCell::new(settings.config.clone()),
            settings,
            schedule: Schedule::default(),
            metrics: Metrics::default(),
            shared_data: SharedData::default(),
            queues: SharedQueues::default(),
            upstreams,
            grpc_upstreams,
            faults,
            vms: RefCell::default(),
            settling: Cell::new(false),
            logs: RefCell::default(),
            aborted: Cell::default(),
            failure: RefCell::default(),
            breach: RefCell::default(),
            watched: Cell::new(false),
            one_by_one: Cell::new(false),
        })
    }

    /// One like this, with another configuration, for a worker that only tries it: nothing of what it does is seen here.
    pub(crate) fn canary(&self, config: &[u8]) -> Rc<Process> {
        let settings = Settings { config: config.to_vec(), ..self.settings.clone() };
        Process::new(settings, self.upstreams.clone(), self.grpc_upstreams.clone(), self.faults.clone())
    }

    /// One more VM of a worker, which has not started yet.
    pub(super) fn add_vm(self: &Rc<Self>, worker: usize, backend: Rc<dyn Backend>) -> Rc<HostCore> {
        let mut vms = self.vms.borrow_mut();
        let vm = HostCore::new(self.clone(), worker, vms.len(), backend);
        vms.push(Rc::downgrade(&vm));
        vm
    }

    /// Runs everything that is due now, and what follows from it.
    ///
    /// From a closure of the test's that runs meanwhile, it leaves that to the run that is under way.
    pub(crate) fn settle(&self) {
        let Some(_settling) = self.start_settling() else { return };
        self.run_until(self.schedule.now(), || false);
    }

    /// Lets time pass, event by event.
    #[track_caller]
    pub(crate) fn advance(&self, by: Duration) {
        let Some(_settling) = self.start_settling() else {
            panic!(
                "the clock cannot be advanced here: an event is being dealt with, and the time is the event's"
            );
        };
        let until = self.schedule.now().saturating_add(by);
        if self.run_until(until, || false) {
            self.schedule.set_now(until);
        }
    }

    /// Lets time pass from event to event, as long as there are any, until `done` holds.
    pub(crate) fn wait(&self, done: impl Fn() -> bool) -> Waited {
        let start = self.schedule.now();
        let before = self.schedule.passed();
        let limit = start.saturating_add(WAIT_LIMIT);
        if let Some(_settling) = self.start_settling() {
            self.run_until(limit, || done() || self.schedule.passed() - before >= EVENT_LIMIT);
        }
        let limited = !done() && self.schedule.next().is_some();
        Waited { time: self.schedule.now() - start, limited }
    }

    /// `None` if events are being run already.
    pub(super) fn start_settling(&self) -> Option<Settling<'_>> {
        (!self.settling.replace(true)).then_some(Settling(&self.settling))
    }

    /// Runs events until that time, or until `done` holds; false if something made the test fail.
    fn run_until(&self, until: Duration, done: impl Fn() -> bool) -> bool {
        loop {
            for vm in self.vms() {
                vm.answer_arrived();
            }
            if self.failure.borrow().is_some() {
                return false;
            }
            if done() {
                return true;
            }
            let Some((vm, due)) = self.schedule.pop(until) else { return true };
            let Some(vm) = self.vm(vm) else { continue };
            if self.schedule.passed_now() > EVENT_LIMIT {
                let due = vm.describe(&due);
                self.fail(format!(
                    "{EVENT_LIMIT} events have happened without any time passing, each because of another; \
                     the next one is {due}"
                ));
                return false;
            }
            vm.happen(due);
        }
    }

    /// The callouts of all workers that have not ended, in words.
    pub(crate) fn open_callouts(&self) -> Vec<String> {
        self.vms().iter().flat_map(|vm| vm.unanswered()).collect()
    }

    /// What is to happen, in order, in words.
    pub(crate) fn pending(&self) -> Vec<String> {
        let several = self.vms().iter().any(|vm| vm.index() > 0);
        let line = |(after, vm, due): (Duration, usize, Due)| {
            let vm = self.vm(vm)?;
            let due = vm.describe(&due);
            let place = if several { format!(" of worker {}", vm.index()) } else { String::new() };
            Some(format!("{due}{place} in {after:?}"))
        };
        self.schedule.pending().into_iter().filter_map(line).collect()
    }

    /// Makes the test fail when it is back in control: while a guest runs, the failure would be its trap.
    pub(super) fn fail(&self, problem: String) {
        self.failure.borrow_mut().get_or_insert(problem);
    }

    /// Fails the test, if something made it fail and nobody [watches](Process::set_watched).
    #[track_caller]
    pub(crate) fn check(&self) {
        if !self.is_watched()
            && let Some(problem) = self.failure().or_else(|| self.misused())
        {
            panic!("{problem}");
        }
    }

    /// Notes a misuse, which makes a test fail as soon as it is back in control and nobody watches.
    pub(super) fn breach(&self, breach: Breach) {
        self.breach.borrow_mut().get_or_insert(breach);
    }

    /// The misuse that makes the test fail, in words, which is said once; `None` while somebody watches.
    pub(crate) fn misused(&self) -> Option<String> {
        let breach = if self.is_watched() { None } else { self.breach.take() };
        breach.map(|breach| breach.to_string())
    }

    /// What made the test fail, which is said once.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.take()
    }

    /// Says whether somebody looks at everything that goes wrong, and nothing is to panic for it.
    pub(crate) fn set_watched(&self, watched: bool) {
        self.watched.set(watched);
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watched.get()
    }

    pub(crate) fn wall_clock(&self) -> u64 {
        self.schedule.wall_clock()
    }

    pub(crate) fn set_wall_clock(&self, nanoseconds: u64) {
        self.schedule.set_wall_clock(nanoseconds);
    }

    /// A metric, by the name that the guest defined it with.
    pub(crate) fn metric(&self, name: &str) -> Option<Metric> {
        self.metrics.get(name)
    }

    pub(super) fn log(&self, worker: usize, line: LogLine) {
        self.logs.borrow_mut().push((worker, line));
    }

    /// What was logged, by all workers or by one.
    pub(crate) fn logs(&self, worker: Option<usize>) -> Vec<LogLine> {
        let logs = self.logs.borrow();
        let wanted = logs.iter().filter(|(from, _)| worker.is_none_or(|worker| worker == *from));
        wanted.map(|(_, line)| line.clone()).collect()
    }

    pub(super) fn vm(&self, key: usize) -> Option<Rc<HostCore>> {
        self.vms.borrow().get(key).and_then(Weak::upgrade)
    }

    pub(super) fn vms(&self) -> Vec<Rc<HostCore>> {
        self.vms.borrow().iter().filter_map(Weak::upgrade).collect()
    }
}

/// Events are being run, until this is dropped: also by a panic.
pub(super) struct Settling<'a>(&'a Cell<bool>);

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("pending", &self.pending()).finish_non_exhaustive()
    }
}

/// How long a stream is waited for: longer than any timeout that makes sense.
const WAIT_LIMIT: Duration = Duration::from_secs(60 * 60);
/// How many events a stream is waited for, and how many can follow from each other at one moment.
const EVENT_LIMIT: u64 = 10_000;
