//! The import table: the host functions of ABI 0.2.1 that the SDK uses, by their names in the specification.
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

    // Time

    /// The wall clock, in nanoseconds since the Unix epoch.
    fn proxy_get_current_time_nanoseconds(time: *mut u64);

    // Buffers

    /// Copies a range of a buffer.
    fn proxy_get_buffer_bytes(
        buffer: u32, start: usize, max_len: usize, data: *mut *mut u8, len: *mut usize,
    );
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
}
