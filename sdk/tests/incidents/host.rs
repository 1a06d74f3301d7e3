//! A host that answers what a test tells it to, and may call back from inside any call.

use crate::extension::{Script, Scripted, set_script};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use waxwing::__private::{
    Answer, BufferType, Dispatcher, GrpcCallParts, Guest, Host, HttpCallParts, LocalResponseParts, MapType,
    MetricType, StreamType, enter,
};
use waxwing::Status;

/// What the host does from inside a call: it gets the name of the import.
type Inside = Rc<dyn Fn(&ScriptedHost, &str)>;

/// What it answers to an import.
type Answers = BTreeMap<String, Answer<Vec<u8>>>;

pub(crate) struct ScriptedHost {
    guest: Rc<Dispatcher<Scripted>>,
    /// The imports that were called, with what the test wants to know of their arguments.
    calls: RefCell<Vec<String>>,
    lines: RefCell<Vec<String>>,
    answers: RefCell<Answers>,
    everything: Cell<Option<Status>>,
    is_silent: Cell<bool>,
    inside: RefCell<Option<Inside>>,
    tokens: Cell<u32>,
    /// In milliseconds.
    now: Cell<u64>,
    period: Cell<u64>,
    next_tick: Cell<u64>,
    this: Weak<ScriptedHost>,
}

impl ScriptedHost {
    /// A host with the root context 1, which is configured.
    pub(crate) fn start(script: Script) -> Rc<Self> {
        let host = ScriptedHost::new(script);
        host.run(|guest| {
            guest.on_context_create(1, 0);
            assert!(guest.on_vm_start(1, 0), "{:?}", host.lines());
            assert!(guest.on_configure(1, 0), "{:?}", host.lines());
        });
        host
    }

    /// One without contexts.
    pub(crate) fn new(script: Script) -> Rc<Self> {
        set_script(script);
        Rc::new_cyclic(|this| ScriptedHost {
            guest: Rc::new(Dispatcher::new()),
            calls: RefCell::default(),
            lines: RefCell::default(),
            answers: RefCell::default(),
            everything: Cell::new(None),
            is_silent: Cell::new(false),
            inside: RefCell::new(None),
            tokens: Cell::new(0),
            now: Cell::new(1_000),
            period: Cell::new(0),
            next_tick: Cell::new(0),
            this: this.clone(),
        })
    }

    /// Calls the guest.
    pub(crate) fn run<T>(&self, callbacks: impl FnOnce(&Dispatcher<Scripted>) -> T) -> T {
        let host = self.this.upgrade().unwrap();
        enter(host, self.guest.clone(), || callbacks(&self.guest))
    }

    /// Makes streams of the root context 1, and shows each its request. Gives what the last one said.
    pub(crate) fn open<const N: usize>(&self, streams: [u32; N]) -> u32 {
        self.run(|guest| {
            streams.into_iter().fold(0, |_, stream| {
                guest.on_context_create(stream, 1);
                guest.on_request_headers(stream, 1, true)
            })
        })
    }

    /// Ends a stream as a host does whose client has gone away.
    pub(crate) fn end(&self, stream: u32) {
        self.run(|guest| {
            guest.on_log(stream);
            guest.on_done(stream);
            guest.on_delete(stream);
        });
    }

    /// Lets time pass, in which it ticks as it was told to.
    pub(crate) fn advance(&self, milliseconds: u64) {
        let end = self.now.get() + milliseconds;
        while self.period.get() != 0 && self.next_tick.get() <= end {
            self.now.set(self.next_tick.get());
            self.next_tick.set(self.now.get() + self.period.get());
            self.run(|guest| guest.on_tick(1));
        }
        self.now.set(end);
    }

    /// What it answers to an import from now on: bytes, or why not.
    pub(crate) fn answer(&self, import: &str, answer: Answer<&[u8]>) {
        self.answers.borrow_mut().insert(import.to_owned(), answer.map(<[u8]>::to_vec));
    }

    /// The same for one header; `proxy_get_header_map_value` has no other answer then.
    pub(crate) fn answer_header(&self, name: &str, value: &[u8]) {
        self.answer(&format!("header {name}"), Ok(value));
    }

    /// What it answers to everything from now on.
    pub(crate) fn answer_everything(&self, status: Status) {
        self.everything.set(Some(status));
    }

    /// From now on it says that all went well, and writes no output.
    pub(crate) fn say_nothing(&self) {
        self.is_silent.set(true);
    }

