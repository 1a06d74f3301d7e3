//! Several extensions in one module.

use super::Dispatcher;
use crate::abi::arena::Arena;
use crate::abi::call;
use crate::abi::guest::{Callbacks, Guest};
use crate::context::Extension;
use crate::{LogLevel, logging};
use alloc::format;
use alloc::string::String;
use core::cell::Cell;
use core::fmt;

/// One or more extensions of a module.
pub trait Part: Guest {
    /// Whether it has this context.
    fn knows(&self, context: u32) -> bool;
    /// Makes a root context, if one of its extensions is meant.
    fn create_root(&self, context: u32, root_id: &[u8]) -> bool;
    /// Memory for what the host is about to return.
    fn allocate(&self, size: usize) -> *mut u8;
    /// Whether the `log` bridge passes lines of this level on.
    #[cfg(not(target_arch = "wasm32"))]
    fn log_enabled(&self, level: u32) -> bool;
    /// The root ids of its extensions, for a message.
    fn list_root_ids(&self, list: &mut String);
}

impl<R: Extension> Part for Dispatcher<R> {
    fn knows(&self, context: u32) -> bool {
        self.is_known(context)
    }

    fn create_root(&self, context: u32, root_id: &[u8]) -> bool {
        let is_meant = R::ROOT_ID.as_bytes() == root_id;
        if is_meant {
            self.on_context_create(context, 0);
        }
        is_meant
    }

    fn allocate(&self, size: usize) -> *mut u8 {
        Dispatcher::allocate(self, size)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn log_enabled(&self, level: u32) -> bool {
        Dispatcher::log_enabled(self, level)
    }

    fn list_root_ids(&self, list: &mut String) {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push('`');
        list.push_str(R::ROOT_ID);
        list.push('`');
    }
}

/// Two parts of a module, each of which may be two again. The host's root id says which one a root context is of,
/// and what follows goes to the part that has the context.
pub struct Bundle<A, B> {
    first: A,
    second: B,
    running: Cell<Running>,
    /// For what this part itself asks the host.
    arena: Arena,
}

/// Who has called the host, and gets the memory that it asks for.
#[derive(Clone, Copy)]
enum Running {
    Itself,
    First,
    Second,
}

impl<A: Part, B: Part> Bundle<A, B> {
    /// Two parts without contexts.
    pub const fn new(first: A, second: B) -> Self {
        Bundle { first, second, running: Cell::new(Running::Itself), arena: Arena::new() }
    }

    /// Hands a callback to the part that has the context; one that nobody has to the first part, which reports it.
    #[inline(always)]
    fn route<T>(&self, context: u32, first: impl FnOnce(&A) -> T, second: impl FnOnce(&B) -> T) -> T {
        if self.second.knows(context) && context != 0 {
            self.run(Running::Second, || second(&self.second))
        } else {
            self.run(Running::First, || first(&self.first))
        }
    }

    #[inline(always)]
    fn run<T>(&self, part: Running, callback: impl FnOnce() -> T) -> T {
        struct Leave<'a>(&'a Cell<Running>, Running);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.set(self.1);
            }
        }
        let _leave = Leave(&self.running, self.running.replace(part));
        callback()
    }

    /// Asks the host which extension a root context is of.
    fn create_root_of_host(&self, context: u32) {
        self.run(Running::Itself, || {
            self.arena.enter(|scope| {
                // A host that does not know root ids has one extension: the one without.
                let root_id = call::property(scope, b"plugin_root_id").ok().flatten().unwrap_or_default();
                if !self.create_root(context, root_id) {
                    let mut known = String::new();
                    self.list_root_ids(&mut known);
                    let root_id = String::from_utf8_lossy(root_id);
                    let line = format!(
                        "this module has no extension with the root_id `{root_id}`; it has {known}: \
                         set `root_id` in the proxy's configuration"
                    );
                    logging::write(LogLevel::Error, &line);
                }
            });
        });
    }
}

impl<A: Part, B: Part> Part for Bundle<A, B> {
    fn knows(&self, context: u32) -> bool {
        self.first.knows(context) || self.second.knows(context)
    }

