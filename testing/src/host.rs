//! A host with one extension.

use crate::builder::HostBuilder;
use crate::clock::Clock;
use crate::connection::TcpConnection;
use crate::core::{MakeGuest, Process, WorkerCore};
use crate::exchange::Exchange;
use crate::failure;
use crate::http::Request;
use crate::log::{LogLine, Logs};
use crate::native::NativeGuest;
use crate::stream::HttpStream;
use crate::timeline::Timeline;
use crate::trap::{self, Sighting, Trap};
use crate::upstream::{GrpcUpstream, Upstream};
use crate::worker::Worker;
use std::fmt;
use std::rc::Rc;
use waxwing::Module;

/// A proxy with one extension in it: the model of Envoy, with a guest.
///
/// It is a value: two hosts, also on one thread, share nothing, and tests run in parallel. A clone is the
/// same host. It is not `Send`, because a proxy's worker is one thread as well. It has one worker, unless
/// [`HostBuilder::workers`] says otherwise; what is about one worker is about the first then.
///
/// When the last clone is dropped, a trap that the test has not looked at fails the test, and so does an
/// [upstream](Host::upstream) that was called less often than its rules expect.
///
/// ```
/// use waxwing::prelude::*;
/// use waxwing_testing::{Host, Request};
///
/// #[derive(Extension)]
/// #[extension(http = Stream)]
/// struct Greeter;
///
/// impl RootContext for Greeter {
///     type Config = ();
///     fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
///         Ok(Greeter)
///     }
/// }
///
/// struct Stream;
///
/// #[callbacks]
/// impl HttpContext for Stream {
///     type Root = Greeter;
///     fn new(_: &Greeter) -> Self {
///         Stream
///     }
///     fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
///         response.headers_mut().set("x-greeting", "hello")?;
///         Ok(Action::Continue)
///     }
/// }
///
/// let host = Host::builder::<Greeter>().start();
/// host.exchange(Request::get("/")).response().assert_header("x-greeting", "hello");
/// ```
#[derive(Clone, Debug)]
pub struct Host {
    running: Rc<Running>,
}

/// What is dropped with the last clone of a host.
struct Running {
    process: Rc<Process>,
    workers: Vec<Rc<WorkerCore>>,
    guest: MakeGuest,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("workers", &self.workers).finish_non_exhaustive()
    }
}

impl Host {
    /// A host for an extension that is compiled into the test.
    pub fn builder<E: Module>() -> HostBuilder {
        HostBuilder::new(|_| Ok(Rc::new(NativeGuest::<E>::new())))
    }

    /// A host for an extension that was built to a `.wasm` module.
    #[cfg(feature = "wasm")]
    pub fn wasm(module: &crate::wasm::WasmModule) -> HostBuilder {
        let module = module.clone();
        HostBuilder::new(move |profile| match crate::wasm::WasmGuest::on(&module, profile) {
            Ok(guest) => Ok(Rc::new(guest)),
            Err(error) => Err(error.to_string()),
        })
    }

    /// A host for an extension that is written on the crate `proxy-wasm`, and linked into the test.
    ///
    /// Each of its VMs is a thread. A panic is a [trap](Host::expect_trap), as it is natively, and so is a callback that has
    /// not returned after ten seconds; the variable `WAXWING_CALLBACK_SECONDS` changes that, and 0 is for any time, as under a
    /// debugger. What a thread cannot survive ends the test binary: a stack overflow, `abort` and `exit`.
    #[cfg(feature = "link")]
    pub fn linked(module: &crate::link::LinkedModule) -> HostBuilder {
        let module = module.clone();
        HostBuilder::new(move |_| Ok(Rc::new(crate::link::LinkedGuest::start(&module)?)))
    }

    pub(crate) fn new(process: Rc<Process>, workers: Vec<Rc<WorkerCore>>, guest: MakeGuest) -> Self {
        Host { running: Rc::new(Running { process, workers, guest }) }
    }

    pub(crate) fn process(&self) -> &Rc<Process> {
        &self.running.process
    }

    /// What makes VMs with the extension.
    pub(crate) fn guest(&self) -> &MakeGuest {
        &self.running.guest
    }

    pub(crate) fn workers(&self) -> &[Rc<WorkerCore>] {
        &self.running.workers
    }

