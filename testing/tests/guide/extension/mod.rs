//! The extensions that the guide tests.

mod auth;
mod counted;
mod gate;
mod lines;
mod mirror;
mod patient;
mod redact;
mod tally;
mod vouch;

pub(crate) use auth::Auth;
pub(crate) use counted::Counted;
pub(crate) use gate::Gate;
pub(crate) use lines::Lines;
pub(crate) use mirror::Mirror;
pub(crate) use patient::Patient;
pub(crate) use redact::Redact;
pub(crate) use tally::Tally;
pub(crate) use vouch::Vouch;
