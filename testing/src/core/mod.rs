//! The model of a host: Envoy's, for HTTP streams.
//!
//! [`HostCore`] is one VM of one plugin, with its streams. It is single-threaded and pure: what it does
//! depends on the messages that it is given, on its settings and on the guest. It knows guests only as
//! [`Backend`]s, so native and `.wasm` guests cannot see different hosts.
//!
//! | file | what |
//! |---|---|
//! | `vm` | entering the guest, and what a trap leaves behind |
//! | `queue` | what is put off until a callback has returned |
//! | `stream` | a stream: how it begins and ends, and what is known of it |
//! | `arrival` | what arrives from the client and from the upstream |
//! | `passage` | the way of a message: to the guest, held back, forwarded |
//! | `direction` | one direction of a stream: is it held back, and what is |
//! | `filter` | the callbacks of a direction, and what their answers mean |
//! | `local_response` | answers that do not come from the upstream |
//! | `calls` | the host functions |
//! | `maps`, `field`, `buffer`, `property` | what these read and write |
//!
//! Nothing is borrowed while the guest runs, and it is never re-entered: what a guest asks for in a callback
//! happens when the callback has returned.

mod arrival;
mod buffer;
mod calls;
mod direction;
mod field;
mod filter;
mod local_response;
mod maps;
mod passage;
mod property;
mod queue;
mod stream;
mod vm;

#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;

pub(crate) use direction::Side;
pub(crate) use stream::{Origin, Stream};

use crate::backend::Backend;
use crate::clock::Clock;
use crate::log::LogLine;
use crate::scenario::FailurePolicy;
use crate::timeline::{Arguments, Event};
use crate::trap::{Sighting, Trap};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::rc::Rc;
use vm::{Called, Vm};
use waxwing::__private::Callback;

/// What a host is told before it starts.
pub(crate) struct Settings {
    pub(crate) config: Vec<u8>,
    pub(crate) vm_config: Vec<u8>,
    pub(crate) plugin_name: String,
    pub(crate) root_id: String,
    pub(crate) vm_id: String,
    pub(crate) failure_policy: FailurePolicy,
    /// How many bytes of a body the host holds back before it gives up.
    pub(crate) buffer_limit: usize,
    /// Path and value.
    pub(crate) properties: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) origin: Origin,
}

/// The model. See the [module](self).
pub(crate) struct HostCore {
    settings: Settings,
    clock: Clock,
    vm: Vm,
    root: u32,
    /// While the root context can read its configuration.
    configuring: Cell<bool>,
    root_journal: Rc<Journal>,
    /// Those that have not ended, by their context id.
    streams: RefCell<HashMap<u32, Rc<Stream>>>,
    /// Those whose whole request the upstream has, and has not answered.
    arrived: RefCell<VecDeque<Rc<Stream>>>,
    logs: RefCell<Vec<LogLine>>,
}

/// Why a host did not start.
pub(crate) enum Refusal {
    /// A callback returned false.
    Refused(Callback),
    /// The guest trapped.
    Trapped(Trap),
}

impl HostCore {
    pub(crate) fn new(backend: Rc<dyn Backend>, settings: Settings) -> Rc<HostCore> {
        let vm = Vm::new(backend);
        let root = vm.new_context();
        Rc::new(HostCore {
            settings,
            clock: Clock::new(),
            vm,
            root,
            configuring: Cell::new(false),
            root_journal: Rc::default(),
            streams: RefCell::default(),
            arrived: RefCell::default(),
            logs: RefCell::default(),
        })
    }

    /// Makes the root context and configures it.
    pub(crate) fn start(self: &Rc<Self>) -> Result<(), Refusal> {
        let (vm_size, size) = (self.settings.vm_config.len(), self.settings.config.len());
        // The plugin's configuration can be read where a root context is made and configured, but not between.
        for (callback, arguments, configuring) in [
            (Callback::ContextCreate, Arguments::Parent(0), true),
            (Callback::VmStart, Arguments::Size(vm_size), false),
            (Callback::Configure, Arguments::Size(size), true),
        ] {
            self.configuring.set(configuring);
            let called = self.call(callback, self.root, arguments, |called| called);
            self.configuring.set(false);
            match called {
                Called::Failed => {
                    // A VM fails by a trap only, which the caller reports.
                    let trap = self.vm.trap().map(|trap| trap.look().clone());
                    return Err(Refusal::Trapped(trap.unwrap_or_else(|| Trap::new("the VM is dead"))));
                }
                Called::Returned { value: 0, .. } if callback != Callback::ContextCreate => {
                    return Err(Refusal::Refused(callback));
                }
                Called::Returned { .. } | Called::Absent => {}
            }
        }
        Ok(())
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn logs(&self) -> Vec<LogLine> {
        self.logs.borrow().clone()
    }

    pub(crate) fn root_events(&self) -> Vec<Event> {
        self.root_journal.events()
    }

    /// The trap that ended the VM.
    pub(crate) fn trap(&self) -> Option<Sighting> {
        self.vm.trap()
    }

    /// The number of streams that have not ended.
    pub(crate) fn open_streams(&self) -> usize {
        self.streams.borrow().len()
    }

    fn stream(&self, context: u32) -> Option<Rc<Stream>> {
        self.streams.borrow().get(&context).cloned()
    }

    /// Where to note what concerns this context.
    fn journal(&self, context: u32) -> Rc<Journal> {
        match self.stream(context) {
            Some(stream) => stream.journal.clone(),
            None => self.root_journal.clone(),
        }
    }
}

impl fmt::Debug for HostCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostCore").field("open_streams", &self.open_streams()).finish_non_exhaustive()
    }
}

/// The events of a context, in order.
#[derive(Debug, Default)]
pub(crate) struct Journal(RefCell<Vec<Event>>);

impl Journal {
    fn push(&self, event: Event) {
        self.0.borrow_mut().push(event);
    }

    fn host(&self, text: impl Into<String>) {
        self.push(Event::Host(text.into()));
    }

    fn misuse(&self, text: impl Into<String>) {
        self.push(Event::Misuse(text.into()));
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.borrow().clone()
    }
}
