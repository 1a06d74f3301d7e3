//! What became of a request, as text for a snapshot.

use crate::HttpStream;
use crate::evidence::Evidence;
use crate::timeline::{Event, Timeline};
use crate::trap::Trap;

/// Both messages before and after the extension, and the timeline.
pub(crate) fn of(outcome: &str, evidence: &Evidence) -> String {
    let locations: Vec<_> = evidence
        .timeline
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Trap(Trap { location, .. }) => location.clone(),
            _ => None,
        })
        .collect();
    let events = evidence.timeline.events().iter().map(|event| match event {
        // Where a panic is in the code is no part of what the extension does.
        Event::Trap(trap) => Event::Trap(Trap { location: None, backtrace: None, ..trap.clone() }),
        event => event.clone(),
    });
    let evidence = Evidence { timeline: Timeline::new(events.collect()), ..evidence.clone() };
    let text = format!("{outcome}{}\n", evidence.to_trace());
    locations.iter().fold(text, |text, location| text.replace(location, "<location>"))
}

impl HttpStream {
    /// All of it so far as text, for snapshots, as [`Exchange::trace`](crate::Exchange::trace).
    pub fn trace(&self) -> String {
        let state = match self.paused_at() {
            _ if self.has_ended() => "ended".to_owned(),
            Some(phase) => format!("paused in {phase:?}"),
            None => "not ended".to_owned(),
        };
        of(&state, &self.evidence())
    }
}

/// Compares what became of a request, or of a stream so far, with a snapshot of `insta` (feature `insta`).
///
/// The snapshot is [`Exchange::trace`](crate::Exchange::trace): the messages on both sides of the extension, and all callbacks
/// and host calls. `cargo insta review` shows what has changed.
///
/// ```no_run
/// use waxwing_testing::{Host, Request, assert_trace};
/// # fn test<AddHeader: waxwing::Module>() {
///
/// let host = Host::builder::<AddHeader>().start();
/// assert_trace!(host.exchange(Request::get("/")));
/// assert_trace!("a_post", host.exchange(Request::post("/").body("a")));
/// # }
/// ```
///
/// It is in `snapshots/` beside the test's file, or in the test itself: `assert_trace!(exchange, @"")`.
#[cfg(feature = "insta")]
#[macro_export]
macro_rules! assert_trace {
    ($value:expr, @$snapshot:literal $(,)?) => {
        $crate::__private::insta::assert_snapshot!($value.trace(), @$snapshot)
    };
    ($name:expr, $value:expr $(,)?) => {
        $crate::__private::insta::assert_snapshot!($name, $value.trace())
    };
    ($value:expr $(,)?) => {
        $crate::__private::insta::assert_snapshot!($value.trace())
    };
}
