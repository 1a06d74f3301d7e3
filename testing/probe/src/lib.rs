//! An extension that makes any host call in any callback, and logs the answers.
//!
//! Its configuration is a script: one call per line, after the callback in which it is made. Views would
//! not offer most of them there; the probe goes past them, to the calls themselves.
//!
//! ```text
//! request-headers value 0 :path
//! response-body pause-until-end
//! ```
//!
//! Lines that begin with `grpc` are about gRPC calls, whose end is `grpc-response`, and streams, which have `grpc-initial`,
//! `grpc-message`, `grpc-trailing` and `grpc-close`.
//!
//! Lines for `configure` run in the root context, and so do those for `root-done`. A line `call` makes a callout, whose end is
//! the callback `call-response`. An item in a queue that it has registered is the callback `queue-ready`, of the root context,
//! and a timer that a line `timer MILLISECONDS` has started is `timer`, of whoever started it; those of bodies start at the end.
//!
//! In any callback a line `panic` is a trap, and those for `create` and `delete`, where a context begins and ends, can be
//! that only. Lines for `start` are in the VM's configuration.
//!
//! `testing/tests/conformance` runs it on all hosts: what the hosts answer, they have to answer alike.

mod grpc;
mod step;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use step::{Step, done};
use waxwing::__private::StreamType;
use waxwing::abi::call;
use waxwing::prelude::*;

/// The extension.
#[derive(Debug, Extension)]
#[extension(http = ProbeStream, tcp = ProbeConnection, root)]
pub struct Probe {
    script: Rc<[Step]>,
    /// How many streams it has had, by which its workers can be told apart.
    streams: Cell<u32>,
}

impl RootContext for Probe {
    type Config = String;

    fn configure(script: String, cx: &mut Configure<'_>) -> Result<Self> {
        let script = step::script(&script);
        if script.iter().any(|step| step.callback == "configure") {
            let _ = run(&script, "configure", "", true, cx);
            set_timer(&script, "configure", |after| cx.set_timer(after))?;
        }
        if says(&script, "configure", "refuse") {
            return Err(Error::new("the script refuses it"));
        }
        Ok(Probe { script, streams: Cell::new(0) })
    }
}

#[callbacks]
impl RootCallbacks for Probe {
    fn on_vm_start(vm: &mut VmStart<'_>) -> Result<()> {
        // Not every host has one.
        let script = step::script(&String::from_utf8_lossy(vm.configuration().unwrap_or_default()));
        if !script.is_empty() {
            let _ = run(&script, "start", "", true, vm);
        }
        if says(&script, "start", "refuse") { Err(Error::new("the script refuses it")) } else { Ok(()) }
    }

    fn on_timer(&mut self, _: TimerId, root: &mut RootView<'_>) -> Result<()> {
        let _ = run(&self.script, "timer", "of the root context", true, root);
        set_timer(&self.script, "timer", |after| root.set_timer(after))
    }

    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        _: &HttpCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        let token = format!("of the root context, token {}", call.as_u32());
        let _ = run(&self.script, "call-response", &token, true, root);
        Ok(())
    }

    fn on_done(&mut self, root: &mut RootView<'_>) -> Result<Done> {
        if self.script.iter().any(|step| step.callback == "root-done") {
            let _ = run(&self.script, "root-done", "", true, root);
        }
        Ok(if says(&self.script, "root-done", "later") { Done::Later } else { Done::Now })
    }

    fn on_queue_ready(&mut self, queue: Queue, root: &mut RootView<'_>) -> Result<()> {
        let what = format!("{} after {} streams", queue.as_u32(), self.streams.get());
        let _ = run(&self.script, "queue-ready", &what, true, root);
        Ok(())
    }
}

/// A stream of the extension.
#[derive(Debug)]
pub struct ProbeStream {
    script: Rc<[Step]>,
}

#[callbacks]
impl HttpContext for ProbeStream {
    type Root = Probe;

    fn new(root: &Probe) -> Self {
        root.streams.set(root.streams.get() + 1);
        assert!(!says(&root.script, "create", "panic"), "the script says so");
        ProbeStream { script: root.script.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let end = request.end_of_stream();
        set_timer(&self.script, "request-headers", |after| request.set_timer(after))?;
        Ok(run(&self.script, "request-headers", "", end, request).into())
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        let (what, end) = (format!("{} bytes", body.size()), body.end_of_stream());
        if end {
            set_timer(&self.script, "request-body", |after| body.set_timer(after))?;
        }
        Ok(run(&self.script, "request-body", &what, end, body).into())
    }

    fn on_request_trailers(&mut self, trailers: &mut RequestTrailers<'_>) -> Result<Action> {
        set_timer(&self.script, "request-trailers", |after| trailers.set_timer(after))?;
        Ok(run(&self.script, "request-trailers", "", true, trailers).into())
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        let end = response.end_of_stream();
        set_timer(&self.script, "response-headers", |after| response.set_timer(after))?;
        Ok(run(&self.script, "response-headers", "", end, response).into())
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        let (what, end) = (format!("{} bytes", body.size()), body.end_of_stream());
        if end {
            set_timer(&self.script, "response-body", |after| body.set_timer(after))?;
        }
        Ok(run(&self.script, "response-body", &what, end, body))
    }

    fn on_response_trailers(&mut self, trailers: &mut ResponseTrailers<'_>) -> Result<Flow> {
        set_timer(&self.script, "response-trailers", |after| trailers.set_timer(after))?;
        Ok(run(&self.script, "response-trailers", "", true, trailers))
    }

    fn on_timer(&mut self, _: TimerId, stream: &mut StreamView<'_>) -> Result<Action> {
        Ok(run(&self.script, "timer", "", true, stream).into())
    }

    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        _: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        let token = format!("token {}", call.as_u32());
        Ok(run(&self.script, "call-response", &token, true, stream).into())
    }

