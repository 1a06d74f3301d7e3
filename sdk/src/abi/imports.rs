//! The import table: the host functions of ABI 0.2.1, by their names in the specification.
//!
//! One table gives both sides of the seam: on wasm the `extern` block, natively a function of the same name
//! and type that forwards to [`super::host`]. A row without its native side does not compile.
//!
//! A module imports a function only if something that it exports can reach the call, so a row costs nothing
//! until it is used. Pointers to outputs are never null; a host may return without writing them.

macro_rules! import_table {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($($argument:ident: $type:ty),* $(,)?);
    )*) => {
        #[cfg(target_arch = "wasm32")]
        #[link(wasm_import_module = "env")]
        unsafe extern "C" {
            $( $(#[$doc])* pub fn $name($($argument: $type),*) -> u32; )*
        }

        /// The names of all of them, in the order of the table.
        pub const NAMES: &[&str] = &[$( stringify!($name), )*];

        $(
            $(#[$doc])*
            ///
            /// # Safety
            ///
            /// Each pointer and the length after it describe readable bytes, or are null and zero; each
            /// pointer to an output can be written.
            #[cfg(not(target_arch = "wasm32"))]
            #[allow(clippy::too_many_arguments, reason = "the ABI's own signature")]
            pub unsafe fn $name($($argument: $type),*) -> u32 {
                // SAFETY: the caller's promise is the one that the native side asks for.
                unsafe { super::host::$name($($argument),*) }
            }
        )*
    };
}

import_table! {
    // Logging

    /// Writes a line to the host's log.
    fn proxy_log(level: u32, message: *const u8, message_len: usize);
    /// The level of the host's own log.
    fn proxy_get_log_level(level: *mut u32);

    // Time

    /// The wall clock, in nanoseconds since the Unix epoch.
    fn proxy_get_current_time_nanoseconds(time: *mut u64);
    /// Sets the period of the root context's timer; 0 stops it.
    fn proxy_set_tick_period_milliseconds(period: u32);

    // Buffers

    /// Copies a range of a buffer.
    fn proxy_get_buffer_bytes(
        buffer: u32, start: usize, max_len: usize, data: *mut *mut u8, len: *mut usize,
    );
    /// The length of a buffer.
    fn proxy_get_buffer_status(buffer: u32, len: *mut usize, flags: *mut u32);
    /// Replaces the start of a buffer, or adds to its start or end.
    fn proxy_set_buffer_bytes(
        buffer: u32, start: usize, len: usize, data: *const u8, data_len: usize,
    );

    // Header maps

    /// Copies a whole map, as a pair block.
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, len: *mut usize);
    /// Replaces a whole map.
    fn proxy_set_header_map_pairs(map: u32, data: *const u8, len: usize);
    /// Copies the first value of a key.
    fn proxy_get_header_map_value(
        map: u32, key: *const u8, key_len: usize, data: *mut *mut u8, len: *mut usize,
    );
    /// Adds a pair behind those that exist.
    fn proxy_add_header_map_value(
        map: u32, key: *const u8, key_len: usize, value: *const u8, value_len: usize,
    );
    /// Replaces all values of a key by one.
    fn proxy_replace_header_map_value(
        map: u32, key: *const u8, key_len: usize, value: *const u8, value_len: usize,
    );
    /// Removes all values of a key.
    fn proxy_remove_header_map_value(map: u32, key: *const u8, key_len: usize);
    /// The size of a map, in bytes of keys and values.
    fn proxy_get_header_map_size(map: u32, size: *mut usize);

    // Streams

    /// Resumes a paused direction of a stream.
    fn proxy_continue_stream(stream: u32);
    /// Resets a stream.
    fn proxy_close_stream(stream: u32);
    /// Answers the client in place of the upstream.
    fn proxy_send_local_response(
        status: u32, details: *const u8, details_len: usize, body: *const u8, body_len: usize,
        headers: *const u8, headers_len: usize, grpc_status: u32,
    );

    // Properties

    /// Copies the value of a property.
    fn proxy_get_property(path: *const u8, path_len: usize, data: *mut *mut u8, len: *mut usize);
    /// Sets the value of a property.
    fn proxy_set_property(path: *const u8, path_len: usize, value: *const u8, value_len: usize);

    // Contexts

    /// Makes the following calls of this callback act on another context.
    fn proxy_set_effective_context(context: u32);
    /// Ends a context whose end was put off.
    fn proxy_done();

    // Callouts

    /// Sends an HTTP request to an upstream.
    fn proxy_http_call(
        upstream: *const u8, upstream_len: usize, headers: *const u8, headers_len: usize,
        body: *const u8, body_len: usize, trailers: *const u8, trailers_len: usize,
        timeout: u32, token: *mut u32,
    );
    /// Makes a unary gRPC call.
    fn proxy_grpc_call(
        upstream: *const u8, upstream_len: usize, service: *const u8, service_len: usize,
        method: *const u8, method_len: usize, metadata: *const u8, metadata_len: usize,
        message: *const u8, message_len: usize, timeout: u32, token: *mut u32,
    );
    /// Opens a gRPC stream.
    fn proxy_grpc_stream(
        upstream: *const u8, upstream_len: usize, service: *const u8, service_len: usize,
        method: *const u8, method_len: usize, metadata: *const u8, metadata_len: usize,
        token: *mut u32,
    );
    /// Sends a message on a gRPC stream, its last one if so said.
    fn proxy_grpc_send(token: u32, message: *const u8, message_len: usize, end_of_stream: u32);
    /// Closes a gRPC stream on this side, or gives up a call.
    fn proxy_grpc_close(token: u32);
    /// Resets a gRPC stream, or gives up a call.
    fn proxy_grpc_cancel(token: u32);
    /// The code and the message with which the last callout failed.
    fn proxy_get_status(code: *mut u32, message: *mut *mut u8, message_len: *mut usize);

    // Shared data and queues

    /// Copies a shared value, with the number to compare and swap by.
    fn proxy_get_shared_data(
        key: *const u8, key_len: usize, data: *mut *mut u8, len: *mut usize, cas: *mut u32,
    );
    /// Sets a shared value, if it has not changed since; with the number 0 in any case.
    fn proxy_set_shared_data(
        key: *const u8, key_len: usize, value: *const u8, value_len: usize, cas: u32,
    );
    /// Makes a queue of this VM, or takes over the one of that name.
    fn proxy_register_shared_queue(name: *const u8, name_len: usize, queue: *mut u32);
    /// Finds a queue, of another VM too.
    fn proxy_resolve_shared_queue(
        vm_id: *const u8, vm_id_len: usize, name: *const u8, name_len: usize, queue: *mut u32,
    );
    /// Adds an item to the end of a queue.
    fn proxy_enqueue_shared_queue(queue: u32, item: *const u8, item_len: usize);
    /// Takes the first item of a queue.
    fn proxy_dequeue_shared_queue(queue: u32, data: *mut *mut u8, len: *mut usize);

    // Metrics

    /// Finds or makes a metric.
    fn proxy_define_metric(kind: u32, name: *const u8, name_len: usize, metric: *mut u32);
    /// Adds to a counter or a gauge.
    fn proxy_increment_metric(metric: u32, delta: i64);
    /// Sets a gauge, or adds a sample to a histogram.
    fn proxy_record_metric(metric: u32, value: u64);
    /// The value of a counter or a gauge.
    fn proxy_get_metric(metric: u32, value: *mut u64);

    // Functions of hosts beyond the ABI

    /// Calls a function that the host registered under a name.
    fn proxy_call_foreign_function(
        name: *const u8, name_len: usize, argument: *const u8, argument_len: usize,
        data: *mut *mut u8, len: *mut usize,
    );
    /// Looks an address up (Envoy only).
    fn envoy_resolve_dns(name: *const u8, name_len: usize, token: *mut u32);
}
