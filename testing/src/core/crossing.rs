//! Answers that act on another stream than the one that asked.

use super::HostCore;
use super::stream::Stream;
use std::cell::RefCell;

/// What the guest is being told of, and what it has mixed up.
#[derive(Debug, Default)]
pub(super) struct Crossings {
    /// The answer that the guest is being told of, in words, and the context that asked.
    answered: RefCell<Option<(String, u32)>>,
    found: RefCell<Vec<String>>,
}

impl HostCore {
    /// Tells the guest of the answer to a call that this context made.
    pub(super) fn tell_answer<T>(&self, call: String, context: u32, tell: impl FnOnce() -> T) -> T {
        let outer = self.crossings.answered.replace(Some((call, context)));
        let told = tell();
        self.crossings.answered.replace(outer);
        told
    }

    /// The guest resumes or answers a stream. While it is told of the answer to another stream, that is a mistake if this
    /// one waits for an answer of its own; without one, they may well share a call.
    pub(super) fn note_crossing(&self, stream: &Stream, what: &str) {
        let answered = self.crossings.answered.borrow();
        let Some((call, asker)) = &*answered else { return };
        if *asker == stream.context || self.root_with_id(*asker).is_some() {
            return;
        }
        let own = self.open_callouts(Some(stream.context)).into_iter().map(|callout| callout.to_string());
        let mut own = own.chain(self.open_grpc_calls_of(stream.context));
        if let Some(own) = own.next() {
            let text = format!(
                "{call} was made for stream #{asker}, and its answer {what} stream #{}, which waits for {own}",
                stream.context
            );
            stream.journal.host(text.clone());
            self.crossings.found.borrow_mut().push(text);
        }
    }

    /// What was mixed up so far.
    pub(crate) fn crossings(&self) -> Vec<String> {
        self.crossings.found.borrow().clone()
    }
}
