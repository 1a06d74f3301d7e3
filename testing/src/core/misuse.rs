//! What hosts accept from an extension and then mishandle: how it is noted, and what shows when a stream ends.

use super::direction::Side;
use super::stream::Stream;
use super::{HostCore, Journal};
use crate::host_call::{HostCall, Reply};
use crate::misuse::{Breach, Misuse};
use crate::timeline::{Event, Returned};
use std::rc::Rc;

impl HostCore {
    /// Notes that the guest does it for that stream, whose state nobody has borrowed.
    pub(super) fn flag(&self, stream: &Stream, misuse: Misuse, text: impl Into<String>) {
        let sent = stream.sent();
        let pseudo = |name: &str| {
            sent.headers()
                .get(name)
                .map_or_else(String::new, |value| String::from_utf8_lossy(value).into_owned())
        };
        let words = format!("#{}: {} {}", stream.context, pseudo(":method"), pseudo(":path"));
        self.flag_in(&stream.journal, Some(words), misuse, text);
    }

    /// Notes it in that journal.
    pub(super) fn flag_in(
        &self,
        journal: &Rc<Journal>,
        stream: Option<String>,
        misuse: Misuse,
        text: impl Into<String>,
    ) {
        let strictness = &self.settings().strictness;
        if strictness.allowed.contains(&misuse) {
            return journal.host(format!("allowed: {}", text.into()));
        }
        let at = journal.0.borrow().len();
        journal.push(Event::Misuse { misuse, text: text.into() });
        if strictness.fails {
            let (journal, profile) = (journal.clone(), self.settings().profile);
            self.process.breach(Breach { misuse, profile, stream, journal, at });
        }
    }

    /// Flags what shows when a stream comes to its end: before its last callbacks.
    pub(super) fn flag_at_end(&self, stream: &Stream) {
        if self.vm.is_dead() {
            return;
        }
        let (is_whole, request, response) = {
            let state = stream.state();
            let is_whole = state.local.is_none() && !state.reset && !state.failed;
            (is_whole, wrong_length(stream, Side::Request), wrong_length(stream, Side::Response))
        };
        if !is_whole {
            return;
        }
        for text in request.into_iter().chain(response) {
            self.flag(stream, Misuse::StaleContentLength, text);
        }
        for callout in self.open_callouts(Some(stream.context)) {
            if !was_awaited(&stream.journal.events(), callout.token()) {
                let text =
                    format!("the stream has ended without the answer to {callout}, and never waited for it");
                self.flag(stream, Misuse::DroppedCallout, text);
            }
        }
    }

    /// Flags what a stream has left, behind its last callbacks.
    pub(super) fn flag_left(&self, stream: &Stream) {
        if self.vm.is_dead() {
            return;
        }
        for call in self.unclosed_grpc_streams(stream.context) {
            self.flag(
                stream,
                Misuse::UnclosedGrpcStream,
                format!("{call} is open, and its stream has ended"),
            );
        }
    }
}

/// Whether a message has gone on with a `content-length` that the extension has made wrong.
fn wrong_length(stream: &Stream, side: Side) -> Option<String> {
    let state = stream.state();
    let forwarded = &state.direction(side).forwarded;
    let arrived = match side {
        Side::Request => state.sent.body_bytes().len(),
        Side::Response => state.answered.as_ref()?.body_bytes().len(),
    };
    let now = forwarded.body.to_bytes().len();
    let length = forwarded.headers.as_ref()?.get("content-length")?;
    if !forwarded.ended || now == arrived || length == now.to_string().as_bytes() {
        return None;
    }
    let length = String::from_utf8_lossy(length);
    Some(format!("the {} goes on with {now} bytes and the content-length {length}", side.name()))
}

/// Whether the stream has paused after this callout was made, in that callback or later, or it was made where no pause is
/// possible.
fn was_awaited(events: &[Event], token: u32) -> bool {
    let is_it = |event: &Event| matches!(event, Event::Call { call: HostCall::HttpCall { .. }, answer: Ok(Reply::Number(made)) } if *made == u64::from(token));
    let Some(made) = events.iter().position(is_it) else { return true };
    let mut returns = events[made..].iter().filter_map(|event| match event {
        Event::Return(returned) => Some(*returned),
        _ => None,
    });
    match returns.next() {
        Some(Returned::Action(0)) => returns.any(|returned| matches!(returned, Returned::Action(1..))),
        _ => true,
    }
}
