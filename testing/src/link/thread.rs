//! The thread of a VM.
//!
//! The crate `proxy-wasm` keeps its contexts in a thread-local, so each VM has a thread of its own. One of the two threads
//! always waits for the other: the test's while a callback runs, the VM's between callbacks and while the test's answers a
//! host call. So the host model stays where it is, and nothing of it has to be `Send`.
//!
//! A guest that panics does not unwind, and a guest that its test has given up does not go on: its thread waits for ever. The
//! panic hook tells the test's thread, and `allocator` stops the guest's.

use super::allocator::Allocator;
use super::remote::RemoteHost;
use super::symbols::{Exports, GuestMemory};
use crate::panic::{self, Panic, Stopped};
use crate::trap::Trap;
use log::LevelFilter;
use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use waxwing::__private::{Host, enter};

/// What a VM is to do: first to start, then a callback.
pub(super) type Job = Box<dyn FnOnce() -> u32 + Send>;

/// A host call, which sends its answer back by itself.
pub(super) type Question = Box<dyn FnOnce(&dyn Host) + Send>;

/// What a VM says.
pub(super) enum Message {
    Call(Question),
    Returned(u32),
    /// It is dead. The line that its panic hook would have logged goes to the host if its logger was set.
    Panicked {
        panic: Box<Panic>,
        is_logged: bool,
    },
}

/// The test's end of a VM's thread.
#[derive(Debug)]
pub(super) struct VmThread {
    jobs: Sender<Job>,
    messages: Receiver<Message>,
}

/// How the work of a VM ended, if not well.
pub(super) struct End {
    pub(super) trap: Trap,
    /// A line for the log.
    pub(super) line: Option<String>,
}

impl VmThread {
    /// A thread that waits for its work.
    pub(super) fn spawn(exports: Arc<Exports>) -> io::Result<VmThread> {
        let (jobs, work) = channel::<Job>();
        let (said, messages) = channel();
        // Under the name of the test, whose thread this one works for.
        let name = thread::current().name().unwrap_or("linked").to_owned();
        thread::Builder::new().name(name).spawn(move || serve(&exports, &work, &said))?;
        Ok(VmThread { jobs, messages })
    }

    /// Lets it do a job, and answers its host calls meanwhile. If it ends, it must not be used again.
    ///
    /// # Errors
    ///
    /// If the guest panics, or takes longer than `limit`, not counting the time that the host takes.
    pub(super) fn run(&self, job: Job, host: &dyn Host, limit: Option<Duration>) -> Result<u32, End> {
        let gone = |_| End::without_line("the thread of the VM has ended: the guest must not end it");
        self.jobs.send(job).map_err(|_| gone(RecvTimeoutError::Disconnected))?;
        let mut left = limit;
        loop {
            let waiting = Instant::now();
            let message = match left {
                Some(left) => self.messages.recv_timeout(left),
                None => self.messages.recv().map_err(Into::into),
            };
            left = left.map(|left| left.saturating_sub(waiting.elapsed()));
            match message {
                Ok(Message::Call(question)) => {
                    let answered = panic::catch_stop(|| question(host));
                    answered.map_err(|Stopped(message)| End::without_line(message))?;
                }
                Ok(Message::Returned(value)) => return Ok(value),
                Ok(Message::Panicked { panic, is_logged }) => {
                    let Panic { trap, text, by_host } = *panic;
                    return Err(End { trap, line: (is_logged && !by_host).then_some(text) });
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(End::without_line(format!(
                        "hung: it has not returned after {:?}; {LIMIT_VARIABLE} changes how many seconds it gets, and 0 is for \
                         any number of them",
                        limit.unwrap_or_default()
                    )));
                }
                Err(error) => return Err(gone(error)),
            }
        }
    }
}

impl End {
    fn without_line(message: impl Into<String>) -> Self {
        End { trap: Trap::new(message), line: None }
    }
}

/// The variable with the seconds that a callback can take.
const LIMIT_VARIABLE: &str = "WAXWING_CALLBACK_SECONDS";

