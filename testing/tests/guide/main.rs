//! The code of `docs/testing.md`: a file for each goal, and the extensions that it tests.

mod callout;
mod client;
mod connection;
mod each_host;
mod exchange;
mod extension;
mod fault;
mod incident;
#[cfg(feature = "wasm")]
mod module;
mod order;
mod page;
mod profile;
#[cfg(feature = "proptest")]
mod random;
#[cfg(feature = "insta")]
mod snapshot;
mod strict;
mod trap;
mod worker;
