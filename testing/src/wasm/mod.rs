//! Runs built `.wasm` modules on the host model (feature `wasm`).
//!
//! A [`WasmModule`] is a parsed file; a [`WasmGuest`] is one VM that runs it, in an interpreter. The model sees
//! the same [`Guest`] as for an extension that was compiled into the test, and the module reaches the same
//! [`Host`]: what differs is only how bytes get across, which is as the ABI has it.
//!
//! ```text
//!  host model ──► WasmGuest ──► exports ──► module
//!  host model ◄── Host ◄── Call (memory, allocator) ◄── import table ◄── module
//! ```
//!
//! Loading is as strict as in Envoy's host: a missing import, or a wrong type of an import or an export, is a
//! [`LoadError`]. A module cannot harm the test: its pointers are checked, its memory and its time are
//! bounded, and its traps are values.
//!
//! [`Guest`]: waxwing::__private::Guest
//! [`Host`]: waxwing::__private::Host

mod build;
mod call;
mod export;
mod guest;
mod import;
mod import_call;
mod link;
mod load_error;
mod loader;
mod module;
mod wasi;

pub use guest::WasmGuest;
pub use import_call::ImportCall;
pub use load_error::LoadError;
pub use loader::Loader;
pub use module::{AbiVersion, Export, Import, WasmModule};