    /// A worker; they are counted from 0.
    ///
    /// # Panics
    ///
    /// If there are not that many; see [`HostBuilder::workers`].
    #[track_caller]
    pub fn worker(&self, index: usize) -> Worker {
        let workers = self.workers();
        let Some(core) = workers.get(index) else {
            panic!(
                "there is no worker {index}: the host has {}, counted from 0; `.workers({})` gives it more",
                workers.len(),
                index + 1
            );
        };
        Worker::new(self.clone(), core.clone())
    }

    /// All workers, if all have started; else those that have, and the one that did not.
    pub(crate) fn started_workers(&self) -> impl Iterator<Item = Worker> {
        self.workers().iter().map(|core| Worker::new(self.clone(), core.clone()))
    }

    /// Sends a request, as far as the extension lets it pass. If all of it reaches the upstream, the
    /// [origin](HostBuilder::origin) answers at once. Time does not pass; see [`clock`](Host::clock).
    ///
    /// # Panics
    ///
    /// If the host has been shut down.
    #[track_caller]
    #[must_use = "ask the stream what became of the request, or use `exchange`"]
    pub fn open(&self, request: Request) -> HttpStream {
        self.worker(0).open(request)
    }

    /// Starts a stream in which the test plays both the client and the upstream, step by step.
    ///
    /// # Panics
    ///
    /// If the host has been shut down.
    #[track_caller]
    #[must_use = "nothing has been sent yet"]
    pub fn begin(&self) -> HttpStream {
        self.worker(0).begin()
    }

    /// Sends a request, and returns when it has been answered. If the extension pauses the stream, as much time
    /// passes as that takes; see [`HttpStream::finish`].
    ///
    /// # Panics
    ///
    /// If the extension pauses the stream, and nothing resumes it.
    #[track_caller]
    pub fn exchange(&self, request: Request) -> Exchange {
        self.worker(0).exchange(request)
    }

    /// A client opens a TCP connection, of which the test plays both ends.
    ///
    /// # Panics
    ///
    /// If the host has been shut down.
    #[track_caller]
    #[must_use = "nothing has been sent yet"]
    pub fn connect(&self) -> TcpConnection {
        self.worker(0).connect()
    }

    /// The clock that the extension reads, and by which everything happens that takes time.
    pub fn clock(&self) -> Clock {
        Clock::of(self.process())
    }

    /// The upstream of that name, for callouts: a cluster, which exists from now on if it did not before. What it
    /// answers is said by its rules.
    ///
    /// An extension's call to a cluster that the test has not named is refused, as a proxy refuses it.
    ///
    /// ```no_run
    /// use waxwing_testing::matching::{any, path};
    /// use waxwing_testing::{Host, Response};
    /// # fn run<Auth: waxwing::Module>() {
    ///
    /// let host = Host::builder::<Auth>().start();
    /// host.upstream("authz").on(path("/check")).reply(Response::new(204)).times(1);
    /// host.upstream("audit").on(any()).hang();
    /// # }
    /// ```
    pub fn upstream(&self, name: &str) -> Upstream {
        self.process().upstreams.get_or_add(name)
    }

    /// The upstream of that name that serves gRPC: a cluster, which exists from now on if it did not before. What it answers
    /// is said by its rules.
    ///
    /// An HTTP callout to it is refused, as a gRPC call is to an [`upstream`](Host::upstream).
    ///
    /// ```no_run
    /// use waxwing_testing::matching::grpc::{any, method};
    /// use waxwing_testing::Host;
    /// # fn run<Auth: waxwing::Extension>() {
    ///
    /// let host = Host::builder::<Auth>().start();
    /// host.grpc_upstream("authz").on(method("Check")).reply("yes").times(1);
    /// host.grpc_upstream("audit").on(any()).hang();
    /// # }
    /// ```
    pub fn grpc_upstream(&self, name: &str) -> GrpcUpstream {
        self.process().grpc_upstreams.get_or_add(name)
    }

