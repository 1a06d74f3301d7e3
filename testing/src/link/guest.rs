//! A VM that runs a linked extension.

use super::LinkedModule;
use super::symbols::{Exports, Peer};
use super::thread::{End, VmThread, time_limit};
use super::turn::Turn;
use crate::backend::Backend;
use crate::trap::Trap;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use waxwing::__private::{Answer, Callback, Callbacks, Guest, Host};

/// A VM that runs a [`LinkedModule`]: a thread, on which the extension has its contexts.
pub(crate) struct LinkedGuest {
    exports: Arc<Exports>,
    limit: Option<Duration>,
    /// Gone while it runs, and after a trap.
    thread: RefCell<Option<VmThread>>,
    /// Whom its calls reach; nobody outside `enter`.
    host: RefCell<Option<Rc<dyn Host>>>,
    /// What it logged before it had a host.
    early_lines: RefCell<Vec<(u32, Vec<u8>)>>,
    /// What ended the callback that runs, until `enter` returns it.
    trap: RefCell<Option<Trap>>,
}

impl LinkedGuest {
    /// Starts an extension, with the function that its module would be started with.
    ///
    /// # Errors
    ///
    /// If it panics, or calls the host.
    pub(crate) fn start(module: &LinkedModule) -> Result<Self, String> {
        module.check_hook()?;
        let exports = module.exports();
        let thread = VmThread::spawn(exports.clone())
            .map_err(|error| format!("a VM is a thread, and there cannot be one more: {error}"))?;
        let limit = time_limit()?;
        let (host, start) = (StartHost::default(), module.start());
        let job = Box::new(move || {
            start();
            0
        });
        let turn = Turn::take();
        if let Err(End { trap, line }) = thread.run(job, &host, limit) {
            let lines = line.as_ref().map(|line| format!("\n{line}")).unwrap_or_default();
            return Err(format!("it does not start: {trap}{lines}"));
        }
        drop(turn);
        Ok(LinkedGuest {
            exports,
            limit,
            thread: RefCell::new(Some(thread)),
            host: RefCell::default(),
            early_lines: host.lines,
            trap: RefCell::default(),
        })
    }

    /// Calls an export; 0 if the VM is dead.
    fn call<R: Returned>(&self, callback: impl FnOnce(&Exports) -> R + Send + 'static) -> u32 {
        let (Some(thread), Some(host)) = (self.thread.take(), self.host.borrow().clone()) else {
            // It is in the middle of a callback whose host call has ended the test.
            let gone = || Trap::new("the VM is gone: what answered one of its host calls has panicked");
            self.trap.borrow_mut().get_or_insert_with(gone);
            return 0;
        };
        let exports = self.exports.clone();
        let _turn = Turn::take();
        match thread.run(Box::new(move || callback(&exports).number()), &*host, self.limit) {
            Ok(value) => {
                self.thread.replace(Some(thread));
                value
            }
            Err(End { trap, line }) => {
                if let Some(line) = line {
                    // As the panic hook of a module does, before it traps. A host that refuses the line has it in the trap
                    // all the same.
                    let _ = host.log(CRITICAL, line.as_bytes());
                }
                self.trap.replace(Some(trap));
                0
            }
        }
    }
}

/// The level of a panic's line.
const CRITICAL: u32 = 5;

/// The host of a start function, which answers nothing and keeps lines for the host that comes.
#[derive(Default)]
struct StartHost {
    lines: RefCell<Vec<(u32, Vec<u8>)>>,
}

impl Host for StartHost {
    fn log(&self, level: u32, message: &[u8]) -> Answer {
        self.lines.borrow_mut().push((level, message.to_vec()));
        Ok(())
    }
}

impl Backend for LinkedGuest {
    fn guest(&self) -> &dyn Guest {
        self
    }

    fn enter(&self, host: Rc<dyn Host>, callback: &mut dyn FnMut(&dyn Guest)) -> Result<(), Trap> {
        for (level, line) in self.early_lines.take() {
            // A host that refuses a line does so to every guest, which cannot do anything about it.
            let _ = host.log(level, &line);
        }
        self.host.replace(Some(host));
        callback(self);
        self.host.take();
        self.trap.take().map_or(Ok(()), Err)
    }
}

/// What the crate does not export.
const ABSENT: [Callback; 3] = [Callback::RequestMetadata, Callback::ResponseMetadata, Callback::ResolveDns];

impl Guest for LinkedGuest {
    fn callbacks(&self) -> Callbacks {
        let exported = Callback::ALL.iter().filter(|callback| !ABSENT.contains(callback));
        exported.fold(Callbacks::NONE, |set, callback| set.with(*callback))
    }

    fn on_context_create(&self, context: u32, parent: u32) {
        self.call(move |exports| (exports.proxy_on_context_create)(context, parent));
    }

    fn on_vm_start(&self, root: u32, configuration_size: usize) -> bool {
        self.call(move |exports| (exports.proxy_on_vm_start)(root, configuration_size)) != 0
    }

