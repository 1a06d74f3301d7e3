//! The model of a host: Envoy's, for HTTP streams and TCP connections.
//!
//! [`HostCore`] is one VM of one plugin, with its streams, and a [`WorkerCore`] the thread that it lives on. The workers share a
//! [`Process`], which has the time. All of it is single-threaded and pure: what it does depends on the messages that it is
//! given, on its settings, on the time and on the guest. It knows guests only as [`Backend`]s, so native and
//! `.wasm` guests cannot see different hosts.
//!
//! | file | what |
//! |---|---|
//! | `process` | what the workers share |
//! | `worker` | a worker, and how it gets another VM |
//! | `schedule` | what is to happen, and when |
//! | `turn` | the next event, chosen from outside |
//! | `crossing` | answers that act on another stream than the one that asked |
//! | `vm` | entering the guest, and what a trap leaves behind |
//! | `queue` | what is put off until a callback has returned |
//! | `remains` | what is left when all is over |
//! | `root` | root contexts: how they start, take each other's place, and end |
//! | `tick` | their timers |
//! | `callout`, `callout_end` | HTTP callouts, and how they end |
//! | `metric` | metrics |
//! | `misuse` | what is accepted, and mishandled |
//! | `grpc` | gRPC calls and streams |
//! | `shared_data`, `shared_queue` | what the workers share for the guests |
//! | `stream` | a stream: how it begins and ends, and what is known of it |
//! | `arrival` | what arrives from the client and from the upstream |
//! | `origin` | what the upstream does with a request |
//! | `passage` | the way of a message: to the guest, held back, forwarded |
//! | `consulted` | whom a stream has asked before its request went on |
//! | `direction` | one direction of a stream: is it held back, and what is |
//! | `dns` | DNS lookups |
//! | `export` | callbacks beside those of the ABI |
//! | `faults` | the calls that a test lets fail |
//! | `foreign` | foreign functions: those of a test, and Envoy's |
//! | `requirement` | what a message must be like to go on |
//! | `filter` | the callbacks of a direction, and what their answers mean |
//! | `local_response` | answers that do not come from the upstream |
//! | `connection` | a TCP connection |
//! | `calls`, `answering` | the host functions, and what they have in common |
//! | `map_type`, `buffer_type`, `property` | what these reach, and when |
//! | `maps`, `field`, `buffer` | how it is read and changed |
//! | `profile` | what hosts other than Envoy do instead, `property_form` of properties |
//!
//! Nothing is borrowed while the guest runs, and it is never re-entered: what a guest asks for in a callback
//! happens when the callback has returned.

mod answering;
mod arrival;
mod buffer;
mod buffer_type;
mod callout;
mod callout_end;
mod calls;
mod connection;
mod consulted;
mod crossing;
mod direction;
mod dns;
mod export;
mod faults;
mod field;
mod filter;
mod foreign;
mod grpc;
mod local_response;
mod map_type;
mod maps;
mod metric;
mod misuse;
mod origin;
mod passage;
mod process;
mod profile;
mod property;
mod property_form;
mod queue;
mod remains;
mod requirement;
mod root;
mod schedule;
mod shared_data;
mod shared_queue;
mod stream;
mod tick;
mod turn;
mod vm;
mod worker;

#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;

pub(crate) use connection::{Connection, Sender};
pub(crate) use consulted::Consulted;
pub(crate) use direction::Side;
pub(crate) use faults::Faults;
pub(crate) use foreign::ForeignFunction;
pub(crate) use origin::Origin;
pub(crate) use process::{Process, Waited};
pub(crate) use root::Refusal;
pub(crate) use schedule::{Ready, Turn};
pub(crate) use stream::Stream;
pub(crate) use worker::{MakeGuest, NotMade, WorkerCore};

use crate::backend::Backend;
use crate::log::LogLine;
use crate::misuse::Strictness;
use crate::profile::Profile;
use crate::route::Route;
use crate::scenario::FailurePolicy;
use crate::timeline::Event;
use crate::trap::Sighting;
use callout::Callouts;
use crossing::Crossings;
use dns::Lookups;
use foreign::Foreign;
use grpc::GrpcCalls;
use metric::DefinedMetrics;
use root::Roots;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;
use vm::Vm;
use waxwing::LogLevel;

/// What a host is told before it starts.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) profile: Profile,
    pub(crate) config: Vec<u8>,
    pub(crate) vm_config: Vec<u8>,
    pub(crate) plugin_name: String,
    pub(crate) root_id: String,
    pub(crate) vm_id: String,
    pub(crate) failure_policy: FailurePolicy,
    pub(crate) strictness: Strictness,
    /// How many bytes of a body the host holds back before it gives up.
    pub(crate) buffer_limit: usize,
    /// The level below which it drops log lines; none if it drops all.
    pub(crate) log_level: Option<LogLevel>,
    /// A pause of a headers callback holds back the headers alone.
    pub(crate) headers_stop_alone: bool,
    /// Path and value.
    pub(crate) properties: Vec<(Vec<u8>, Vec<u8>)>,
    /// Beside the one that takes everything.
    pub(crate) routes: Vec<Route>,
    /// By name, the last first.
    /// In DNS, the last first; without addresses if the lookup fails.
    pub(crate) names: Vec<(String, Option<Vec<IpAddr>>)>,
    pub(crate) foreign_functions: Vec<(String, ForeignFunction)>,
    /// The values of expressions, by their source.
    pub(crate) expressions: Vec<(String, Vec<u8>)>,
    pub(crate) origin: Origin,
}