    /// What it does from inside each call.
    pub(crate) fn inside(&self, act: impl Fn(&ScriptedHost, &str) + 'static) {
        *self.inside.borrow_mut() = Some(Rc::new(act));
    }

    /// The imports that were called but to log, with their arguments, since this was asked last.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.take()
    }

    /// What was logged since this was asked last.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.take()
    }

    fn called(&self, import: &'static str, arguments: String) -> Answer {
        self.calls.borrow_mut().push(format!("{import}({arguments})"));
        let inside = self.inside.borrow().clone();
        if let Some(inside) = inside {
            inside(self, import);
        }
        match self.answers.borrow().get(import) {
            Some(Err(status)) => Err(*status),
            _ => self.everything.get().map_or(Ok(()), Err),
        }
    }

    fn bytes(&self, import: &'static str, arguments: String) -> Answer<Vec<u8>> {
        self.called(import, arguments)?;
        self.answers.borrow().get(import).cloned().unwrap_or(Err(Status::NOT_FOUND))
    }

    fn number(&self, import: &'static str, arguments: String) -> Answer<u32> {
        self.called(import, arguments)?;
        let number = if self.is_silent.get() { 0 } else { self.tokens.get() + 1 };
        self.tokens.set(number);
        Ok(number)
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

impl Host for ScriptedHost {
    fn log(&self, _level: u32, message: &[u8]) -> Answer {
        self.lines.borrow_mut().push(text(message));
        let inside = self.inside.borrow().clone();
        if let Some(inside) = inside {
            inside(self, "proxy_log");
        }
        self.everything.get().map_or(Ok(()), Err)
    }
    fn log_level(&self) -> Answer<u32> {
        self.number("proxy_get_log_level", String::new())
    }
    fn current_time_nanoseconds(&self) -> Answer<u64> {
        self.called("proxy_get_current_time_nanoseconds", String::new())?;
        Ok(self.now.get() * 1_000_000)
    }
    fn set_tick_period(&self, milliseconds: u32) -> Answer {
        self.called("proxy_set_tick_period_milliseconds", milliseconds.to_string())?;
        self.period.set(milliseconds.into());
        self.next_tick.set(self.now.get() + u64::from(milliseconds));
        Ok(())
    }
    fn buffer_bytes(&self, buffer: BufferType, _start: usize, _max_len: usize) -> Answer<Vec<u8>> {
        if buffer == BufferType::PLUGIN_CONFIGURATION {
            let answer = self.answers.borrow().get("configuration").cloned();
            return answer.unwrap_or(Ok(Vec::new()));
        }
        self.bytes("proxy_get_buffer_bytes", format!("{buffer:?}"))
    }
    fn buffer_status(&self, buffer: BufferType) -> Answer<usize> {
        self.called("proxy_get_buffer_status", format!("{buffer:?}")).map(|()| 0)
    }
    fn set_buffer_bytes(&self, buffer: BufferType, _: usize, _: usize, data: &[u8]) -> Answer {
        self.called("proxy_set_buffer_bytes", format!("{buffer:?}, {}", text(data)))
    }
    fn header_map_pairs(&self, map: MapType) -> Answer<Vec<u8>> {
        self.bytes("proxy_get_header_map_pairs", format!("{map:?}"))
    }
    fn set_header_map_pairs(&self, map: MapType, block: &[u8]) -> Answer {
        self.called("proxy_set_header_map_pairs", format!("{map:?}, {}", text(block)))
    }
    fn header_map_value(&self, map: MapType, key: &[u8]) -> Answer<Vec<u8>> {
        let of_header = self.answers.borrow().get(&format!("header {}", text(key))).cloned();
        let answer = self.bytes("proxy_get_header_map_value", format!("{map:?}, {}", text(key)));
        of_header.unwrap_or(answer)
    }
    fn add_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        self.called("proxy_add_header_map_value", format!("{map:?}, {}, {}", text(key), text(value)))
    }
    fn replace_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        self.called("proxy_replace_header_map_value", format!("{map:?}, {}, {}", text(key), text(value)))
    }
    fn remove_header_map_value(&self, map: MapType, key: &[u8]) -> Answer {
        self.called("proxy_remove_header_map_value", format!("{map:?}, {}", text(key)))
    }
    fn header_map_size(&self, map: MapType) -> Answer<usize> {
        self.called("proxy_get_header_map_size", format!("{map:?}")).map(|()| 0)
    }
    fn continue_stream(&self, stream: StreamType) -> Answer {
        self.called("proxy_continue_stream", format!("{stream:?}"))
    }
    fn close_stream(&self, stream: StreamType) -> Answer {
        self.called("proxy_close_stream", format!("{stream:?}"))
    }
    fn send_local_response(&self, response: LocalResponseParts<'_>) -> Answer {
        let LocalResponseParts { status, details, headers, .. } = response;
        self.called("proxy_send_local_response", format!("{status}, {}, {}", text(details), text(headers)))
    }
    fn property(&self, path: &[u8]) -> Answer<Vec<u8>> {
        self.bytes("proxy_get_property", text(path))
    }
    fn set_property(&self, path: &[u8], value: &[u8]) -> Answer {
        self.called("proxy_set_property", format!("{}, {}", text(path), text(value)))
    }
    fn set_effective_context(&self, context: u32) -> Answer {
        self.called("proxy_set_effective_context", context.to_string())
    }
    fn done(&self) -> Answer {
        self.called("proxy_done", String::new())
    }
    fn http_call(&self, call: HttpCallParts<'_>) -> Answer<u32> {
        let arguments = format!("{}, {}", call.timeout_milliseconds, text(call.headers));
        self.number("proxy_http_call", arguments)
    }
    fn grpc_call(&self, _: GrpcCallParts<'_>, _: &[u8], timeout: u32) -> Answer<u32> {
        self.number("proxy_grpc_call", timeout.to_string())
    }
    fn grpc_stream(&self, _: GrpcCallParts<'_>) -> Answer<u32> {
        self.number("proxy_grpc_stream", String::new())
    }
    fn grpc_send(&self, token: u32, message: &[u8], _end_of_stream: bool) -> Answer {
        self.called("proxy_grpc_send", format!("{token}, {}", text(message)))
    }
    fn grpc_close(&self, token: u32) -> Answer {
        self.called("proxy_grpc_close", token.to_string())
    }
    fn grpc_cancel(&self, token: u32) -> Answer {
        self.called("proxy_grpc_cancel", token.to_string())
    }
    fn status(&self) -> Answer<(u32, Vec<u8>)> {
        self.bytes("proxy_get_status", String::new()).map(|message| (0, message))
    }
    fn shared_data(&self, key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        let value = self.bytes("proxy_get_shared_data", text(key))?;
        Ok((value, if self.is_silent.get() { 0 } else { 7 }))
    }
    fn set_shared_data(&self, key: &[u8], _value: &[u8], cas: u32) -> Answer {
        self.called("proxy_set_shared_data", format!("{}, {cas}", text(key)))
    }
    fn register_shared_queue(&self, name: &[u8]) -> Answer<u32> {
        self.number("proxy_register_shared_queue", text(name))
    }
    fn resolve_shared_queue(&self, _vm_id: &[u8], name: &[u8]) -> Answer<u32> {
        self.number("proxy_resolve_shared_queue", text(name))
    }
    fn enqueue_shared_queue(&self, queue: u32, item: &[u8]) -> Answer {
        self.called("proxy_enqueue_shared_queue", format!("{queue}, {}", text(item)))
    }
    fn dequeue_shared_queue(&self, queue: u32) -> Answer<Vec<u8>> {
        self.called("proxy_dequeue_shared_queue", queue.to_string())?;
        Err(Status::EMPTY)
    }
    fn define_metric(&self, _kind: MetricType, name: &[u8]) -> Answer<u32> {
        self.number("proxy_define_metric", text(name))
    }
    fn increment_metric(&self, metric: u32, delta: i64) -> Answer {
        self.called("proxy_increment_metric", format!("{metric}, {delta}"))
    }
    fn record_metric(&self, metric: u32, value: u64) -> Answer {
        self.called("proxy_record_metric", format!("{metric}, {value}"))
    }
    fn metric(&self, metric: u32) -> Answer<u64> {
        self.called("proxy_get_metric", metric.to_string()).map(|()| 0)
    }
    fn call_foreign_function(&self, name: &[u8], _argument: &[u8]) -> Answer<Vec<u8>> {
        self.bytes("proxy_call_foreign_function", text(name))
    }
    fn resolve_dns(&self, name: &[u8]) -> Answer<u32> {
        self.number("envoy_resolve_dns", text(name))
    }

    fn misplace(&self, address: usize, len: usize) -> (usize, usize) {
        if self.is_silent.get() { (0, 0) } else { (address, len) }
    }
}
