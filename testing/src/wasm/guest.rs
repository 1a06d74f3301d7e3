//! A VM that runs a module.

use super::LoadError;
use super::call::{Period, State};
use super::export::{self, ALLOCATORS};
use super::link::{link, start};
use super::module::{AbiVersion, WasmModule, signature};
use crate::Trap;
use crate::backend::Backend;
use crate::profile::Profile;
use crate::random::Random;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use wasmi::{ExternType, Func, Instance, Memory, Store, StoreLimitsBuilder, Val, ValType};
use waxwing::__private::{Callback, Callbacks, Guest, Host};

/// A VM that runs a [`WasmModule`]: its memory, its contexts, its state.
///
/// It cannot harm the test that runs it: memory ends at 1 GiB, and a callback is stopped as hung when it has
/// used up its [fuel](WasmGuest::fuel).
pub struct WasmGuest {
    name: String,
    store: RefCell<Store<State>>,
    memory: Memory,
    /// The exported callbacks, at their positions.
    functions: Vec<Option<Func>>,
    callbacks: Callbacks,
    fuel_limit: Cell<u64>,
    fuel: Cell<u64>,
    instance: Instance,
    /// What ended the callback that runs, until `enter` returns it.
    trap: RefCell<Option<Trap>>,
}

/// The fuel of a callback: seconds of work, where a proxy's callback takes microseconds.
const FUEL_LIMIT: u64 = 1_000_000_000;

/// The most memory that a module gets, in bytes.
const MEMORY_LIMIT: usize = 1 << 30;

/// The most elements that a table of a module gets.
const TABLE_LIMIT: usize = 1 << 20;

impl WasmGuest {
    /// Starts a module: links it, and runs what it exports to be started with.
    ///
    /// What it logs meanwhile reaches the first host that enters it.
    ///
    /// # Errors
    ///
    /// If it does not export a memory and an allocator, if an export that hosts use has another type than
    /// theirs, or if it traps.
    pub fn instantiate(module: &WasmModule) -> Result<Self, LoadError> {
        WasmGuest::on(module, Profile::ENVOY)
    }

    /// The same as another host does it.
    pub(crate) fn on(module: &WasmModule, profile: Profile) -> Result<Self, LoadError> {
        let fail = |problem: String| LoadError::new(module.name(), problem);
        module.check_for(profile).map_err(fail)?;
        for export in module.parsed().exports() {
            if let ExternType::Func(ty) = export.ty() {
                export::check(export.name(), ty, module.abi_version()).map_err(fail)?;
            }
        }
        let memory = module.parsed().exports().find(|export| matches!(export.ty(), ExternType::Memory(_)));
        let memory = memory.ok_or_else(|| fail("it exports no memory".to_owned()))?.name();

        let state = State::new(module.abi_version(), memory, profile);
        let mut store = Store::new(module.parsed().engine(), state);
        store.limiter(|state| &mut state.limits);
        refuel(&mut store, FUEL_LIMIT);
        let instance = link(module, &mut store, profile).map_err(|error| fail(error.to_string()))?;
        let allocator = ALLOCATORS.iter().find_map(|name| instance.get_func(&store, name));
        let allocator = allocator.ok_or_else(|| {
            fail(format!("it exports no allocator: hosts look for {} and {}", ALLOCATORS[0], ALLOCATORS[1]))
        })?;
        let allocator = allocator.typed(&store).map_err(|error| fail(error.to_string()))?;
        store.data_mut().allocator = Some(allocator);
        start(&mut store, instance, profile)
            .map_err(|error| fail(format!("it does not start: {}", trap(store.data_mut(), &error))))?;
        store.data_mut().period = Period::Callback;

        let functions: Vec<_> =
            Callback::ALL.iter().map(|callback| instance.get_func(&store, callback.export_name())).collect();
        let exported = Callback::ALL.iter().zip(&functions).filter(|(_, function)| function.is_some());
        let callbacks = exported.fold(Callbacks::NONE, |set, (callback, _)| set.with(*callback));
        let memory = instance.get_memory(&store, memory);
        Ok(WasmGuest {
            name: module.name().to_owned(),
            memory: memory.ok_or_else(|| fail("it exports no memory".to_owned()))?,
            store: RefCell::new(store),
            functions,
            callbacks,
            fuel_limit: Cell::new(FUEL_LIMIT),
            fuel: Cell::new(0),
            instance,
            trap: RefCell::new(None),
        })
    }