    /// Ends the extension in each worker, as a host does that goes away or gets another configuration: the
    /// streams end as if their clients had gone away, then the root context is asked whether it is done.
    ///
    /// One that is not is given time, which the test lets [pass](Clock::advance), until it calls `proxy_done`;
    /// [`is_shut_down`](Host::is_shut_down) tells. Doing it twice does nothing.
    ///
    /// # Panics
    ///
    /// If what happens makes the test fail.
    #[track_caller]
    pub fn shutdown(&self) {
        for worker in self.workers() {
            worker.shut_down();
        }
        self.process().settle();
        self.process().check();
    }

    /// Whether it has been shut down, and the root context of every worker has been deleted.
    pub fn is_shut_down(&self) -> bool {
        self.workers().iter().all(|worker| worker.vm().is_over())
    }

    /// All that the extension has logged so far, from its start on, in all workers.
    pub fn logs(&self) -> Logs {
        Logs::new(self.process().logs(None))
    }

    /// What root contexts have logged so far, worker by worker.
    pub(crate) fn root_logs(&self) -> Vec<LogLine> {
        self.workers().iter().flat_map(|worker| worker.root_logs()).collect()
    }

    /// The callbacks and host calls of the root context.
    pub fn timeline(&self) -> Timeline {
        self.worker(0).timeline()
    }

    /// The trap that ended a VM, if one did: the first of the first worker that has one. It counts as looked at.
    pub fn trap(&self) -> Option<Trap> {
        self.running.traps().first().map(|trap| trap.look().clone())
    }

    /// The traps that ended VMs, worker by worker. They count as looked at.
    pub fn traps(&self) -> Vec<Trap> {
        self.running.traps().iter().map(|trap| trap.look().clone()).collect()
    }

    /// Asserts that the extension trapped, with `text` in the message, and returns the trap: the first of those that the test has
    /// not looked at. If several VMs trapped, because there are several workers or the policy reloads them, each trap has to be
    /// expected.
    ///
    /// # Panics
    ///
    /// If it did not, or with other messages.
    #[track_caller]
    pub fn expect_trap(&self, text: &str) -> Trap {
        trap::expect(&self.running.traps(), text)
    }

    /// What should have ended with the streams, in all workers, in words; but for the gRPC calls with these tokens.
    pub(crate) fn left_behind(&self, given_up: &[u32]) -> Vec<String> {
        self.workers().iter().flat_map(|worker| worker.left_behind(given_up)).collect()
    }

    /// Whether the timer of a root context runs.
    pub(crate) fn has_timer(&self) -> bool {
        self.workers().iter().any(|worker| worker.has_timer())
    }

    /// What keeps it from being shut down, in words.
    pub(crate) fn not_shut_down(&self) -> Vec<String> {
        self.workers().iter().filter_map(|worker| worker.not_gone()).collect()
    }

    /// The number of streams and connections that have not ended, in all workers.
    pub fn open_streams(&self) -> usize {
        self.workers().iter().map(|worker| worker.open_streams()).sum()
    }
}

impl Running {
    /// Those of all workers.
    fn traps(&self) -> Vec<Sighting> {
        self.workers.iter().flat_map(|worker| worker.traps()).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() || self.process.is_watched() {
            return;
        }
        self.process.check();
        // Before what did not come: a trap is a reason for that.
        for worker in &self.workers {
            let traps = worker.traps();
            if let Some((sighting, trap)) =
                traps.iter().find_map(|trap| trap.unseen().map(|unseen| (trap, unseen)))
            {
                // A trap that no stream has met was met by the root context.
                let evidence = sighting.evidence().unwrap_or_else(|| {
                    format!("\n\nroot context{}", Timeline::new(worker.root_events()).shown())
                });
                let backtrace = match &trap.backtrace {
                    Some(backtrace) => format!("backtrace\n{backtrace}"),
                    None => "RUST_BACKTRACE=1 adds a backtrace.".to_owned(),
                };
                failure::fail(&format!(
                    "the extension trapped, and the test did not expect it: {trap}\n\
                     A test that does asks `host.expect_trap(\"…\")` or `exchange.trap()`.{evidence}\n\n{}\n\n{backtrace}",
                    Logs::new(worker.logs()),
                ));
            }
        }
        let (http, grpc) = (&self.process.upstreams, &self.process.grpc_upstreams);
        let faults = self.process.faults.disappointments();
        if let Some(problem) =
            http.disappointments().iter().chain(&grpc.disappointments()).chain(&faults).next()
        {
            failure::fail(problem);
        }
    }
}
