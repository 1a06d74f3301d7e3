//! An extension that traps as it is told, and says how old its VM is.
//!
//! A request with the header `x-trap` traps where the header says: in `request-headers`, `request-body`, `response-headers`,
//! `response-body`, `log` or `delete`, in the `answer` of a callout to the cluster `other`, or in the next `timer` of the root
//! context, or in the answer of a callout that this makes (`root-answer`).
//!
//! A request with the header `x-next` leaves in the shared data what becomes of the next VM: it can `trap-at-start`,
//! `trap-at-configure`, `refuse-start` or `refuse-configuration`. One `x-next: -` takes that back.
//!
//! One with the header `x-queue` does with a queue what the header says, `register` or `enqueue`.
//!
//! Everything else tells VMs apart: the header `x-streams` of a request counts the streams of its VM, the metric `streams` those
//! of all VMs, and the root context logs its start and, with a configuration of so many milliseconds, its timer, which ends when it
//! has come after a stream.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;

/// The extension.
#[derive(Debug, Extension)]
#[extension(http = FragileStream, root)]
pub struct Fragile {
    shared: Rc<Shared>,
    streams: Counter,
}

/// What the streams of a VM share.
#[derive(Debug, Default)]
struct Shared {
    streams: Cell<u32>,
    traps_in_timer: Cell<bool>,
    traps_in_answer: Cell<bool>,
}

impl RootContext for Fragile {
    type Config = String;

    fn configure(period: String, cx: &mut Configure<'_>) -> Result<Self> {
        match next(cx)? {
            "trap-at-configure" => panic!("told to trap in on_configure"),
            "refuse-configuration" => return Err(Error::new("told to refuse the configuration")),
            _ => {}
        }
        cx.log(LogLevel::Info, "configured");
        if !period.is_empty() {
            cx.set_interval(Duration::from_millis(period.parse()?))?;
        }
        Ok(Fragile { shared: Rc::default(), streams: Counter::define(cx, "streams", &[])? })
    }
}

#[callbacks]
impl RootCallbacks for Fragile {
    fn on_vm_start(vm: &mut VmStart<'_>) -> Result<()> {
        match next(vm)? {
            "trap-at-start" => panic!("told to trap in on_vm_start"),
            "refuse-start" => Err(Error::new("told to refuse the start")),
            _ => Ok(()),
        }
    }

    fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
        assert!(!self.shared.traps_in_timer.get(), "told to trap in a timer");
        if self.shared.traps_in_answer.get() {
            HttpCall::get("other", "/").send(root)?;
        }
        if self.shared.streams.get() > 0 {
            root.log(LogLevel::Info, &format!("a timer after {} streams", self.shared.streams.get()));
            root.cancel_timer(timer);
        }
        Ok(())
    }

    fn on_http_call_response(
        &mut self,
        _: HttpCallId,
        _: &HttpCallResponse<'_>,
        _: &mut RootView<'_>,
    ) -> Result<()> {
        panic!("told to trap in an answer");
    }

    fn on_queue_ready(&mut self, _: Queue, root: &mut RootView<'_>) -> Result<()> {
        root.log(LogLevel::Info, &format!("an item after {} streams", self.shared.streams.get()));
        Ok(())
    }
}

/// What the next VM is to do.
fn next<'cb>(view: &impl View<'cb>) -> Result<&'cb str> {
    let next = view.shared_data().get("next")?.map_or(&b"-"[..], |(next, _)| next);
    Ok(std::str::from_utf8(next)?)
}

/// A stream of the extension.
#[derive(Debug)]
pub struct FragileStream {
    shared: Rc<Shared>,
    streams: Counter,
    traps_in: RefCell<String>,
}

impl FragileStream {
    fn trap_if_told(&self, place: &str) {
        assert!(*self.traps_in.borrow() != place, "told to trap in {place}");
    }
}

#[callbacks]
impl HttpContext for FragileStream {
    type Root = Fragile;

    fn new(root: &Fragile) -> Self {
        root.shared.streams.set(root.shared.streams.get() + 1);
        FragileStream { shared: root.shared.clone(), streams: root.streams, traps_in: RefCell::default() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.streams.increment(1)?;
        let headers = request.headers();
        if let Some(next) = headers.get("x-next")? {
            request.shared_data().set("next", next)?;
        }
        match headers.get("x-queue")? {
            Some(b"register") => drop(Queue::register(request, "fragile")?),
            Some(b"enqueue") => {
                if let Some(queue) = Queue::resolve(request, "", "fragile")? {
                    queue.enqueue(request, "item")?;
                }
            }
            _ => {}
        }
        let place = headers.get_str("x-trap")?.unwrap_or_default();
        self.traps_in.replace(place.to_owned());
        request.headers_mut().set("x-streams", self.shared.streams.get().to_string())?;
        self.trap_if_told("request-headers");
        match place {
            "answer" => {
                HttpCall::get("other", "/").send(request)?;
                return Ok(Action::Pause);
            }
            "timer" => self.shared.traps_in_timer.set(true),
            "root-answer" => self.shared.traps_in_answer.set(true),
            _ => {}
        }
        Ok(Action::Continue)
    }

    fn on_request_body(&mut self, _: &mut RequestBody<'_>) -> Result<Action> {
        self.trap_if_told("request-body");
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        self.trap_if_told("response-headers");
        response.headers_mut().set("x-streams", self.shared.streams.get().to_string())?;
        Ok(Action::Continue)
    }

    fn on_response_body(&mut self, _: &mut ResponseBody<'_>) -> Result<Flow> {
        self.trap_if_told("response-body");
        Ok(Flow::Continue)
    }

    fn on_http_call_response(
        &mut self,
        _: HttpCallId,
        _: &HttpCallResponse<'_>,
        _: &mut StreamView<'_>,
    ) -> Result<Action> {
        self.trap_if_told("answer");
        Ok(Action::Continue)
    }

    fn on_log(&mut self, _: &mut StreamLog<'_>) -> Result<()> {
        self.trap_if_told("log");
        Ok(())
    }
}

impl Drop for FragileStream {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.trap_if_told("delete");
        }
    }
}
