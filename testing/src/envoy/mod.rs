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
mod proxy;
mod runner;
mod wire;

pub use config::Config;
pub use error::Error;
pub use install::{Install, VERSION};
pub use proxy::{Observed, Proxy, Start};
pub use runner::Envoy;
