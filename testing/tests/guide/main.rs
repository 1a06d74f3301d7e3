//! The code of `docs/testing.md`: a file for each goal, and the extensions that it tests.

mod callout;
mod connection;
mod exchange;
mod extension;
mod page;
mod worker;