    fn on_grpc_call_response(
        &mut self,
        call: GrpcCallId,
        response: &GrpcCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        let what = format!("token {}: {}", call.as_u32(), grpc::ended(response.status(), response.error()));
        Ok(run(&self.script, "grpc-response", &what, true, stream).into())
    }

    fn on_grpc_stream_initial_metadata(
        &mut self,
        grpc: GrpcStream,
        metadata: Headers<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        let what = format!("token {}: empty {}", grpc.as_u32(), metadata.is_empty()?);
        Ok(run(&self.script, "grpc-initial", &what, true, stream).into())
    }

    fn on_grpc_stream_message(
        &mut self,
        grpc: GrpcStream,
        message: &GrpcMessage<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        let what = format!("token {}: {} bytes", grpc.as_u32(), message.size());
        Ok(run(&self.script, "grpc-message", &what, true, stream).into())
    }

    fn on_grpc_stream_trailing_metadata(
        &mut self,
        grpc: GrpcStream,
        metadata: Headers<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        let what = format!("token {}: empty {}", grpc.as_u32(), metadata.is_empty()?);
        Ok(run(&self.script, "grpc-trailing", &what, true, stream).into())
    }

    fn on_grpc_stream_close(
        &mut self,
        grpc: GrpcStream,
        close: &GrpcClose<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        let what = format!("token {}: {}", grpc.as_u32(), grpc::ended(close.status(), close.error()));
        Ok(run(&self.script, "grpc-close", &what, true, stream).into())
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        // The headers that it logs do not hold it back.
        let _ = run(&self.script, "log", "", true, stream);
        Ok(())
    }

    fn on_done(&mut self, stream: &mut StreamDone<'_>) -> Result<()> {
        let _ = run(&self.script, "done", "", true, stream);
        Ok(())
    }
}

impl Drop for ProbeStream {
    fn drop(&mut self) {
        // While another panic ends the VM, it is not the host that deletes the context.
        let deletes = !std::thread::panicking();
        assert!(!(deletes && says(&self.script, "delete", "panic")), "the script says so");
    }
}

/// A connection of the extension.
#[derive(Debug)]
pub struct ProbeConnection {
    script: Rc<[Step]>,
}

#[callbacks]
impl StreamContext for ProbeConnection {
    type Root = Probe;

    fn new(root: &Probe) -> Self {
        ProbeConnection { script: root.script.clone() }
    }

    fn on_new_connection(&mut self, connection: &mut NewConnection<'_>) -> Result<Flow> {
        Ok(run(&self.script, "new-connection", "", false, connection))
    }

    fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
        let (what, end) = (format!("{} bytes", data.size()), data.end_of_stream());
        Ok(run(&self.script, "downstream-data", &what, end, data))
    }

    fn on_upstream_data(&mut self, data: &mut UpstreamData<'_>) -> Result<Flow> {
        let (what, end) = (format!("{} bytes", data.size()), data.end_of_stream());
        Ok(run(&self.script, "upstream-data", &what, end, data))
    }

    fn on_downstream_close(&mut self, connection: &mut DownstreamClose<'_>) -> Result<()> {
        let _ = run(&self.script, "downstream-close", &format!("{:?}", connection.peer()), true, connection);
        Ok(())
    }

    fn on_upstream_close(&mut self, connection: &mut UpstreamClose<'_>) -> Result<()> {
        let _ = run(&self.script, "upstream-close", &format!("{:?}", connection.peer()), true, connection);
        Ok(())
    }

    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        _: &HttpCallResponse<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        let token = format!("token {}", call.as_u32());
        Ok(run(&self.script, "call-response", &token, true, connection))
    }

    fn on_log(&mut self, connection: &mut ConnectionLog<'_>) -> Result<()> {
        let _ = run(&self.script, "log", "", true, connection);
        Ok(())
    }

    fn on_done(&mut self, connection: &mut StreamDone<'_>) -> Result<()> {
        let _ = run(&self.script, "done", "", true, connection);
        Ok(())
    }
}

/// Whether the script has this line.
fn says(script: &[Step], callback: &str, word: &str) -> bool {
    script.iter().any(|step| step.callback == callback && step.word(0) == word)
}

/// Starts the timer that the script has for a callback.
fn set_timer(script: &[Step], callback: &str, start: impl FnOnce(Duration) -> Result<TimerId>) -> Result<()> {
    let timer = script.iter().find(|step| step.callback == callback && step.word(0) == "timer");
    match timer {
        Some(timer) => start(Duration::from_millis(timer.number(1).into())).map(drop),
        None => Ok(()),
    }
}

/// Runs the lines of the script that are for a callback.
fn run<'cb>(script: &[Step], callback: &str, what: &str, end: bool, view: &impl View<'cb>) -> Flow {
    let mut flow = Flow::Continue;
    let mut named = false;
    for step in script.iter().filter(|step| [callback, "*"].contains(&step.callback.as_str())) {
        match step.word(0) {
            "pause" => flow = Flow::Pause,
            // For the callback itself.
            "timer" | "refuse" | "later" => {}
            "close-at-end" if end => log(&done(call::close_stream(StreamType(step.number(1))))),
            "close-at-end" => {}
            "pause-until-end" => flow = if end { Flow::Continue } else { Flow::Pause },
            "panic" => panic!("the script says so"),
            _ => {
                if !std::mem::replace(&mut named, true) {
                    log(&format!("{callback} {what}{}", if end { " end" } else { "" }));
                }
                log(&format!("  {} -> {}", step.words.join(" "), step.call(view)));
            }
        }
    }
    flow
}

fn log(line: &str) {
    call::log(2, line.as_bytes());
}
