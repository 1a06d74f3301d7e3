//! The task of a root context: a start-up step, and jobs that go on beside its streams.

use super::grpc::{GrpcReplied, GrpcStream};
use super::head::{Head, Stage, sealed};
use super::kept::Outside;
use super::reply::HttpReplied;
use super::running::name;
use super::task::{Handle, Shared};
use crate::abi::task::Owned;
use crate::callout::Caller;
use crate::dispatcher::{Kind, TaskTable, Tasks};
use crate::view::Cx;
use crate::{Error, GrpcCallId, HttpCallId, LocalResponse, LogLevel, Result, RootContext};
use alloc::format;
use alloc::rc::Rc;
use core::cell::Cell;
use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::task::Poll;
use core::time::Duration;

/// What a root context does beside its streams, as functions that await: a step that is done before the first request is
/// let through, and jobs.
///
/// The derive says `task`, and the root context is cloned for it, so keep what it shares with the streams in an `Rc`. The task begins
/// when the root context has been configured, in `proxy_on_configure`: with [`start`](RootTask::start), and when that
/// has ended well, with [`run`](RootTask::run). It is polled by what it waits for, and by nothing else. A new configuration drops it
/// where it waits, and begins that of the new root context; so does the end of the root context. A
/// configuration that is refused changes nothing.
///
/// Each worker has a root context, and so a task. Envoy has one more on its main thread, without requests.
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
/// use std::time::Duration;
/// use waxwing::prelude::*;
///
/// #[derive(Extension, Clone)]
/// #[extension(exchange, task)]
/// struct Blocklist {
///     names: Rc<RefCell<Vec<u8>>>,
/// }
///
/// impl RootContext for Blocklist {
///     type Config = ();
///
///     fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
///         Ok(Blocklist { names: Rc::default() })
///     }
/// }
///
/// impl Blocklist {
///     async fn fetch(&self, root: &Root) -> Result<()> {
///         let reply = HttpCall::get("lists", "/names").timeout(Duration::from_secs(1)).send(root).await?;
///         *self.names.borrow_mut() = reply.body()?.to_vec();
///         Ok(())
///     }
/// }
///
/// impl RootTask for Blocklist {
///     async fn start(self, root: Root) -> Result<()> {
///         self.fetch(&root).await
///     }
///
///     async fn run(self, root: Root) -> Result<()> {
///         root.every(Duration::from_secs(60), async || self.fetch(&root).await).await
///     }
/// }
///
/// impl HttpExchange for Blocklist {
///     async fn handle(self, exchange: Exchange) -> Result<()> {
///         let request = exchange.request_headers().await?;
///         let name = request.headers().get("x-name")?.unwrap_or_default();
///         if self.names.borrow().split(|byte| *byte == b'\n').any(|blocked| blocked == name) {
///             return request.respond(LocalResponse::new(403));
///         }
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no task",
    label = "needs an `impl RootTask`, because its derive says `task`",
    note = "write `impl RootTask for {Self} {{ async fn start(self, root: Root) -> Result<()> {{ … }} }}`, or leave `task` out"
)]
pub trait RootTask: RootContext + Clone {
    /// What becomes of requests that arrive before [`start`](RootTask::start) has ended. They are held by default.
    ///
    /// It is asked for each such request. TCP connections are not held: they begin at once.
    fn while_starting(&self) -> WhileStarting {
        WhileStarting::Hold
    }

    /// What is to be done before the first request is let through. Nothing by default.
    ///
    /// It is written as `async fn start(self, root: Root) -> Result<()>`.
    ///
    /// # Errors
    ///
    /// An error is logged with the await that failed. The requests that wait, and all that come later, get what the
    /// extension's [`ErrorPolicy`](crate::ErrorPolicy) says for an error in their first callback, until there is a new configuration;
    /// [`run`](RootTask::run) does not begin. To try again, do so in here: with a loop, and [`Root::sleep`](super::Stage::sleep).
    fn start(self, root: Root) -> impl Future<Output = Result<()>> + 'static {
        drop((self, root));
        core::future::ready(Ok(()))
    }

    /// What goes on beside the streams once [`start`](RootTask::start) has ended well. Nothing by default.
    ///
    /// It is written as `async fn run(self, root: Root) -> Result<()>`. Several jobs run in it at once with
    /// [`join`](super::join). Streams do not wait for it.
    ///
    /// # Errors
    ///
    /// An error is logged with the await that failed, and ends the task.
    fn run(self, root: Root) -> impl Future<Output = Result<()>> + 'static {
        drop((self, root));
        core::future::ready(Ok(()))
    }
}