/// A VM of the model, and the worker around it. See the [module](self).
pub(crate) struct HostCore {
    process: Rc<Process>,
    /// Which of the host's workers it is.
    index: usize,
    /// Its place among all VMs of the process.
    key: usize,
    vm: Vm,
    roots: Roots,
    /// While the root context can read its configuration.
    configuring: Cell<bool>,
    metrics: DefinedMetrics,
    callouts: Callouts,
    crossings: Crossings,
    lookups: Lookups,
    foreign: Foreign,
    grpc: GrpcCalls,
    root_journal: Rc<Journal>,
    /// What can be read while an export beside the ABI runs, and in which buffer.
    export_data: RefCell<Option<(u32, Vec<u8>)>>,
    /// What the guest has set without a stream, by raw path, where a host keeps it.
    root_properties: RefCell<HashMap<Vec<u8>, Vec<u8>>>,
    /// Those that have not ended, by their context id.
    streams: RefCell<HashMap<u32, Rc<Stream>>>,
    connections: RefCell<HashMap<u32, Rc<Connection>>>,
    /// Those whose whole request the upstream has, and has not answered.
    arrived: RefCell<VecDeque<Rc<Stream>>>,
    /// What no stream logged.
    root_logs: RefCell<Vec<LogLine>>,
}

impl HostCore {
    /// A VM of that process; [`Process::add_vm`] makes it.
    fn new(process: Rc<Process>, index: usize, key: usize, backend: Rc<dyn Backend>) -> Rc<HostCore> {
        let vm = Vm::new(backend, process.settings.profile);
        let roots = Roots::default();
        roots.add(vm.new_context());
        Rc::new(HostCore {
            process,
            index,
            key,
            vm,
            roots,
            configuring: Cell::new(false),
            metrics: DefinedMetrics::default(),
            callouts: Callouts::default(),
            crossings: Crossings::default(),
            lookups: Lookups::default(),
            foreign: Foreign::default(),
            grpc: GrpcCalls::default(),
            root_journal: Rc::default(),
            export_data: RefCell::default(),
            root_properties: RefCell::default(),
            streams: RefCell::default(),
            connections: RefCell::default(),
            arrived: RefCell::default(),
            root_logs: RefCell::default(),
        })
    }

    /// Which of the host's workers it is.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// Its place among all VMs of the process.
    fn key(&self) -> usize {
        self.key
    }

    /// Whether the guest is not called any more.
    fn is_dead(&self) -> bool {
        self.vm.is_dead()
    }

    fn settings(&self) -> &Settings {
        &self.process.settings
    }

    /// What was logged outside of streams.
    pub(crate) fn root_logs(&self) -> Vec<LogLine> {
        self.root_logs.borrow().clone()
    }

    pub(crate) fn root_events(&self) -> Vec<Event> {
        self.root_journal.events()
    }

    pub(crate) fn root_misuses(&self) -> Vec<String> {
        self.root_journal.misuses()
    }

    /// The trap that ended the VM.
    pub(crate) fn trap(&self) -> Option<Sighting> {
        self.vm.trap()
    }

    /// The number of streams and connections that have not ended.
    pub(crate) fn open_streams(&self) -> usize {
        self.streams.borrow().len() + self.connections.borrow().len()
    }

    fn stream(&self, context: u32) -> Option<Rc<Stream>> {
        self.streams.borrow().get(&context).cloned()
    }

    fn connection(&self, context: u32) -> Option<Rc<Connection>> {
        self.connections.borrow().get(&context).cloned()
    }

    /// The connection that host calls act on.
    fn acting_connection(&self) -> Option<Rc<Connection>> {
        self.connection(self.vm.acting()?)
    }

    /// Where to note what concerns this context, if it is a stream or a connection that has not ended.
    fn own_journal(&self, context: u32) -> Option<Rc<Journal>> {
        let stream = self.stream(context).map(|stream| stream.journal.clone());
        stream.or_else(|| self.connection(context).map(|connection| connection.journal.clone()))
    }

    /// Whether the guest has a context with this id.
    fn exists(&self, context: u32) -> bool {
        self.is_live_root(context) || self.own_journal(context).is_some()
    }

    /// Where to note what concerns this context.
    fn journal(&self, context: u32) -> Rc<Journal> {
        self.own_journal(context).unwrap_or_else(|| self.root_journal.clone())
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

    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.borrow().clone()
    }

    /// What the guest did that a host accepts and an extension should not do.
    pub(crate) fn misuses(&self) -> Vec<String> {
        let misuse = |event: &Event| match event {
            Event::Misuse { text, .. } => Some(text.clone()),
            _ => None,
        };
        self.0.borrow().iter().filter_map(misuse).collect()
    }
}
