//! The failure of a test for a misuse.

use super::Misuse;
use crate::core::Journal;
use crate::host_call::{HostCall, Reply};
use crate::profile::Profile;
use crate::timeline::{Event, Timeline};
use std::fmt;
use std::rc::Rc;
use waxwing::Status;

/// The first misuse of a host, with what is needed to explain it.
#[derive(Debug)]
pub(crate) struct Breach {
    pub(crate) misuse: Misuse,
    pub(crate) profile: Profile,
    /// The stream, in words, if it is one's.
    pub(crate) stream: Option<String>,
    /// What the context did. The call is noted there when it has been answered.
    pub(crate) journal: Rc<Journal>,
    /// The place of the misuse among them.
    pub(crate) at: usize,
}

/// The call that a misuse is done by, and its place.
fn call(misuse: Misuse, events: &[Event], at: usize) -> Option<(usize, &HostCall, &Result<Reply, Status>)> {
    let is_it = |at: usize| match &events[at] {
        Event::Call { call, answer } if misuse.is_done_by(call) => Some((at, call, answer)),
        _ => None,
    };
    if misuse.shows_at_once() {
        // Noted when it was answered: behind what was flagged meanwhile.
        return (at..events.len()).find_map(is_it);
    }
    (0..at).rev().find_map(is_it)
}

/// The last callback before that place, in words.
fn callback(events: &[Event], at: usize) -> Option<String> {
    events[..at].iter().rev().find_map(|event| match event {
        Event::Callback { .. } => Some(event.to_string()),
        _ => None,
    })
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (misuse, profile, events) = (self.misuse, self.profile, self.journal.events());
        let call = call(misuse, &events, self.at);
        write!(f, "the extension does what {profile} accepts and then mishandles: {misuse}")?;
        if let Event::Misuse { text, .. } = &events[self.at] {
            write!(f, "\n  what:     {text}")?;
        }
        if let Some(callback) = callback(&events, call.map_or(self.at, |(at, ..)| at)) {
            write!(f, "\n  callback: {callback}")?;
        }
        if let Some(stream) = &self.stream {
            write!(f, "\n  stream:   {stream}")?;
        }
        if let Some((_, call, answer)) = call {
            write!(f, "\n  call:     {call}")?;
            if let Err(status) = answer {
                write!(f, " -> refused: {status}")?;
            }
        }
        write!(
            f,
            "\n  instead:  {}\n  If it is meant so: `.allow(Misuse::{misuse})` of the `HostBuilder`, or `.lenient()` for all.\n{}",
            misuse.instead(),
            Timeline::new(events)
        )
    }
}