    /// Runs `callback` on the module; what it calls meanwhile goes to `host`.
    ///
    /// The [`Guest`] can be called outside of this too, and then has no host: what it calls fails.
    ///
    /// # Errors
    ///
    /// If the module trapped. Nothing of it ran after that, and 0 was returned for what did not run.
    pub fn enter(&self, host: Rc<dyn Host>, callback: &mut dyn FnMut(&dyn Guest)) -> Result<(), Trap> {
        let early_lines = {
            let mut store = self.store.borrow_mut();
            store.data_mut().host = Some(host.clone());
            std::mem::take(&mut store.data_mut().early_lines)
        };
        for (level, line) in early_lines {
            // A host that refuses a line does so to a native guest too, which cannot do anything about it.
            let _ = host.log(level, &line);
        }
        // One from a call without a host is not this callback's.
        self.trap.take();
        callback(self);
        self.store.borrow_mut().data_mut().host = None;
        self.trap.take().map_or(Ok(()), Err)
    }

    /// The fuel that callbacks have used since the module was started, its allocator included and the host's
    /// work not.
    ///
    /// It is an upper bound of the instructions executed, and the same in every run. The engine takes fuel at
    /// the start of a function, of a loop's body and of each arm of an `if`: 1, and 1 for each instruction in
    /// it (`block`, `loop`, `else`, `end`, `return`, `drop`, `nop` and `unreachable` are free), whether or not a
    /// branch skips it. `memory.copy`, `memory.fill` and `memory.init` take 1 for each byte, `memory.grow` 1
    /// for each new byte.
    pub fn fuel(&self) -> u64 {
        self.fuel.get()
    }

    /// Changes how much fuel a callback can use before it traps as hung; 1,000,000,000 unless changed.
    pub fn set_fuel_limit(&self, limit: u64) {
        self.fuel_limit.set(limit);
    }

    /// The size of the module's memory, in bytes; it never shrinks.
    #[track_caller]
    pub fn memory_bytes(&self) -> usize {
        self.memory.data_size(&*self.store.borrow())
    }

    /// The value of an integer that the module exports as a global; `None` if it does not.
    #[track_caller]
    pub fn global(&self, name: &str) -> Option<i64> {
        let store = self.store.borrow();
        let value = self.instance.get_global(&*store, name)?.get(&*store);
        value.i64().or(value.i32().map(i64::from))
    }

    /// Calls an export; 0 if the module does not have it, or has trapped before in this callback.
    fn call<const N: usize>(&self, callback: Callback, arguments: [u32; N]) -> u32 {
        let function = export::position(callback).and_then(|at| self.functions.get(at).copied().flatten());
        let Some(function) = function else { return 0 };
        self.run(callback, function, &arguments)
    }