    fn on_configure(&self, root: u32, configuration_size: usize) -> bool {
        self.call(move |exports| (exports.proxy_on_configure)(root, configuration_size)) != 0
    }

    fn on_tick(&self, root: u32) {
        self.call(move |exports| (exports.proxy_on_tick)(root));
    }

    fn on_queue_ready(&self, root: u32, queue: u32) {
        self.call(move |exports| (exports.proxy_on_queue_ready)(root, queue));
    }

    fn on_request_headers(&self, context: u32, count: usize, end_of_stream: bool) -> u32 {
        self.call(move |exports| (exports.proxy_on_request_headers)(context, count, end_of_stream))
    }

    fn on_request_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.call(move |exports| (exports.proxy_on_request_body)(context, size, end_of_stream))
    }

    fn on_request_trailers(&self, context: u32, count: usize) -> u32 {
        self.call(move |exports| (exports.proxy_on_request_trailers)(context, count))
    }

    fn on_request_metadata(&self, _context: u32, _count: usize) -> u32 {
        0
    }

    fn on_response_headers(&self, context: u32, count: usize, end_of_stream: bool) -> u32 {
        self.call(move |exports| (exports.proxy_on_response_headers)(context, count, end_of_stream))
    }

    fn on_response_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.call(move |exports| (exports.proxy_on_response_body)(context, size, end_of_stream))
    }

    fn on_response_trailers(&self, context: u32, count: usize) -> u32 {
        self.call(move |exports| (exports.proxy_on_response_trailers)(context, count))
    }

    fn on_response_metadata(&self, _context: u32, _count: usize) -> u32 {
        0
    }

    fn on_new_connection(&self, context: u32) -> u32 {
        self.call(move |exports| (exports.proxy_on_new_connection)(context))
    }

    fn on_downstream_data(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.call(move |exports| (exports.proxy_on_downstream_data)(context, size, end_of_stream))
    }

    fn on_upstream_data(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.call(move |exports| (exports.proxy_on_upstream_data)(context, size, end_of_stream))
    }

    fn on_downstream_connection_close(&self, context: u32, peer: u32) {
        let peer = Peer::from(peer);
        self.call(move |exports| (exports.proxy_on_downstream_connection_close)(context, peer));
    }

    fn on_upstream_connection_close(&self, context: u32, peer: u32) {
        let peer = Peer::from(peer);
        self.call(move |exports| (exports.proxy_on_upstream_connection_close)(context, peer));
    }

    fn on_http_call_response(
        &self,
        context: u32,
        token: u32,
        headers: usize,
        body_size: usize,
        trailers: usize,
    ) {
        self.call(move |exports| {
            (exports.proxy_on_http_call_response)(context, token, headers, body_size, trailers)
        });
    }

    fn on_grpc_receive_initial_metadata(&self, context: u32, token: u32, count: usize) {
        let count = word(count);
        self.call(move |exports| (exports.proxy_on_grpc_receive_initial_metadata)(context, token, count));
    }

    fn on_grpc_receive(&self, context: u32, token: u32, size: usize) {
        self.call(move |exports| (exports.proxy_on_grpc_receive)(context, token, size));
    }

    fn on_grpc_receive_trailing_metadata(&self, context: u32, token: u32, count: usize) {
        let count = word(count);
        self.call(move |exports| (exports.proxy_on_grpc_receive_trailing_metadata)(context, token, count));
    }

    fn on_grpc_close(&self, context: u32, token: u32, status: u32) {
        self.call(move |exports| (exports.proxy_on_grpc_close)(context, token, status));
    }

    fn on_foreign_function(&self, context: u32, function: u32, size: usize) {
        self.call(move |exports| (exports.proxy_on_foreign_function)(context, function, size));
    }

    fn on_resolve_dns(&self, _root: u32, _token: u32, _size: usize) {}

    fn on_done(&self, context: u32) -> bool {
        self.call(move |exports| (exports.proxy_on_done)(context)) != 0
    }

    fn on_log(&self, context: u32) {
        self.call(move |exports| (exports.proxy_on_log)(context));
    }

    fn on_delete(&self, context: u32) {
        self.call(move |exports| (exports.proxy_on_delete)(context));
    }
}

/// What a callback returns.
trait Returned {
    fn number(self) -> u32;
}

impl Returned for () {
    fn number(self) -> u32 {
        0
    }
}

impl Returned for bool {
    fn number(self) -> u32 {
        self.into()
    }
}

impl Returned for u32 {
    fn number(self) -> u32 {
        self
    }
}

/// A count as a module gets it.
fn word(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl From<u32> for Peer {
    fn from(number: u32) -> Self {
        match number {
            1 => Peer::Local,
            2 => Peer::Remote,
            _ => Peer::Unknown,
        }
    }
}

impl fmt::Debug for LinkedGuest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedGuest").finish_non_exhaustive()
    }
}
