//! Runs a built `.wasm` extension in a real Envoy.
//!
//! [`Envoy`] runs scenarios, so that what the mock host says can be compared with what Envoy does. [`Proxy`] is one
//! running Envoy, for single requests. [`Install`] finds the binary or downloads it, once, and [`Config`] is what Envoy is
//! started with.
//!
//! Client, Envoy and origin talk HTTP/1.1 on loopback. What that changes, and what is taken away that Envoy
//! adds, is in `docs/envoy.md`.

mod addition;
mod admin;
mod callout;
mod client;
mod config;
mod error;
mod event;
mod exchange;
mod grpc;
mod install;
mod instance;
mod journal;
mod metric;
mod pace;
mod plugin;
mod process;
mod proxy;
mod runner;
mod tcp;
mod upstream;
mod wire;
mod worker;
mod yaml;

pub use config::Config;
pub use error::Error;
pub use install::{Install, VERSION};
pub use proxy::{Observed, Proxy, Start};
pub use runner::Envoy;
