//! A host with one extension.

use crate::builder::HostBuilder;
use crate::clock::Clock;
use crate::core::HostCore;
use crate::exchange::Exchange;
use crate::http::Request;
use crate::log::Logs;
use crate::native::NativeGuest;
use crate::stream::HttpStream;
use crate::timeline::Timeline;
use crate::trap::Trap;
use std::rc::Rc;
use waxwing::Extension;

/// A proxy with one extension in it: the model of Envoy, with a guest.
///
/// It is a value: two hosts, also on one thread, share nothing, and tests run in parallel. A clone is the
/// same host. It is not `Send`, because a proxy's worker is one thread as well.
///
/// When the last clone is dropped, a trap that the test has not looked at fails the test.
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
    vm: Rc<Worker>,
}

/// What is dropped with the last clone of a host.
#[derive(Debug)]
struct Worker {
    core: Rc<HostCore>,
}

impl Host {
    /// A host for an extension that is compiled into the test.
    pub fn builder<E: Extension>() -> HostBuilder {
        HostBuilder::new(|| Ok(Rc::new(NativeGuest::<E>::new())))
    }

    /// A host for an extension that was built to a `.wasm` module.
    #[cfg(feature = "wasm")]
    pub fn wasm(module: &crate::wasm::WasmModule) -> HostBuilder {
        let module = module.clone();
        HostBuilder::new(move || match crate::wasm::WasmGuest::instantiate(&module) {
            Ok(guest) => Ok(Rc::new(guest)),
            Err(error) => Err(error.to_string()),
        })
    }

    pub(crate) fn from_core(core: Rc<HostCore>) -> Self {
        Host { vm: Rc::new(Worker { core }) }
    }

    pub(crate) fn core(&self) -> &Rc<HostCore> {
        &self.vm.core
    }

    /// Sends a request, as far as the extension lets it pass. If all of it reaches the upstream, the
    /// [origin](HostBuilder::origin) answers at once.
    #[must_use = "ask the stream what became of the request, or use `exchange`"]
    pub fn open(&self, request: Request) -> HttpStream {
        let stream = HttpStream::new(self.clone(), true);
        stream.send_request(&request);
        stream
    }

    /// Starts a stream in which the test plays both the client and the upstream, step by step.
    #[must_use = "nothing has been sent yet"]
    pub fn begin(&self) -> HttpStream {
        HttpStream::new(self.clone(), false)
    }

    /// Sends a request, and returns when it has been answered.
    ///
    /// # Panics
    ///
    /// If the extension pauses the stream, and nothing will resume it.
    #[track_caller]
    pub fn exchange(&self, request: Request) -> Exchange {
        self.open(request).finish()
    }

    /// The clock that the extension reads.
    pub fn clock(&self) -> Clock {
        self.core().clock().clone()
    }

    /// All that the extension has logged so far, from its start on.
    pub fn logs(&self) -> Logs {
        Logs::new(self.core().logs())
    }

    /// The callbacks and host calls of the root context.
    pub fn timeline(&self) -> Timeline {
        Timeline::new(self.core().root_events())
    }

    /// The trap that ended the VM, if one did. It counts as looked at.
    pub fn trap(&self) -> Option<Trap> {
        self.core().trap().map(|sighting| sighting.look().clone())
    }

    /// Asserts that the extension trapped, with `text` in the message, and returns the trap.
    ///
    /// # Panics
    ///
    /// If it did not, or with another message.
    #[track_caller]
    pub fn expect_trap(&self, text: &str) -> Trap {
        let trap = self.trap().unwrap_or_else(|| panic!("expected a trap with {text:?}, and there was none"));
        assert!(trap.message.contains(text), "expected a trap with {text:?}: {trap}");
        trap
    }

    /// The number of streams that have not ended.
    pub fn open_streams(&self) -> usize {
        self.core().open_streams()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Some(trap) = self.core.trap().as_ref().and_then(|trap| trap.unseen().cloned()) {
            panic!(
                "the extension trapped, and the test did not expect it: {trap}\n\
                 A test that does asks `host.expect_trap(\"…\")` or `exchange.trap()`.\n{}\n{}",
                Logs::new(self.core.logs()),
                trap.backtrace.as_deref().unwrap_or("RUST_BACKTRACE=1 adds a backtrace.")
            );
        }
    }
}
