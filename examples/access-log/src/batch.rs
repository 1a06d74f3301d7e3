//! Lines on their way to the upstream.

use std::collections::VecDeque;
use waxwing::prelude::*;

/// Lines that are sent together, until the upstream has them.
pub(crate) struct Batch {
    body: Vec<u8>,
    pub(crate) lines: u64,
    /// The callout that is under way; none between two attempts.
    pub(crate) call: Option<HttpCallId>,
    attempts: u32,
}

/// So often a batch is sent before its lines are dropped.
const ATTEMPTS: u32 = 3;

impl Batch {
    /// The first lines of those that wait, so many at most.
    pub(crate) fn of(waiting: &mut VecDeque<Vec<u8>>, most: usize) -> Batch {
        let mut body = Vec::new();
        let lines = most.min(waiting.len());
        for line in waiting.drain(..lines) {
            body.extend(line);
            body.push(b'\n');
        }
        Batch { body, lines: lines as u64, call: None, attempts: 0 }
    }

    /// Sends it; false if the host could not, and nothing will come of it.
    pub(crate) fn send(&mut self, root: &RootView<'_>, cluster: &str, path: &str) -> bool {
        let call = HttpCall::post(cluster, path, &self.body)
            .header("content-type", "application/x-ndjson")
            .send(root);
        self.attempts += 1;
        if let Err(error) = &call {
            root.log(LogLevel::Warn, &format!("a batch was not sent: {error}"));
        }
        self.call = call.ok();
        self.call.is_some()
    }

    /// Whether it is worth another attempt.
    pub(crate) fn can_be_sent_again(&self) -> bool {
        self.attempts < ATTEMPTS
    }
}
