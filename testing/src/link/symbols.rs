//! The symbols between the harness and the crate `proxy-wasm`, in both directions.
//!
//! On wasm that crate imports the host's functions and exports the callbacks. Natively both are symbols of the test binary:
//! the imports are defined here and the exports declared, with the types that version 0.2.5 of the crate has for them. What an
//! import does with the guest's pointers is what the SDK does with those of a native guest.
#![allow(unsafe_code, reason = "the symbols of another crate")]

use super::thread::{self, Period};
use std::hint::black_box;
use std::sync::Arc;
use waxwing::__private::{Memory, imports, log_enabled};
use waxwing::Status;

/// A pointer to an output of bytes.
type Bytes = *mut *mut u8;

macro_rules! define {
    ($( fn $name:ident($($argument:ident: $type:ty),* $(,)?); )*) => {
        $(
            // SAFETY: the name is the ABI's, and the crate `proxy-wasm` leaves it undefined for the host. Linking fails if
            // something else defines it too.
            #[unsafe(no_mangle)]
            #[allow(clippy::too_many_arguments, reason = "the ABI's own signature")]
            extern "C" fn $name($($argument: $type),*) -> u32 {
                // SAFETY: the crate `proxy-wasm` makes each pointer and length of one live slice, or null and zero, and each
                // pointer to an output of a live local; as its wasm build does for a real host.
                let status = unsafe { imports::$name($($argument.into()),*) };
                answer(stringify!($name), status)
            }
        )*

        /// Makes each binary that reaches this link the definitions, whatever the order in which its linker reads crates.
        pub(super) fn keep_definitions() {
            black_box(proxy_log as *const ());
            black_box(proxy_get_log_level as *const ());
            $( black_box($name as *const ()); )*
        }
    };
}

/// Writes a line to the log. It may be one of a native extension on Waxwing, which uses the logger that there is.
// SAFETY: as for the others.
#[unsafe(no_mangle)]
extern "C" fn proxy_log(level: u32, message: *const u8, message_len: usize) -> u32 {
    if !thread::is_guest_thread() && !log_enabled(level) {
        return 0;
    }
    // SAFETY: the crate passes the pointer and the length of one live slice.
    let status = unsafe { imports::proxy_log(level, message, message_len) };
    answer("proxy_log", status)
}

