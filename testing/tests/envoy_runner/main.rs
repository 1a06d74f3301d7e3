//! The Envoy runner, with small extensions that are written by hand.
#![cfg(feature = "envoy")]

mod agreement;
mod callout;
mod grpc;
mod message;
mod metric;
mod module;
mod reconfigure;
mod scenario;
mod start;
mod tcp;
mod tick;
mod trap;
mod worker;
