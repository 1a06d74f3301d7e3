//! The export table: what a module offers to its host, by the names in the specification.
//!
//! The derive expands `__exports!` in the author's crate, with the callbacks that the extension implements.
//! Each export turns the host's integers into values and calls the guest; it does nothing else. Natively
//! there are no exports: a host model calls the guest.

/// Exports a guest for the module `$root` on wasm, with the callbacks listed and those that every module has.
#[doc(hidden)]
#[macro_export]
macro_rules! __exports {
    ([$($callback:ident)*] $root:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            static GUEST: $crate::__private::Static<$root> = $crate::__private::Static::new();

            $crate::__export! { fn proxy_abi_version_0_2_1() {} }
            $crate::__export! { fn _initialize() { $crate::__private::initialize() } }
            $crate::__export! {
                fn proxy_on_memory_allocate(size: usize) -> *mut u8 { $crate::__private::Part::allocate(GUEST.get(), size) }
            }
            $crate::__export_callback! { on_context_create, GUEST.get() }
            $crate::__export_callback! { on_vm_start, GUEST.get() }
            $crate::__export_callback! { on_configure, GUEST.get() }
            $( $crate::__export_callback! { $callback, GUEST.get() } )*
            $crate::__export_callback! { on_delete, GUEST.get() }
        };
    };
}

/// The export table itself: one row per callback.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_callback {
    (on_context_create, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_context_create(context: u32, parent: u32) {
                $crate::__private::Guest::on_context_create($guest, context, parent)
            }
        }
    };
    (on_vm_start, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_vm_start(root: u32, configuration_size: usize) -> u32 {
                ::core::convert::From::from($crate::__private::Guest::on_vm_start($guest, root, configuration_size))
            }
        }
    };
    (on_configure, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_configure(root: u32, configuration_size: usize) -> u32 {
                ::core::convert::From::from($crate::__private::Guest::on_configure($guest, root, configuration_size))
            }
        }
    };
    (on_tick, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_tick(root: u32) {
                $crate::__private::Guest::on_tick($guest, root)
            }
        }
    };
    (on_queue_ready, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_queue_ready(root: u32, queue: u32) {
                $crate::__private::Guest::on_queue_ready($guest, root, queue)
            }
        }
    };
    (on_request_headers, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_request_headers(context: u32, count: usize, end_of_stream: u32) -> u32 {
                $crate::__private::Guest::on_request_headers($guest, context, count, end_of_stream != 0)
            }
        }
    };
    (on_request_body, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_request_body(context: u32, size: usize, end_of_stream: u32) -> u32 {
                $crate::__private::Guest::on_request_body($guest, context, size, end_of_stream != 0)
            }
        }
    };
    (on_request_trailers, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_request_trailers(context: u32, count: usize) -> u32 {
                $crate::__private::Guest::on_request_trailers($guest, context, count)
            }
        }
    };
    (on_request_metadata, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_request_metadata(context: u32, count: usize) -> u32 {
                $crate::__private::Guest::on_request_metadata($guest, context, count)
            }
        }
    };
    (on_response_headers, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_response_headers(context: u32, count: usize, end_of_stream: u32) -> u32 {
                $crate::__private::Guest::on_response_headers($guest, context, count, end_of_stream != 0)
            }
        }
    };
    (on_response_body, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_response_body(context: u32, size: usize, end_of_stream: u32) -> u32 {
                $crate::__private::Guest::on_response_body($guest, context, size, end_of_stream != 0)
            }
        }
    };
    (on_response_trailers, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_response_trailers(context: u32, count: usize) -> u32 {
                $crate::__private::Guest::on_response_trailers($guest, context, count)
            }
        }
    };
    (on_response_metadata, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_response_metadata(context: u32, count: usize) -> u32 {
                $crate::__private::Guest::on_response_metadata($guest, context, count)
            }
        }
    };
    (on_new_connection, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_new_connection(context: u32) -> u32 {
                $crate::__private::Guest::on_new_connection($guest, context)
            }
        }
    };
    (on_downstream_data, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_downstream_data(context: u32, size: usize, end_of_stream: u32) -> u32 {
                $crate::__private::Guest::on_downstream_data($guest, context, size, end_of_stream != 0)
            }
        }
    };
    (on_upstream_data, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_upstream_data(context: u32, size: usize, end_of_stream: u32) -> u32 {
                $crate::__private::Guest::on_upstream_data($guest, context, size, end_of_stream != 0)
            }
        }
    };
    (on_downstream_connection_close, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_downstream_connection_close(context: u32, peer: u32) {
                $crate::__private::Guest::on_downstream_connection_close($guest, context, peer)
            }
        }
    };
    (on_upstream_connection_close, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_upstream_connection_close(context: u32, peer: u32) {
                $crate::__private::Guest::on_upstream_connection_close($guest, context, peer)
            }
        }
    };
    (on_http_call_response, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_http_call_response(context: u32, token: u32, headers: usize, body_size: usize, trailers: usize) {
                $crate::__private::Guest::on_http_call_response($guest, context, token, headers, body_size, trailers)
            }
        }
    };
    (on_grpc_receive_initial_metadata, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_grpc_receive_initial_metadata(context: u32, token: u32, count: usize) {
                $crate::__private::Guest::on_grpc_receive_initial_metadata($guest, context, token, count)
            }
        }
    };
    (on_grpc_receive, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_grpc_receive(context: u32, token: u32, size: usize) {
                $crate::__private::Guest::on_grpc_receive($guest, context, token, size)
            }
        }
    };
    (on_grpc_receive_trailing_metadata, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_grpc_receive_trailing_metadata(context: u32, token: u32, count: usize) {
                $crate::__private::Guest::on_grpc_receive_trailing_metadata($guest, context, token, count)
            }
        }
    };
    (on_grpc_close, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_grpc_close(context: u32, token: u32, status: u32) {
                $crate::__private::Guest::on_grpc_close($guest, context, token, status)
            }
        }
    };
    (on_foreign_function, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_foreign_function(context: u32, function: u32, size: usize) {
                $crate::__private::Guest::on_foreign_function($guest, context, function, size)
            }
        }
    };
    (on_resolve_dns, $guest:expr) => {
        $crate::__export! {
            fn envoy_on_resolve_dns(root: u32, token: u32, size: usize) {
                $crate::__private::Guest::on_resolve_dns($guest, root, token, size)
            }
        }
    };
    (on_done, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_done(context: u32) -> u32 {
                ::core::convert::From::from($crate::__private::Guest::on_done($guest, context))
            }
        }
    };
    (on_log, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_log(context: u32) {
                $crate::__private::Guest::on_log($guest, context)
            }
        }
    };
    (on_delete, $guest:expr) => {
        $crate::__export! {
            fn proxy_on_delete(context: u32) {
                $crate::__private::Guest::on_delete($guest, context)
            }
        }
    };
}

/// One function under its own name.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    (fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? $body:block) => {
        #[unsafe(no_mangle)]
        extern "C" fn $name($($argument: $type),*) $(-> $result)? $body
    };
}