define! {
    fn proxy_get_current_time_nanoseconds(time: *mut u64);
    fn proxy_set_tick_period_milliseconds(period: u32);
    fn proxy_get_buffer_bytes(buffer: u32, start: usize, max_len: usize, data: Bytes, len: *mut usize);
    fn proxy_set_buffer_bytes(buffer: u32, start: usize, len: usize, data: *const u8, data_len: usize);
    fn proxy_get_header_map_pairs(map: u32, data: Bytes, len: *mut usize);
    fn proxy_set_header_map_pairs(map: u32, data: *const u8, len: usize);
    fn proxy_get_header_map_value(map: u32, key: *const u8, key_len: usize, data: Bytes, len: *mut usize);
    fn proxy_add_header_map_value(
        map: u32, key: *const u8, key_len: usize, value: *const u8, value_len: usize,
    );
    fn proxy_replace_header_map_value(
        map: u32, key: *const u8, key_len: usize, value: *const u8, value_len: usize,
    );
    fn proxy_remove_header_map_value(map: u32, key: *const u8, key_len: usize);
    fn proxy_continue_stream(stream: u32);
    fn proxy_close_stream(stream: u32);
    fn proxy_send_local_response(
        status: u32, details: *const u8, details_len: usize, body: *const u8, body_len: usize,
        headers: *const u8, headers_len: usize, grpc_status: u32,
    );
    fn proxy_get_property(path: *const u8, path_len: usize, data: Bytes, len: *mut usize);
    fn proxy_set_property(path: *const u8, path_len: usize, value: *const u8, value_len: usize);
    fn proxy_set_effective_context(context: u32);
    fn proxy_done();
    fn proxy_http_call(
        upstream: *const u8, upstream_len: usize, headers: *const u8, headers_len: usize,
        body: *const u8, body_len: usize, trailers: *const u8, trailers_len: usize,
        timeout: u32, token: *mut u32,
    );
    fn proxy_grpc_call(
        upstream: *const u8, upstream_len: usize, service: *const u8, service_len: usize,
        method: *const u8, method_len: usize, metadata: *const u8, metadata_len: usize,
        message: *const u8, message_len: usize, timeout: u32, token: *mut u32,
    );
    fn proxy_grpc_stream(
        upstream: *const u8, upstream_len: usize, service: *const u8, service_len: usize,
        method: *const u8, method_len: usize, metadata: *const u8, metadata_len: usize,
        token: *mut u32,
    );
    // The one argument that the crate declares as `bool`.
    fn proxy_grpc_send(token: u32, message: *const u8, message_len: usize, end_of_stream: bool);
    fn proxy_grpc_close(token: u32);
    fn proxy_grpc_cancel(token: u32);
    fn proxy_get_status(code: *mut u32, message: Bytes, message_len: *mut usize);
    fn proxy_get_shared_data(key: *const u8, key_len: usize, data: Bytes, len: *mut usize, cas: *mut u32);
    fn proxy_set_shared_data(
        key: *const u8, key_len: usize, value: *const u8, value_len: usize, cas: u32,
    );
    fn proxy_register_shared_queue(name: *const u8, name_len: usize, queue: *mut u32);
    fn proxy_resolve_shared_queue(
        vm_id: *const u8, vm_id_len: usize, name: *const u8, name_len: usize, queue: *mut u32,
    );
    fn proxy_enqueue_shared_queue(queue: u32, item: *const u8, item_len: usize);
    fn proxy_dequeue_shared_queue(queue: u32, data: Bytes, len: *mut usize);
    fn proxy_define_metric(kind: u32, name: *const u8, name_len: usize, metric: *mut u32);
    fn proxy_increment_metric(metric: u32, delta: i64);
    fn proxy_record_metric(metric: u32, value: u64);
    fn proxy_get_metric(metric: u32, value: *mut u64);
    fn proxy_call_foreign_function(
        name: *const u8, name_len: usize, argument: *const u8, argument_len: usize, data: Bytes, len: *mut usize,
    );
}

/// The level of the host's log, in the crate's enum; it has none for a host that logs nothing.
// SAFETY: as for the others.
#[unsafe(no_mangle)]
extern "C" fn proxy_get_log_level(output: *mut u32) -> u32 {
    let mut level = 0;
    // SAFETY: the output is a live local.
    let status = unsafe { imports::proxy_get_log_level(&raw mut level) };
    if level > CRITICAL {
        thread::end_guest(format!(
            "proxy_get_log_level gives {level}, for which the crate `proxy-wasm` has no name: what it does then is undefined"
        ));
    }
    // SAFETY: the crate passes a pointer to a live local.
    unsafe { output.write(level) };
    answer("proxy_get_log_level", status)
}

/// The last of the levels.
const CRITICAL: u32 = 5;

/// The statuses that the crate's enum has, beside 0. It would be undefined behaviour to give it another one.
const KNOWN_STATUSES: [Status; 7] = [
    Status::NOT_FOUND,
    Status::BAD_ARGUMENT,
    Status::SERIALIZATION_FAILURE,
    Status::PARSE_FAILURE,
    Status::EMPTY,
    Status::CAS_MISMATCH,
    Status::INTERNAL_FAILURE,
];

/// What the guest gets for a status.
fn answer(function: &str, status: u32) -> u32 {
    let problem = match (thread::period(), function) {
        // A destructor that runs when the thread ends may log, and the crate's logger panics if that fails.
        (Period::Rest, "proxy_log") => return 0,
        (Period::Start, function) if function != "proxy_log" => {
            format!("the module calls {function} while it starts: hosts allow proxy_log and WASI only")
        }
        _ if status == 0 || KNOWN_STATUSES.iter().any(|known| known.as_u32() == status) => return status,
        // As a module most likely ends too.
        _ => format!(
            "unexpected status: {status} (of {function}; the crate `proxy-wasm` has no name for it, and what it does then is \
             undefined)"
        ),
    };
    thread::end_guest(problem)
}

