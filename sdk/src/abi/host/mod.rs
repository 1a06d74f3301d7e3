//! Natively, what stands in for the host functions, and the one thread-local of the SDK.
//!
//! A host model implements [`Host`] with slices and values. [`enter`] puts it, with the memory of the guest
//! that it calls, on a private stack for the length of one callback; the functions below, which have the
//! names and types of the imports, serve the innermost one. So the guest's own pointer-and-length code runs
//! natively as it does on wasm, and two hosts, or two VMs of one host, can be used on one thread.

mod callout;
mod interface;
mod stream;
mod worker;

pub(super) use callout::*;
pub use interface::{Answer, GrpcCallParts, Host, HttpCallParts, LocalResponseParts};
pub(super) use stream::*;
pub(super) use worker::*;

use crate::Status;
use crate::context::Extension;
use crate::dispatcher::{Bundle, Dispatcher, Part};
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ptr;

/// The memory of a native guest, from which the host's answers are allocated, as a module's
/// `proxy_on_memory_allocate` export does.
///
/// # Safety
///
/// What `allocate` gives, if it is not null, is that many bytes that can be written, and that nobody else
/// refers to until they have been.
pub unsafe trait Memory {
    /// That many bytes, or null.
    fn allocate(&self, size: usize) -> *mut u8;
    /// Whether the SDK's own `log` bridge passes lines of this level on in this guest.
    fn log_enabled(&self, level: u32) -> bool;
}

// SAFETY: a dispatcher allocates from its arena, whose bytes are fresh.
unsafe impl<R: Extension> Memory for Dispatcher<R> {
    fn allocate(&self, size: usize) -> *mut u8 {
        Dispatcher::allocate(self, size)
    }

    fn log_enabled(&self, level: u32) -> bool {
        Dispatcher::log_enabled(self, level)
    }
}

// SAFETY: it allocates from an arena, its own or that of one of its parts, whose bytes are fresh.
unsafe impl<A: Part, B: Part> Memory for Bundle<A, B> {
    fn allocate(&self, size: usize) -> *mut u8 {
        Part::allocate(self, size)
    }

    fn log_enabled(&self, level: u32) -> bool {
        Part::log_enabled(self, level)
    }
}

#[derive(Clone)]
struct Frame {
    host: Rc<dyn Host>,
    memory: Rc<dyn Memory>,
}

std::thread_local! {
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

/// Runs `callback`, in which the host functions reach `host`, and its answers go to `memory`.
pub fn enter<T>(host: Rc<dyn Host>, memory: Rc<dyn Memory>, callback: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            let left = FRAMES.with(|frames| frames.borrow_mut().pop());
            drop(left);
        }
    }
    FRAMES.with(|frames| frames.borrow_mut().push(Frame { host, memory }));
    let _leave = Leave;
    callback()
}

/// Whether the innermost guest on this thread passes lines of this level on; false outside a callback.
#[cfg(feature = "log")]
pub fn log_enabled(level: u32) -> bool {
    frame().is_some_and(|frame| frame.memory.log_enabled(level))
}

fn frame() -> Option<Frame> {
    // Cloned, so that nothing is borrowed while the host runs: it may enter a guest itself.
    FRAMES.try_with(|frames| frames.borrow().last().cloned()).ok().flatten()
}

/// What a host function answers outside a callback, as a host does for a call that it forbids.
const OUTSIDE_A_CALLBACK: u32 = Status::INTERNAL_FAILURE.as_u32();

fn answer(call: impl FnOnce(&dyn Host) -> Answer) -> u32 {
    match frame() {
        Some(frame) => status_of(call(&*frame.host)),
        None => OUTSIDE_A_CALLBACK,
    }
}

fn status_of(answer: Answer) -> u32 {
    match answer {
        Ok(()) => 0,
        Err(status) => status.as_u32(),
    }
}

/// Writes what the host answered to an output.
///
/// # Safety
///
/// `output` can be written.
unsafe fn answer_value<T>(output: *mut T, call: impl FnOnce(&dyn Host) -> Answer<T>) -> u32 {
    answer(|host| {
        let value = call(host)?;
        // SAFETY: the caller's promise.
        unsafe { output.write(value) };
        Ok(())
    })
}

/// Copies what the host answered into memory that the guest allocates, and says where it is.
///
/// # Safety
///
/// `data` and `len` can be written.
unsafe fn answer_bytes(
    data: *mut *mut u8,
    len: *mut usize,
    call: impl FnOnce(&dyn Host) -> Answer<Vec<u8>>,
) -> u32 {
    let Some(Frame { host, memory }) = frame() else { return OUTSIDE_A_CALLBACK };
    let bytes = match call(&*host) {
        Ok(bytes) => bytes,
        Err(status) => return status.as_u32(),
    };
    let mut at = ptr::null_mut();
    if !bytes.is_empty() {
        at = memory.allocate(bytes.len());
        if at.is_null() {
            return Status::INVALID_MEMORY_ACCESS.as_u32();
        }
        // SAFETY: `at` is `bytes.len()` fresh bytes of the guest's, which do not overlap the host's own.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len()) };
    }
    let (address, claimed_len) = host.misplace(at.addr(), bytes.len());
    // SAFETY: the caller's promise.
    unsafe { data.write(at.with_addr(address)) };
    // SAFETY: the caller's promise.
    unsafe { len.write(claimed_len) };
    0
}

/// A guest's bytes.
///
/// # Safety
///
/// `at` and `len` describe bytes that can be read for `'a`, or are null and zero.
unsafe fn slice<'a>(at: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(at, len) }
}

// The native sides of the import table are in the files of this folder. Each has the caller's promise that every
// pointer and length describe readable bytes and that outputs can be written; see `imports`.