    fn create_root(&self, context: u32, root_id: &[u8]) -> bool {
        self.run(Running::First, || self.first.create_root(context, root_id))
            || self.run(Running::Second, || self.second.create_root(context, root_id))
    }

    fn allocate(&self, size: usize) -> *mut u8 {
        match self.running.get() {
            Running::Itself => self.arena.allocate(size),
            Running::First => self.first.allocate(size),
            Running::Second => self.second.allocate(size),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn log_enabled(&self, level: u32) -> bool {
        match self.running.get() {
            Running::Itself => true,
            Running::First => self.first.log_enabled(level),
            Running::Second => self.second.log_enabled(level),
        }
    }

    fn list_root_ids(&self, list: &mut String) {
        self.first.list_root_ids(list);
        self.second.list_root_ids(list);
    }
}

/// The callbacks that go to the part that has the context.
macro_rules! routed {
    ($( fn $callback:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?; )*) => { $(
        #[inline(always)]
        fn $callback(&self, context: u32 $(, $argument: $type)*) $(-> $result)? {
            self.route(
                context,
                #[inline(always)]
                |part| part.$callback(context $(, $argument)*),
                #[inline(always)]
                |part| part.$callback(context $(, $argument)*),
            )
        }
    )* };
}

impl<A: Part, B: Part> Guest for Bundle<A, B> {
    fn callbacks(&self) -> Callbacks {
        self.first.callbacks().union(self.second.callbacks())
    }

    fn on_context_create(&self, context: u32, parent: u32) {
        if parent == 0 {
            self.create_root_of_host(context);
        } else {
            self.route(
                parent,
                |part| part.on_context_create(context, parent),
                |part| part.on_context_create(context, parent),
            );
        }
    }

    fn on_configure(&self, root: u32, configuration_size: usize) -> bool {
        // Without a root context there is nothing to configure, which was reported when there was none to make.
        self.knows(root)
            && self.route(
                root,
                |part| part.on_configure(root, configuration_size),
                |part| part.on_configure(root, configuration_size),
            )
    }

    fn on_vm_start(&self, root: u32, configuration_size: usize) -> bool {
        // As with a configuration: let it be refused there.
        !self.knows(root)
            || self.route(
                root,
                |part| part.on_vm_start(root, configuration_size),
                |part| part.on_vm_start(root, configuration_size),
            )
    }

    routed! {
        fn on_tick();
        fn on_queue_ready(queue: u32);
        fn on_request_headers(count: usize, end_of_stream: bool) -> u32;
        fn on_request_body(size: usize, end_of_stream: bool) -> u32;
        fn on_request_trailers(count: usize) -> u32;
        fn on_request_metadata(count: usize) -> u32;
        fn on_response_headers(count: usize, end_of_stream: bool) -> u32;
        fn on_response_body(size: usize, end_of_stream: bool) -> u32;
        fn on_response_trailers(count: usize) -> u32;
        fn on_response_metadata(count: usize) -> u32;
        fn on_new_connection() -> u32;
        fn on_downstream_data(size: usize, end_of_stream: bool) -> u32;
        fn on_upstream_data(size: usize, end_of_stream: bool) -> u32;
        fn on_downstream_connection_close(peer: u32);
        fn on_upstream_connection_close(peer: u32);
        fn on_http_call_response(token: u32, headers: usize, body_size: usize, trailers: usize);
        fn on_grpc_receive_initial_metadata(token: u32, count: usize);
        fn on_grpc_receive(token: u32, size: usize);
        fn on_grpc_receive_trailing_metadata(token: u32, count: usize);
        fn on_grpc_close(token: u32, status: u32);
        fn on_foreign_function(function: u32, size: usize);
        fn on_resolve_dns(token: u32, size: usize);
        fn on_done() -> bool;
        fn on_log();
        fn on_delete();
    }
}

impl<A: fmt::Debug, B: fmt::Debug> fmt::Debug for Bundle<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bundle").field(&self.first).field(&self.second).finish()
    }
}