/// Who has closed a connection, as the crate's enum of that name.
#[repr(u32)]
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer {
    Unknown = 0,
    Local = 1,
    Remote = 2,
}

macro_rules! declare {
    ($( fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?; )*) => {
        // SAFETY: names and types are those of the crate `proxy-wasm` 0.2.5. It defines these functions without `unsafe`: they
        // take any number, in any order and on any thread. Its `Action` is a `u32`, and its `PeerType` has the values of `Peer`.
        unsafe extern "C" {
            $( safe fn $name($($argument: $type),*) $(-> $result)?; )*
        }

        /// What the crate exports.
        #[derive(Debug)]
        pub(super) struct Exports {
            $( pub(super) $name: extern "C" fn($($type),*) $(-> $result)?, )*
        }

        impl Exports {
            /// The functions of the test binary. The start function is a type of the test's own: with it, this is compiled
            /// there, so that only binaries which get here need the crate.
            pub(super) fn linked_with<S>(_start: &S) -> Self {
                Exports { $( $name, )* }
            }
        }
    };
}

declare! {
    fn proxy_on_memory_allocate(size: usize) -> *mut u8;
    fn proxy_on_context_create(context: u32, parent: u32);
    fn proxy_on_vm_start(root: u32, configuration_size: usize) -> bool;
    fn proxy_on_configure(root: u32, configuration_size: usize) -> bool;
    fn proxy_on_tick(root: u32);
    fn proxy_on_queue_ready(root: u32, queue: u32);
    fn proxy_on_request_headers(context: u32, count: usize, end_of_stream: bool) -> u32;
    fn proxy_on_request_body(context: u32, size: usize, end_of_stream: bool) -> u32;
    fn proxy_on_request_trailers(context: u32, count: usize) -> u32;
    fn proxy_on_response_headers(context: u32, count: usize, end_of_stream: bool) -> u32;
    fn proxy_on_response_body(context: u32, size: usize, end_of_stream: bool) -> u32;
    fn proxy_on_response_trailers(context: u32, count: usize) -> u32;
    fn proxy_on_new_connection(context: u32) -> u32;
    fn proxy_on_downstream_data(context: u32, size: usize, end_of_stream: bool) -> u32;
    fn proxy_on_upstream_data(context: u32, size: usize, end_of_stream: bool) -> u32;
    fn proxy_on_downstream_connection_close(context: u32, peer: Peer);
    fn proxy_on_upstream_connection_close(context: u32, peer: Peer);
    fn proxy_on_http_call_response(context: u32, token: u32, headers: usize, body: usize, trailers: usize);
    fn proxy_on_grpc_receive_initial_metadata(context: u32, token: u32, count: u32);
    fn proxy_on_grpc_receive(context: u32, token: u32, size: usize);
    fn proxy_on_grpc_receive_trailing_metadata(context: u32, token: u32, count: u32);
    fn proxy_on_grpc_close(context: u32, token: u32, status: u32);
    fn proxy_on_foreign_function(context: u32, function: u32, size: usize);
    fn proxy_on_done(context: u32) -> bool;
    fn proxy_on_log(context: u32);
    fn proxy_on_delete(context: u32);
}

/// The guest's allocator.
#[derive(Debug)]
pub(super) struct GuestMemory(pub(super) Arc<Exports>);

// SAFETY: the crate's function gives a new allocation of that many bytes, which belongs to whom it is given.
unsafe impl Memory for GuestMemory {
    fn allocate(&self, size: usize) -> *mut u8 {
        (self.0.proxy_on_memory_allocate)(size)
    }

    fn log_enabled(&self, _level: u32) -> bool {
        // The bridge of the SDK, which a guest of another crate does not use.
        false
    }
}
