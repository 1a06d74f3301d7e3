//! Explorations, each against extensions that are broken in one way.

mod broken;
mod faults;
mod orders;
mod plain;