/// How long a callback can take, where a proxy's takes microseconds; `None` for any time, as under a debugger.
///
/// # Errors
///
/// If the variable is set, and not to a number.
pub(super) fn time_limit() -> Result<Option<Duration>, String> {
    let Some(seconds) = std::env::var_os(LIMIT_VARIABLE) else { return Ok(Some(Duration::from_secs(10))) };
    match seconds.to_str().and_then(|seconds| seconds.parse().ok()) {
        Some(0) => Ok(None),
        Some(seconds) => Ok(Some(Duration::from_secs(seconds))),
        None => Err(format!("{LIMIT_VARIABLE} is {seconds:?}; it takes a number of seconds")),
    }
}

thread_local! {
    // Those without a destructor are there until the thread's very end, and an allocator can use them.
    static IS_GUEST: Cell<bool> = const { Cell::new(false) };
    static HAS_ENDED: Cell<bool> = const { Cell::new(false) };
    static PERIOD: Cell<Period> = const { Cell::new(Period::Rest) };
    static SAID: RefCell<Option<Sender<Message>>> = const { RefCell::new(None) };
}

/// Whether this is the thread of a VM.
pub(crate) fn is_guest_thread() -> bool {
    IS_GUEST.get()
}

/// What the guest of a thread is doing, on which depends what it may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    /// Nothing, or its destructors, or it is not the thread of a VM.
    Rest,
    /// Its start function.
    Start,
    /// A callback.
    Callback,
}

pub(super) fn period() -> Period {
    PERIOD.get()
}

/// The life of a VM.
fn serve(exports: &Arc<Exports>, work: &Receiver<Job>, said: &Sender<Message>) {
    IS_GUEST.set(true);
    SAID.set(Some(said.clone()));
    let host: Rc<dyn Host> = Rc::new(RemoteHost::new(said.clone()));
    let memory = Rc::new(GuestMemory(exports.clone()));
    // The level of the crate's logger is the process's. It is this VM's as long as its turn lasts.
    let mut level = LevelFilter::Off;
    let mut period = Period::Start;
    while let Ok(job) = work.recv() {
        log::set_max_level(level);
        PERIOD.set(period);
        let value = enter(host.clone(), memory.clone(), job);
        PERIOD.set(Period::Rest);
        period = Period::Callback;
        level = log::max_level();
        if said.send(Message::Returned(value)).is_err() {
            return;
        }
    }
}

/// What the panic hook does on the thread of a VM. The thread comes to its end at the next allocation, behind the hook.
pub(crate) fn on_panic(panic: &PanicHookInfo<'_>) {
    if !Allocator::is_installed() {
        // The process is about to abort, and what a test prints would be lost with it.
        let _ = writeln!(io::stderr(), "{panic}\n{WITHOUT_ALLOCATOR}");
        return;
    }
    say_ended(Panic::of(panic));
    HAS_ENDED.set(true);
}

const WITHOUT_ALLOCATOR: &str = "A linked extension has panicked. That would be a trap, but the process aborts: its global \
                                 allocator is not the one of `waxwing_testing::link!`.";

/// Ends the VM of this thread, in the middle of what it does.
pub(super) fn end_guest(problem: String) -> ! {
    say_ended(Panic::by_host(problem));
    wait_for_ever()
}

/// Tells the test. When a guest panics while its thread ends, which is when destructors of thread-locals run, nobody hears of
/// it, as of a module's memory that is thrown away.
fn say_ended(panic: Panic) {
    let is_logged = log::max_level() != LevelFilter::Off;
    let said = SAID.try_with(|said| said.try_borrow().ok().and_then(|said| said.clone()));
    if let Ok(Some(said)) = said {
        // If nobody listens, the test has given it up.
        let _ = said.send(Message::Panicked { panic: Box::new(panic), is_logged });
    }
}

/// Never returns if this is the thread of a guest that has panicked.
pub(super) fn stay_if_ended() {
    if HAS_ENDED.get() {
        // What waits may allocate.
        HAS_ENDED.set(false);
        wait_for_ever();
    }
}

/// Never returns to a guest that is dead, or that its test has given up. Everything on its stack stays.
pub(super) fn wait_for_ever() -> ! {
    loop {
        thread::park();
    }
}