/// What becomes of a request that arrives before its root context has started: see [`RootTask::while_starting`].
#[derive(Debug)]
pub enum WhileStarting {
    /// It is held back at its headers until the start has ended, in the order of arrival. There is no time limit but
    /// that of the start itself and the proxy's own.
    ///
    /// The function of an exchange has not begun until then, and a stream's
    /// [`on_request_headers`](crate::HttpContext::on_request_headers) was not called.
    Hold,
    /// The client is answered at once.
    Respond(LocalResponse),
    /// It is handled at once, as if the start had ended.
    Admit,
}

/// A root context while its task runs: a stage without a message, from which everything can be awaited that a
/// [`Stage`](super::Stage) has, callouts among it.
///
/// What is sent from it is answered to the task, and to no callback of [`RootCallbacks`](crate::RootCallbacks).
#[derive(Debug)]
pub struct Root(Head);

impl sealed::Sealed for Root {
    #[inline]
    fn head(&self) -> &Head {
        &self.0
    }
}

impl Root {
    /// Does a job again and again, for ever: the first time after a period, which is in whole milliseconds, rounded up.
    ///
    /// A period is from the beginning of a run to that of the next. Runs do not overlap: if one takes longer, the next begins
    /// when it has ended, once, however many periods have passed. A run that fails is logged, with the place of the job in the code and
    /// the await that failed, and the next one comes as usual.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host has no ticks; see [`Stage::sleep`](super::Stage::sleep).
    ///
    /// ```
    /// use std::time::Duration;
    /// use waxwing::exchange::join;
    /// use waxwing::prelude::*;
    ///
    /// async fn jobs(root: &Root) -> Result<()> {
    ///     let ping = root.every(Duration::from_secs(1), async || {
    ///         HttpCall::get("pong", "/").send(root).await?;
    ///         Ok(())
    ///     });
    ///     let line = root.every(Duration::from_secs(60), async || {
    ///         root.with(|host| {
    ///             host.log(LogLevel::Info, "a minute has passed");
    ///             Ok(())
    ///         })
    ///     });
    ///     let (ping, line) = join(ping, line).await;
    ///     ping.and(line)
    /// }
    /// ```
    #[track_caller]
    pub fn every<J: AsyncFnMut() -> Result<()>>(
        &self,
        period: Duration,
        mut job: J,
    ) -> impl Future<Output = Result<()>> {
        let at = Location::caller();
        async move {
            let mut next = self.sleep_at(period, at);
            loop {
                next.await?;
                next = self.sleep_at(period, at);
                if let Err(error) = job().await {
                    self.report(at, error);
                }
            }
        }
    }

    fn sleep_at(&self, time: Duration, at: &'static Location<'static>) -> super::Sleep {
        super::Sleep::new(&self.0.task, time, super::task::Awaited { what: "a time", at })
    }

    /// Logs that a run of a job has failed.
    #[cold]
    fn report(&self, at: &Location<'_>, error: Error) {
        let error = name(self.0.shared(), error);
        let _ = self.0.with(|cx| {
            let line = format!("job of {at} (context {}): {error}", cx.context);
            cx.vm.log(LogLevel::Error, &line);
            Ok(())
        });
    }

    /// Lets the task have what has just been sent.
    fn own(cx: Cx<'_>, kind: Kind, token: u32) {
        cx.vm.pending.give_to_task(kind, token);
    }
}

impl Stage for Root {}

impl Caller for Root {
    type HttpCall = HttpReplied;
    type GrpcCall = GrpcReplied;
    type GrpcStream = Result<GrpcStream>;

