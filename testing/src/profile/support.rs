//! What becomes of a host function on a host.

use std::fmt;
use waxwing::Status;

/// What becomes of a call of a host function; the words of `docs/hosts.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Support {
    /// It works, or nothing else is known.
    Works,
    /// It is refused with this status, whatever is asked.
    Refused(Status),
    /// It succeeds and does nothing; its outputs are not written.
    NoEffect,
    /// It ends the VM.
    Traps,
    /// It ends the whole proxy.
    Aborts,
    /// It is not there, or has another type: a module that imports it does not load.
    Missing,
}

impl fmt::Display for Support {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Support::Works => f.write_str("works"),
            Support::Refused(status) => status.as_u32().fmt(f),
            Support::NoEffect => f.write_str("no effect"),
            Support::Traps => f.write_str("traps"),
            Support::Aborts => f.write_str("aborts"),
            Support::Missing => f.write_str("missing"),
        }
    }
}