    /// Calls a function of the module, as in this callback.
    fn run(&self, callback: Callback, function: Func, arguments: &[u32]) -> u32 {
        if self.trap.borrow().is_some() {
            return 0;
        }
        let Ok(mut store) = self.store.try_borrow_mut() else {
            panic!("`{}` is in a callback: a host must not call {callback} before it returns", self.name);
        };
        store.data_mut().last_words = None;
        let arguments: Vec<_> = arguments.iter().map(|argument| Val::I32(argument.cast_signed())).collect();
        let ty = function.ty(&*store);
        // ABI 0.1.0 does not have the last argument of some callbacks.
        let arguments = &arguments[..arguments.len().min(ty.params().len())];
        let mut result = [Val::I32(0)];
        let results = &mut result[..ty.results().len()];

        let limit = self.fuel_limit.get();
        refuel(&mut store, limit);
        let outcome = function.call(&mut *store, arguments, results);
        self.fuel.set(self.fuel.get() + limit - store.get_fuel().unwrap_or_default());
        match outcome {
            Ok(()) => result[0].i32().unwrap_or_default().cast_unsigned(),
            Err(error) => {
                let trap = Trap { during: Some(callback), ..trap(store.data_mut(), &error) };
                *self.trap.borrow_mut() = Some(trap);
                0
            }
        }
    }
}

impl State {
    fn new(version: AbiVersion, memory: &str, profile: Profile) -> Self {
        let memory_limit = profile.data().memory_limit.unwrap_or(MEMORY_LIMIT);
        State {
            version,
            host: None,
            period: Period::Start,
            memory: memory.to_owned(),
            allocator: None,
            limits: StoreLimitsBuilder::new().memory_size(memory_limit).table_elements(TABLE_LIMIT).build(),
            early_lines: Vec::new(),
            last_words: None,
            random: Random::new(0),
        }
    }
}

fn refuel(store: &mut Store<State>, fuel: u64) {
    store.set_fuel(fuel).expect("the engine of every module is metered");
}

/// The trap of a module: as its panic hook announced it if it did, else in the engine's words.
fn trap(state: &mut State, error: &wasmi::Error) -> Trap {
    let Some(line) = state.last_words.take() else { return Trap::new(error.to_string()) };
    // As the standard library words it.
    match line.strip_prefix("panicked at ").and_then(|line| line.split_once(":\n")) {
        Some((location, message)) => Trap { location: Some(location.to_owned()), ..Trap::new(message) },
        None => Trap::new(format!("{line} ({error})")),
    }
}

impl Backend for WasmGuest {
    fn guest(&self) -> &dyn Guest {
        self
    }

    fn enter(&self, host: Rc<dyn Host>, callback: &mut dyn FnMut(&dyn Guest)) -> Result<(), Trap> {
        WasmGuest::enter(self, host, callback)
    }

    fn check_export(&self, name: &str, arguments: usize) -> Result<(), String> {
        let store = self.store.borrow();
        let Some(function) = self.instance.get_func(&*store, name) else {
            return Err(format!("`{}` has no export {name}", self.name));
        };
        let ty = function.ty(&*store);
        let numbers = |types: &[ValType]| types.iter().all(|ty| *ty == ValType::I32);
        if ty.params().len() == arguments
            && numbers(ty.params())
            && ty.results().len() <= 1
            && numbers(ty.results())
        {
            return Ok(());
        }
        Err(format!(
            "`{}` exports {name} as {}, which {arguments} numbers of 32 bits do not fit",
            self.name,
            signature(&ty)
        ))
    }

    fn call_export(&self, name: &str, arguments: &[u32]) {
        let function = self.instance.get_func(&*self.store.borrow(), name);
        if let Some(function) = function {
            self.run(Callback::ForeignFunction, function, arguments);
        }
    }
}

impl Guest for WasmGuest {
    fn callbacks(&self) -> Callbacks {
        self.callbacks
    }

    fn on_context_create(&self, context: u32, parent: u32) {
        self.call(Callback::ContextCreate, [context, parent]);
    }

    fn on_vm_start(&self, root: u32, configuration_size: usize) -> bool {
        self.call(Callback::VmStart, [root, word(configuration_size)]) != 0
    }

    fn on_configure(&self, root: u32, configuration_size: usize) -> bool {
        self.call(Callback::Configure, [root, word(configuration_size)]) != 0
    }

    fn on_tick(&self, root: u32) {
        self.call(Callback::Tick, [root]);
    }