    #[track_caller]
    fn http_call(&self, start: impl FnOnce(Cx<'_>) -> Result<HttpCallId>) -> HttpReplied {
        HttpReplied::new(&self.0.task, |cx| start(cx).inspect(|call| Root::own(cx, Kind::Http, call.0)))
    }

    #[track_caller]
    fn grpc_call(&self, start: impl FnOnce(Cx<'_>) -> Result<GrpcCallId>) -> GrpcReplied {
        GrpcReplied::new(&self.0.task, |cx| start(cx).inspect(|call| Root::own(cx, Kind::GrpcCall, call.0)))
    }

    #[track_caller]
    fn grpc_stream(&self, start: impl FnOnce(Cx<'_>) -> Result<crate::GrpcStream>) -> Result<GrpcStream> {
        GrpcStream::new(&self.0.task, |cx| {
            start(cx).inspect(|stream| Root::own(cx, Kind::GrpcStream, stream.as_u32()))
        })
    }
}

/// What a derive names of the task of root contexts of this type.
#[doc(hidden)]
pub trait TaskOf<R> {
    /// Whether there is one.
    const IS_NONE: bool;

    /// What a VM has of them.
    type Tasks: TaskTable;

    /// Makes one, of which nothing has run.
    fn begin(root: &R) -> Option<RunningTask>;

    /// What becomes of a request before it has started.
    fn while_starting(root: &R) -> WhileStarting;
}

/// There is a task.
#[doc(hidden)]
#[derive(Debug)]
pub enum HasTask {}

impl<R: RootTask> TaskOf<R> for HasTask {
    const IS_NONE: bool = false;
    type Tasks = Tasks;

    fn begin(root: &R) -> Option<RunningTask> {
        Some(RunningTask::new(root))
    }

    fn while_starting(root: &R) -> WhileStarting {
        root.while_starting()
    }
}

/// There is none.
#[doc(hidden)]
#[derive(Debug)]
pub enum NoTask {}

impl<R> TaskOf<R> for NoTask {
    const IS_NONE: bool = true;
    type Tasks = ();

    fn begin(_root: &R) -> Option<RunningTask> {
        None
    }

    fn while_starting(_root: &R) -> WhileStarting {
        WhileStarting::Admit
    }
}

/// What a derive without `task` implements: there is none.
///
/// The compiler names it where there is an `impl RootTask` all the same, which would be the second.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no task",
    label = "needs an `impl RootTask`, because its derive says `task`",
    note = "write `impl RootTask for {Self} {{ async fn start(self, root: Root) -> Result<()> {{ … }} }}`, or leave `task` out"
)]
pub trait DeriveWithoutTask {}

impl<R: RootContext + Clone + DeriveWithoutTask> RootTask for R {}

/// A task that runs, or has ended.
#[expect(unnameable_types, reason = "part of a hidden trait")]
pub struct RunningTask {
    task: Owned<Shared>,
    has_started: Rc<Cell<bool>>,
}

impl RunningTask {
    fn new<R: RootTask>(root: &R) -> Self {
        let has_started = Rc::new(Cell::new(false));
        let (root, started) = (root.clone(), has_started.clone());
        let task = Owned::new(Shared::default(), |task| async move {
            let runs = root.clone();
            root.start(stage(&task, "start")).await?;
            started.set(true);
            runs.run(stage(&task, "run")).await
        });
        RunningTask { task, has_started }
    }

    /// Notes the root context whose task it is.
    pub(crate) fn set_root(&mut self, root: u32) {
        self.task.shared().root.set(root);
    }

    /// Lets the task begin, or go on with what has come.
    pub(crate) fn run(&mut self, outside: Option<Outside>, cx: Cx<'_>) -> Result<()> {
        if self.task.is_over() {
            return Ok(());
        }
        let shared = self.task.shared();
        if let Some(outside) = outside {
            shared.begin_outside(outside);
        }
        shared.begin_poll();
        match self.task.poll(cx) {
            Poll::Pending => {
                self.task.shared().end_poll(cx);
                Ok(())
            }
            Poll::Ready(Ok(())) => Ok(()),
            Poll::Ready(Err(error)) => Err(name(self.task.shared(), error)),
        }
    }

    /// Drops the functions of the task, wherever they are.
    pub(crate) fn end(&mut self, cx: Cx<'_>) {
        self.task.end(cx);
    }

    /// Whether the start has ended well.
    pub(crate) fn has_started(&self) -> bool {
        self.has_started.get()
    }
}

impl fmt::Debug for RunningTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningTask").field("task", &self.task).finish_non_exhaustive()
    }
}

fn stage(task: &Handle, stage: &'static str) -> Root {
    task.shared.stage.set(stage);
    Root(Head::new(task.clone()))
}
