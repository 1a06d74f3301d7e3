//! A worker: a thread of the proxy, with the VM that it has and those that it had.

use super::connection::Connection;
use super::stream::Stream;
use super::{HostCore, Process, Refusal};
use crate::backend::Backend;
use crate::log::LogLine;
use crate::profile::Profile;
use crate::scenario::FailurePolicy;
use crate::timeline::Event;
use crate::trap::Sighting;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// Makes a VM with a guest in it, as that host makes it.
pub(crate) type MakeGuest = Rc<dyn Fn(Profile) -> Result<Rc<dyn Backend>, String>>;

/// A worker.
#[derive(Debug)]
pub(crate) struct WorkerCore {
    process: Rc<Process>,
    index: usize,
    guest: Guest,
    /// Its VMs, in the order in which they were made.
    vms: RefCell<Vec<Rc<HostCore>>>,
    /// The one that takes new streams, among them.
    current: Cell<usize>,
    /// When the last one was made.
    loaded: Cell<Duration>,
}

struct Guest(MakeGuest);

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guest")
    }
}

/// Why a worker has no new VM.
pub(crate) enum NotMade {
    /// There is no guest, for this reason.
    Unloadable(String),
    /// It did not start.
    Refused(Refusal),
}

impl WorkerCore {
    /// A worker whose VM has not started yet.
    pub(crate) fn new(process: &Rc<Process>, index: usize, guest: MakeGuest) -> Result<WorkerCore, String> {
        let backend = guest(process.settings.profile)?;
        let worker = WorkerCore {
            process: process.clone(),
            index,
            guest: Guest(guest),
            vms: RefCell::default(),
            current: Cell::new(0),
            loaded: Cell::default(),
        };
        worker.add_vm(backend);
        Ok(worker)
    }

    /// What it shares with the other workers.
    pub(crate) fn process(&self) -> &Rc<Process> {
        &self.process
    }

    /// Which worker it is; they are counted from 0.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// The VM that takes new streams.
    pub(crate) fn vm(&self) -> Rc<HostCore> {
        self.vms.borrow()[self.current.get()].clone()
    }

    /// All VMs that it has had, in order.
    pub(crate) fn vms(&self) -> Vec<Rc<HostCore>> {
        self.vms.borrow().clone()
    }

    /// A stream of which nothing has arrived, and its VM.
    pub(crate) fn begin(&self, origin_answers: bool) -> (Rc<HostCore>, Rc<Stream>) {
        let reloaded = self.reload_if_due();
        let vm = self.vm();
        let stream = vm.begin(origin_answers);
        if let Some(reloaded) = reloaded {
            stream.journal.host(reloaded);
        }
        (vm, stream)
    }

    /// A client connects.
    pub(crate) fn accept_connection(&self) -> (Rc<HostCore>, Rc<Connection>) {
        let reloaded = self.reload_if_due();
        let vm = self.vm();
        let connection = vm.accept_connection();
        if let Some(reloaded) = reloaded {
            connection.journal.host(reloaded);
        }
        (vm, connection)
    }

    /// Makes a new VM for the streams that come, whatever became of the old one, whose streams fail.
    pub(crate) fn restart(&self) -> Result<(), NotMade> {
        let backend = (self.guest.0)(self.process.settings.profile).map_err(NotMade::Unloadable)?;
        let old = self.vm();
        old.abandon();
        self.loaded.set(self.process.schedule.now());
        let at = self.add_vm(backend);
        let vm = self.vms.borrow()[at].clone();
        if let Err(refusal) = vm.start() {
            vm.abandon();
            return Err(NotMade::Refused(refusal));
        }
        self.current.set(at);
        // In Envoy, a queue knows the worker, and not the VM that registered it there.
        let keys: Vec<usize> = self.vms.borrow().iter().map(|vm| vm.key()).collect();
        self.process.queues.hand_over(&keys, vm.key());
        Ok(())
    }

    /// Makes a new VM if the policy says so: for the first stream that comes when the old one is dead, and old enough.
    /// Says what came of it.
    fn reload_if_due(&self) -> Option<&'static str> {
        let FailurePolicy::Reload(backoff) = self.process.settings.failure_policy else { return None };
        let age = self.process.schedule.now().saturating_sub(self.loaded.get());
        if !self.vm().is_dead() || self.process.aborted.get() {
            return None;
        }
        if age < backoff {
            return Some("the VM is dead, and not old enough to be reloaded");
        }
        match self.restart() {
            Ok(()) => Some("the VM was dead: this stream is the first of a new one"),
            Err(NotMade::Refused(_)) => {
                Some("the VM is dead, and the one that was to replace it did not start")
            }
            Err(NotMade::Unloadable(problem)) => {
                self.process.fail(format!("the extension cannot be loaded again: {problem}"));
                None
            }
        }
    }

    fn add_vm(&self, backend: Rc<dyn Backend>) -> usize {
        let vm = self.process.add_vm(self.index, backend);
        let mut vms = self.vms.borrow_mut();
        vms.push(vm);
        vms.len() - 1
    }

    pub(crate) fn logs(&self) -> Vec<LogLine> {
        self.process.logs(Some(self.index))
    }

    /// What was logged outside of streams.
    pub(crate) fn root_logs(&self) -> Vec<LogLine> {
        self.vms.borrow().iter().flat_map(|vm| vm.root_logs()).collect()
    }

    pub(crate) fn root_events(&self) -> Vec<Event> {
        self.vms.borrow().iter().flat_map(|vm| vm.root_events()).collect()
    }

    pub(crate) fn root_misuses(&self) -> Vec<String> {
        self.vms.borrow().iter().flat_map(|vm| vm.root_misuses()).collect()
    }

    /// The answers that had their effect on another stream only, in words.
    pub(crate) fn crossings(&self) -> Vec<String> {
        self.vms.borrow().iter().flat_map(|vm| vm.crossings()).collect()
    }

    /// The traps of its VMs, in order.
    pub(crate) fn traps(&self) -> Vec<Sighting> {
        self.vms.borrow().iter().filter_map(|vm| vm.trap()).collect()
    }

    /// The number of streams and connections that have not ended.
    pub(crate) fn open_streams(&self) -> usize {
        self.vms.borrow().iter().map(|vm| vm.open_streams()).sum()
    }

    /// What should have ended with the streams, in words.
    pub(crate) fn left_behind(&self, given_up: &[u32]) -> Vec<String> {
        self.vms.borrow().iter().flat_map(|vm| vm.left_behind(given_up)).collect()
    }

    /// Whether the VM that takes new streams has a timer.
    pub(crate) fn has_timer(&self) -> bool {
        self.vm().has_timer()
    }

    /// What keeps it from being shut down, in words.
    pub(crate) fn not_gone(&self) -> Option<String> {
        self.vm().not_gone()
    }

    pub(crate) fn shut_down(&self) {
        self.vms().iter().for_each(|vm| vm.shut_down());
    }
}
