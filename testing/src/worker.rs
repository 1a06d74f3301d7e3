//! One worker of a host.

use crate::connection::TcpConnection;
use crate::core::{Process, WorkerCore};
use crate::exchange::Exchange;
use crate::host::Host;
use crate::http::Request;
use crate::log::Logs;
use crate::start_error::StartError;
use crate::stream::HttpStream;
use crate::timeline::Timeline;
use crate::trap::{self, Trap};
use std::rc::Rc;

/// A worker of a [`Host`]: a thread of the proxy, with a VM of its own.
///
/// A connection, with all its streams, stays in one worker. A trap kills the VM of its worker only. Workers
/// share what the host shares among its VMs, and in a test they share the thread as well: one after the other
/// runs.
///
/// ```
/// # use waxwing::prelude::*;
/// # #[derive(Extension)]
/// # #[extension(http = Stream)]
/// # struct Gate;
/// # impl RootContext for Gate {
/// #     type Config = ();
/// #     fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> { Ok(Gate) }
/// # }
/// # struct Stream;
/// # #[callbacks]
/// # impl HttpContext for Stream {
/// #     type Root = Gate;
/// #     fn new(_: &Gate) -> Self { Stream }
/// # }
/// use waxwing_testing::{Host, Request};
///
/// let host = Host::builder::<Gate>().workers(2).start();
/// for worker in [host.worker(0), host.worker(1)] {
///     worker.exchange(Request::get("/")).response().assert_status(200);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Worker {
    host: Host,
    core: Rc<WorkerCore>,
}

impl Worker {
    pub(crate) fn new(host: Host, core: Rc<WorkerCore>) -> Self {
        Worker { host, core }
    }

    pub(crate) fn core(&self) -> &Rc<WorkerCore> {
        &self.core
    }

    pub(crate) fn process(&self) -> &Rc<Process> {
        self.core.process()
    }

    /// The host that it belongs to.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Which worker it is; they are counted from 0.
    pub fn index(&self) -> usize {
        self.core.index()
    }

    /// Sends a request, as far as the extension lets it pass. If all of it reaches the upstream, the
    /// [origin](crate::HostBuilder::origin) answers at once. Time does not pass.
    ///
    /// # Panics
    ///
    /// If the host has been shut down.
    #[track_caller]
    #[must_use = "ask the stream what became of the request, or use `exchange`"]
    pub fn open(&self, request: Request) -> HttpStream {
        let stream = self.begin_answered();
        stream.send_request(&request);
        stream
    }

    /// Starts a stream in which the test plays the client, and the origin answers.
    #[track_caller]
    pub(crate) fn begin_answered(&self) -> HttpStream {
        HttpStream::new(self.clone(), true)
    }

    /// Starts a stream in which the test plays both the client and the upstream, step by step.
    ///
    /// # Panics
    ///
    /// If the host has been shut down.
    #[track_caller]
    #[must_use = "nothing has been sent yet"]
    pub fn begin(&self) -> HttpStream {
        HttpStream::new(self.clone(), false)
    }

    /// Sends a request, and returns when it has been answered. If the extension pauses the stream, as much time
    /// passes as that takes; see [`HttpStream::finish`].
    ///
    /// # Panics
    ///
    /// If the extension pauses the stream, and nothing resumes it.
    #[track_caller]
    pub fn exchange(&self, request: Request) -> Exchange {
        self.open(request).finish()
    }

    /// A client opens a TCP connection, of which the test plays both ends.
    ///
    /// # Panics
    ///
    /// If the host has been shut down.
    #[track_caller]
    #[must_use = "nothing has been sent yet"]
    pub fn connect(&self) -> TcpConnection {
        TcpConnection::new(self.clone())
    }

    /// Calls an export of a built module that the ABI does not have: a callback that some host has of its own, such as that
    /// of an answer of Redis. It runs for the root context; while it does, `data` can be read in the buffer of that number.
    ///
    /// ```no_run
    /// # fn run(host: &waxwing_testing::Host, (root, call): (u32, u32), answer: Vec<u8>) {
    /// let arguments = [root, call, 0, answer.len() as u32];
    /// host.worker(0).call_export("proxy_on_redis_call_response", &arguments, (9, answer));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the module has no export of that name which takes so many numbers, the extension is compiled into the test, or
    /// its VM is dead.
    #[track_caller]
    pub fn call_export(&self, name: &str, arguments: &[u32], data: impl Into<Option<(u32, Vec<u8>)>>) {
        if let Err(problem) = self.core.vm().call_export(name, arguments, data.into()) {
            panic!("{problem}");
        }
        self.process().settle();
        self.process().check();
    }

    /// All that the extension has logged in this worker so far, from its start on.
    pub fn logs(&self) -> Logs {
        Logs::new(self.core.logs())
    }

    /// The callbacks and host calls of the worker's root context, and before them those of the VMs that it had before.
    pub fn timeline(&self) -> Timeline {
        Timeline::new(self.core.root_events())
    }

    /// The last trap that ended a VM of the worker, if one did. It counts as looked at.
    pub fn trap(&self) -> Option<Trap> {
        self.core.traps().last().map(|trap| trap.look().clone())
    }

    /// The traps that ended VMs of the worker, in order: with [`FailurePolicy::Reload`](crate::FailurePolicy::Reload), several can.
    /// They count as looked at.
    pub fn traps(&self) -> Vec<Trap> {
        self.core.traps().iter().map(|trap| trap.look().clone()).collect()
    }

    /// Asserts that the extension trapped in this worker, with `text` in the message, and returns the trap: the first of those
    /// that the test has not looked at.
    ///
    /// # Panics
    ///
    /// If it did not, or with other messages.
    #[track_caller]
    pub fn expect_trap(&self, text: &str) -> Trap {
        trap::expect(&self.core.traps(), text)
    }

    /// Gives the worker a new VM, as a proxy does that reloads one after a trap: it starts, and takes the streams that come from now
    /// on. Shared data, queues and metrics stay, what the extension had in memory is gone. The old VM hears of nothing any
    /// more; streams that are open in it fail at their next event, as after a trap.
    ///
    /// [`FailurePolicy::Reload`](crate::FailurePolicy::Reload) does it by itself.
    ///
    /// ```no_run
    /// # use waxwing_testing::{Host, Request};
    /// # fn run<Counter: waxwing::Module>() {
    /// let host = Host::builder::<Counter>().start();
    /// host.exchange(Request::get("/"));
    /// host.worker(0).restart().unwrap();
    /// host.exchange(Request::get("/")).response().assert_header("x-hits", "2");
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the extension refuses to start, or traps. The worker has no VM then, and new streams meet the
    /// [policy](crate::HostBuilder::failure_policy).
    ///
    /// # Panics
    ///
    /// If what happens makes the test fail.
    #[track_caller]
    pub fn restart(&self) -> Result<(), StartError> {
        self.core.restart().map_err(|reason| StartError::new(reason, self.core.logs()))?;
        self.process().settle();
        self.process().check();
        Ok(())
    }

    /// The number of the worker's streams and connections that have not ended.
    pub fn open_streams(&self) -> usize {
        self.core.open_streams()
    }
}
