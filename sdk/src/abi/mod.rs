//! The boundary to the host: the only folder of the SDK that contains `unsafe`.
//!
//! ```text
//!  host ──► exports ──► guest (trait) ──► dispatcher            into the extension
//!  host ◄── imports ◄── call ◄── views                          out of it
//!              │ wasm:   `extern "C"` in the module `env`
//!              └ native: `host`, the innermost host that entered a guest
//! ```
//!
//! | file | what is unsafe there | what makes it sound |
//! |---|---|---|
//! | [`imports`] | declares the host's functions | signatures are those of ABI 0.2.1 |
//! | [`call`] | calls them | pointers and lengths come from one live slice or local |
//! | [`arena`] | memory that the host fills | handed out once, shared only, released by marks |
//! | [`guest`] | the guest's static | wasm without threads has one thread |
//! | [`exports`] | unmangled names | the names are the ABI's |
//! | `task` | makes, polls and drops a future in place, and lends it a callback | one owner; counted handles; a guard takes the callback back |
//! | [`host`] | follows the guest's pointers, natively | they come from `call` |
//!
//! `docs/safety.md` lists each block with its invariant and the test that runs it under Miri.
#![allow(unsafe_code, reason = "the boundary to the host; this is the only place that opts in")]

pub mod arena;
pub mod call;
pub mod exports;
pub mod guest;
#[cfg(not(target_arch = "wasm32"))]
pub mod host;
pub mod imports;
pub(crate) mod task;
#[cfg(test)]
mod tests;
pub mod wire;
