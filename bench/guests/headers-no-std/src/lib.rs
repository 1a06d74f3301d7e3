//! Reads one request header; adds one and removes one on the response, without `std`.
//!
//! The extension is that of `bench/guests/headers`; what differs is what `std` would bring.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

#[path = "../../headers/src/lib.rs"]
mod headers;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(panic: &core::panic::PanicInfo<'_>) -> ! {
    waxwing::log_panic(panic);
    core::arch::wasm32::unreachable()
}