    fn on_queue_ready(&self, root: u32, queue: u32) {
        self.call(Callback::QueueReady, [root, queue]);
    }

    fn on_request_headers(&self, context: u32, count: usize, end_of_stream: bool) -> u32 {
        self.call(Callback::RequestHeaders, [context, word(count), end_of_stream.into()])
    }

    fn on_request_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.call(Callback::RequestBody, [context, word(size), end_of_stream.into()])
    }

    fn on_request_trailers(&self, context: u32, count: usize) -> u32 {
        self.call(Callback::RequestTrailers, [context, word(count)])
    }

    fn on_request_metadata(&self, context: u32, count: usize) -> u32 {
        self.call(Callback::RequestMetadata, [context, word(count)])
    }

    fn on_response_headers(&self, context: u32, count: usize, end_of_stream: bool) -> u32 {
        self.call(Callback::ResponseHeaders, [context, word(count), end_of_stream.into()])
    }

    fn on_response_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.call(Callback::ResponseBody, [context, word(size), end_of_stream.into()])
    }

    fn on_response_trailers(&self, context: u32, count: usize) -> u32 {
        self.call(Callback::ResponseTrailers, [context, word(count)])
    }

    fn on_response_metadata(&self, context: u32, count: usize) -> u32 {
        self.call(Callback::ResponseMetadata, [context, word(count)])
    }

    fn on_new_connection(&self, context: u32) -> u32 {
        self.call(Callback::NewConnection, [context])
    }

    fn on_downstream_data(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.call(Callback::DownstreamData, [context, word(size), end_of_stream.into()])
    }

    fn on_upstream_data(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.call(Callback::UpstreamData, [context, word(size), end_of_stream.into()])
    }

    fn on_downstream_connection_close(&self, context: u32, peer: u32) {
        self.call(Callback::DownstreamConnectionClose, [context, peer]);
    }

    fn on_upstream_connection_close(&self, context: u32, peer: u32) {
        self.call(Callback::UpstreamConnectionClose, [context, peer]);
    }

    fn on_http_call_response(
        &self,
        context: u32,
        token: u32,
        headers: usize,
        body_size: usize,
        trailers: usize,
    ) {
        let sizes = [headers, body_size, trailers].map(word);
        self.call(Callback::HttpCallResponse, [context, token, sizes[0], sizes[1], sizes[2]]);
    }

    fn on_grpc_receive_initial_metadata(&self, context: u32, token: u32, count: usize) {
        self.call(Callback::GrpcReceiveInitialMetadata, [context, token, word(count)]);
    }

    fn on_grpc_receive(&self, context: u32, token: u32, size: usize) {
        self.call(Callback::GrpcReceive, [context, token, word(size)]);
    }

    fn on_grpc_receive_trailing_metadata(&self, context: u32, token: u32, count: usize) {
        self.call(Callback::GrpcReceiveTrailingMetadata, [context, token, word(count)]);
    }

    fn on_grpc_close(&self, context: u32, token: u32, status: u32) {
        self.call(Callback::GrpcClose, [context, token, status]);
    }

    fn on_foreign_function(&self, context: u32, function: u32, size: usize) {
        self.call(Callback::ForeignFunction, [context, function, word(size)]);
    }

    fn on_resolve_dns(&self, root: u32, token: u32, size: usize) {
        self.call(Callback::ResolveDns, [root, token, word(size)]);
    }

    fn on_done(&self, context: u32) -> bool {
        self.call(Callback::Done, [context]) != 0
    }

    fn on_log(&self, context: u32) {
        self.call(Callback::Log, [context]);
    }

    fn on_delete(&self, context: u32) {
        self.call(Callback::Delete, [context]);
    }
}

impl fmt::Debug for WasmGuest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmGuest")
            .field("name", &self.name)
            .field("callbacks", &self.callbacks)
            .field("fuel", &self.fuel)
            .finish_non_exhaustive()
    }
}

/// A count as a module gets it.
fn word(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
