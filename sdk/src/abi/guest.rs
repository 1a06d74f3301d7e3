//! The side of the seam that the host calls: one method per callback of the ABI.

use crate::context::Extension;
use crate::dispatcher::Dispatcher;
use core::fmt;

macro_rules! callbacks {
    ($( $(#[$doc:meta])* $name:ident = $export:literal; )*) => {
        /// A callback of the ABI.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Callback {
            $( $(#[$doc])* $name, )*
        }

        impl Callback {
            /// Every callback, in the order of the ABI's table.
            pub const ALL: &'static [Callback] = &[ $( Callback::$name, )* ];

            /// The name under which a module exports it.
            pub const fn export_name(self) -> &'static str {
                match self {
                    $( Callback::$name => concat!("proxy_", $export), )*
                }
            }

            /// The name of the method that an extension implements.
            pub const fn name(self) -> &'static str {
                match self {
                    $( Callback::$name => $export, )*
                }
            }
        }
    };
}

callbacks! {
    /// A context begins.
    ContextCreate = "on_context_create";
    /// The VM has started.
    VmStart = "on_vm_start";
    /// A root context gets its configuration.
    Configure = "on_configure";
    /// The headers of the request have arrived.
    RequestHeaders = "on_request_headers";
    /// A part of the request's body has arrived.
    RequestBody = "on_request_body";
    /// The trailers of the request have arrived.
    RequestTrailers = "on_request_trailers";
    /// The headers of the response have arrived.
    ResponseHeaders = "on_response_headers";
    /// A part of the response's body has arrived.
    ResponseBody = "on_response_body";
    /// The trailers of the response have arrived.
    ResponseTrailers = "on_response_trailers";
    /// The host has finished with a context.
    Done = "on_done";
    /// The stream is complete and can be logged.
    Log = "on_log";
    /// A context ends.
    Delete = "on_delete";
}

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of callbacks: those that a module exports, and that its host therefore calls.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Callbacks(u32);

impl Callbacks {
    /// No callback.
    pub const NONE: Callbacks = Callbacks(0);

    /// What every module exports: the SDK itself needs them to know which contexts exist.
    pub const ALWAYS: Callbacks = Callbacks::NONE
        .with(Callback::ContextCreate)
        .with(Callback::VmStart)
        .with(Callback::Configure)
        .with(Callback::Delete);

    /// The set with one callback more.
    #[must_use]
    pub const fn with(self, callback: Callback) -> Callbacks {
        Callbacks(self.0 | (1 << callback as u32))
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Callbacks) -> Callbacks {
        Callbacks(self.0 | other.0)
    }

    /// Whether the callback is in the set.
    pub const fn contains(self, callback: Callback) -> bool {
        self.0 & (1 << callback as u32) != 0
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = Callback::ALL.iter().filter(|callback| self.contains(**callback));
        f.debug_set().entries(members).finish()
    }
}

/// A module as its host sees it: one method per callback.
///
/// [`Dispatcher`] implements it on top of an extension, and a runner of `.wasm` files on top of a module's
/// exports. All methods take `&self`, because a host may call back while a callback runs.
///
/// Numbers come as the host gave them: ids may be unknown, counts and sizes wrong. The numbers returned by
/// the callbacks of streams are `proxy_action_t`, and those of a foreign module may be anything.
pub trait Guest {
    /// The callbacks that this module exports. A host does not call the others.
    fn callbacks(&self) -> Callbacks;

    /// A context begins: a root context if `parent` is 0, else a stream of that root context.
    fn on_context_create(&self, context: u32, parent: u32);
    /// The VM has started; false refuses.
    fn on_vm_start(&self, root: u32, configuration_size: usize) -> bool;
    /// The root context gets its configuration of that many bytes; false refuses.
    fn on_configure(&self, root: u32, configuration_size: usize) -> bool;

    /// The headers of the request have arrived.
    fn on_request_headers(&self, context: u32, count: usize, end_of_stream: bool) -> u32;
    /// A part of the request's body has arrived; `size` bytes can be read.
    fn on_request_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32;
    /// The trailers of the request have arrived.
    fn on_request_trailers(&self, context: u32, count: usize) -> u32;
    /// The headers of the response have arrived.
    fn on_response_headers(&self, context: u32, count: usize, end_of_stream: bool) -> u32;
    /// A part of the response's body has arrived; `size` bytes can be read.
    fn on_response_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32;
    /// The trailers of the response have arrived.
    fn on_response_trailers(&self, context: u32, count: usize) -> u32;

    /// The host has finished with the context; false asks a root context's deletion to wait.
    fn on_done(&self, context: u32) -> bool;
    /// The stream is complete.
    fn on_log(&self, context: u32);
    /// The context ends.
    fn on_delete(&self, context: u32);
}

/// The dispatcher of a module, as a static that the exports call into.
pub struct Static<R: Extension>(Dispatcher<R>);

// SAFETY: wasm without atomics has a single thread, so nothing is ever shared between two.
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
unsafe impl<R: Extension> Sync for Static<R> {}

#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
compile_error!("Proxy-Wasm hosts have no threads: build without the `atomics` target feature");

impl<R: Extension> Static<R> {
    /// A dispatcher without contexts.
    #[allow(clippy::new_without_default, reason = "only ever built as a static")]
    pub const fn new() -> Self {
        Static(Dispatcher::new())
    }

    /// The dispatcher.
    #[inline(always)]
    pub fn get(&self) -> &Dispatcher<R> {
        &self.0
    }
}

impl<R: Extension> fmt::Debug for Static<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Static").finish_non_exhaustive()
    }
}

/// What `_initialize` does: runs the constructors of the C library, which the linker would otherwise run
/// around every single export, and installs what reports a panic.
#[cfg(target_arch = "wasm32")]
pub fn initialize() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: made by the linker; the host calls `_initialize` once, before everything else.
    unsafe { __wasm_call_ctors() };
    #[cfg(feature = "std")]
    crate::panic::install_hook();
}
