//! The Envoy runner, with small extensions that are written by hand.
#![cfg(feature = "envoy")]

mod agreement;
mod message;
mod module;
mod scenario;
mod start;
mod trap;
