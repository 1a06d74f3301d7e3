//! The hosts that can be explored.

use crate::builder::HostBuilder;
use crate::runner::Runner;

/// A host that is the model, with a guest in it: [`Native`](crate::Native), `Wasm`, or `Linked`.
///
/// A real proxy does not do what a plan says. No other type can implement it.
pub trait Model: Runner + Host {}

/// What makes a host to run something on.
#[expect(unnameable_types, reason = "part of a sealed trait")]
pub trait Host {
    /// Settings as they are by default.
    #[doc(hidden)]
    fn builder(&self) -> HostBuilder;
}
