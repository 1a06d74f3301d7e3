//! Runs a built `.wasm` extension in a real Envoy.

mod addition;
mod admin;
mod client;
mod config;
mod error;
mod event;
mod install;
mod journal;
mod origin;
mod pace;
mod process;
mod runner;
mod wire;

pub use config::{Config, FailurePolicy};
pub use error::Error;
pub use install::{Install, VERSION};
pub use runner::{Envoy, Observed, Start};
