//! The side of the seam that the host calls: one method per callback of the ABI.

use crate::context::Module;
use core::fmt;

macro_rules! callbacks {
    ($( $(#[$doc:meta])* $name:ident = $prefix:literal $export:literal; )*) => {
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
                    $( Callback::$name => concat!($prefix, $export), )*
                }
            }

            /// The same without its prefix.
            pub const fn name(self) -> &'static str {
                match self {
                    $( Callback::$name => $export, )*
                }
            }

            /// The callback with its name. Where it is known, nothing of the other names gets into a module.
            #[inline(always)]
            pub(crate) const fn entry(self) -> &'static Entry {
                match self {
                    $( Callback::$name => &Entry { callback: Callback::$name, name: $export }, )*
                }
            }
        }
    };
}

callbacks! {
    /// A context begins.
    ContextCreate = "proxy_" "on_context_create";
    /// The VM has started.
    VmStart = "proxy_" "on_vm_start";
    /// A root context gets its configuration.
    Configure = "proxy_" "on_configure";
    /// The timer of a root context.
    Tick = "proxy_" "on_tick";
    /// An item is in a queue of a root context.
    QueueReady = "proxy_" "on_queue_ready";
    /// The headers of the request have arrived.
    RequestHeaders = "proxy_" "on_request_headers";
    /// A part of the request's body has arrived.
    RequestBody = "proxy_" "on_request_body";
    /// The trailers of the request have arrived.
    RequestTrailers = "proxy_" "on_request_trailers";
    /// HTTP/2 metadata of the request has arrived.
    RequestMetadata = "proxy_" "on_request_metadata";
    /// The headers of the response have arrived.
    ResponseHeaders = "proxy_" "on_response_headers";
    /// A part of the response's body has arrived.
    ResponseBody = "proxy_" "on_response_body";
    /// The trailers of the response have arrived.
    ResponseTrailers = "proxy_" "on_response_trailers";
    /// HTTP/2 metadata of the response has arrived.
    ResponseMetadata = "proxy_" "on_response_metadata";
    /// A TCP client has connected.
    NewConnection = "proxy_" "on_new_connection";
    /// A TCP client has sent bytes.
    DownstreamData = "proxy_" "on_downstream_data";
    /// A TCP upstream has sent bytes.
    UpstreamData = "proxy_" "on_upstream_data";
    /// The connection to a TCP client is closed.
    DownstreamConnectionClose = "proxy_" "on_downstream_connection_close";
    /// The connection to a TCP upstream is closed.
    UpstreamConnectionClose = "proxy_" "on_upstream_connection_close";
    /// An HTTP callout has ended.
    HttpCallResponse = "proxy_" "on_http_call_response";
    /// The metadata at the start of a gRPC stream's answer.
    GrpcReceiveInitialMetadata = "proxy_" "on_grpc_receive_initial_metadata";
    /// A message of a gRPC call or stream.
    GrpcReceive = "proxy_" "on_grpc_receive";
    /// The metadata at the end of a gRPC stream's answer.
    GrpcReceiveTrailingMetadata = "proxy_" "on_grpc_receive_trailing_metadata";
    /// A gRPC call has failed, or a stream has ended.
    GrpcClose = "proxy_" "on_grpc_close";
    /// The host calls a function of the module that is not of the ABI.
    ForeignFunction = "proxy_" "on_foreign_function";
    /// An address was looked up (Envoy only).
    ResolveDns = "envoy_" "on_resolve_dns";
    /// The host has finished with a context.
    Done = "proxy_" "on_done";
    /// The stream is complete and can be logged.
    Log = "proxy_" "on_log";
    /// A context ends.
    Delete = "proxy_" "on_delete";
}

/// A callback that the host has entered, with its name.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) callback: Callback,
    pub(crate) name: &'static str,
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

    /// Whether the sets have a callback in common.
    pub const fn intersects(self, other: Callbacks) -> bool {
        self.0 & other.0 != 0
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
/// [`Dispatcher`](crate::dispatcher::Dispatcher) implements it on top of an extension, and a runner of `.wasm` files on top of a module's
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

    /// The timer of a root context.
    fn on_tick(&self, root: u32);
    /// An item is in a queue that the root context has registered.
    fn on_queue_ready(&self, root: u32, queue: u32);

    /// The headers of the request have arrived.
    fn on_request_headers(&self, context: u32, count: usize, end_of_stream: bool) -> u32;
    /// A part of the request's body has arrived; `size` bytes can be read.
    fn on_request_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32;
    /// The trailers of the request have arrived.
    fn on_request_trailers(&self, context: u32, count: usize) -> u32;
    /// HTTP/2 metadata of the request has arrived; it cannot be read.
    fn on_request_metadata(&self, context: u32, count: usize) -> u32;
    /// The headers of the response have arrived.
    fn on_response_headers(&self, context: u32, count: usize, end_of_stream: bool) -> u32;
    /// A part of the response's body has arrived; `size` bytes can be read.
    fn on_response_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32;
    /// The trailers of the response have arrived.
    fn on_response_trailers(&self, context: u32, count: usize) -> u32;
    /// HTTP/2 metadata of the response has arrived; it cannot be read.
    fn on_response_metadata(&self, context: u32, count: usize) -> u32;

    /// A TCP client has connected.
    fn on_new_connection(&self, context: u32) -> u32;
    /// A TCP client has sent bytes; `size` bytes can be read.
    fn on_downstream_data(&self, context: u32, size: usize, end_of_stream: bool) -> u32;
    /// A TCP upstream has sent bytes; `size` bytes can be read.
    fn on_upstream_data(&self, context: u32, size: usize, end_of_stream: bool) -> u32;
    /// The connection to a TCP client is closed, by a `proxy_peer_type_t`.
    fn on_downstream_connection_close(&self, context: u32, peer: u32);
    /// The connection to a TCP upstream is closed, by a `proxy_peer_type_t`.
    fn on_upstream_connection_close(&self, context: u32, peer: u32);

    /// An HTTP callout has ended. Hosts call it for the root context, and some for the stream that asked.
    fn on_http_call_response(
        &self,
        context: u32,
        token: u32,
        headers: usize,
        body_size: usize,
        trailers: usize,
    );
    /// The metadata at the start of a gRPC stream's answer.
    fn on_grpc_receive_initial_metadata(&self, context: u32, token: u32, count: usize);
    /// A message of a gRPC call or stream.
    fn on_grpc_receive(&self, context: u32, token: u32, size: usize);
    /// The metadata at the end of a gRPC stream's answer.
    fn on_grpc_receive_trailing_metadata(&self, context: u32, token: u32, count: usize);
    /// A gRPC call has failed, or a stream has ended, with this status.
    fn on_grpc_close(&self, context: u32, token: u32, status: u32);
    /// The host calls a function of the module that is not of the ABI.
    fn on_foreign_function(&self, context: u32, function: u32, size: usize);
    /// An address was looked up.
    fn on_resolve_dns(&self, root: u32, token: u32, size: usize);

    /// The host has finished with the context; false asks a root context's deletion to wait.
    fn on_done(&self, context: u32) -> bool;
    /// The stream is complete.
    fn on_log(&self, context: u32);
    /// The context ends.
    fn on_delete(&self, context: u32);
}

/// The guest of a module, as a static that the exports call into.
pub struct Static<M: Module>(M::Guest);

// SAFETY: wasm without atomics has a single thread, so nothing is ever shared between two.
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
unsafe impl<M: Module> Sync for Static<M> {}

#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
compile_error!("Proxy-Wasm hosts have no threads: build without the `atomics` target feature");

impl<M: Module> Static<M> {
    /// A guest without contexts.
    #[allow(clippy::new_without_default, reason = "only ever built as a static")]
    pub const fn new() -> Self {
        Static(M::GUEST)
    }

    /// The guest.
    #[inline(always)]
    pub fn get(&self) -> &M::Guest {
        &self.0
    }
}

impl<M: Module> fmt::Debug for Static<M> {
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
