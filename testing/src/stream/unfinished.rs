//! Why a stream does not end.

use super::HttpStream;
use crate::core::Waited;
use std::time::Duration;

impl HttpStream {
    pub(crate) fn why_unfinished(&self, waited: Waited) -> String {
        let dead = match self.vm.trap() {
            Some(trap) => format!("; its VM is dead: {}", trap.look()),
            None => String::new(),
        };
        match self.paused_at() {
            Some(phase) => {
                let waited_text = match waited.time {
                    Duration::ZERO => String::new(),
                    time => format!(" after {time:?}"),
                };
                let pending = if waited.limited {
                    let pending = self.worker.process().pending();
                    let others = match pending.len() {
                        0 | 1 => String::new(),
                        events => format!(", and {} more", events - 1),
                    };
                    let first = pending.first().map_or("", String::as_str);
                    format!("what is pending does not resume it ({first}{others})")
                } else {
                    "nothing is pending that could resume it".to_owned()
                };
                let unanswered: String = self
                    .vm
                    .unanswered()
                    .iter()
                    .map(|callout| format!("; nothing answers {callout}"))
                    .collect();
                format!("the stream is paused in {phase:?}{waited_text}, and {pending}{unanswered}{dead}")
            }
            None if !self.stream.request_has_ended() => {
                "the stream has not ended: the client has not sent the end of the request".to_owned()
            }
            None => "the stream has not ended: the upstream has not sent the end of a response".to_owned(),
        }
    }

    /// What a stream that is paused can wait for, and what there is of it.
    pub(super) fn what_could_resume(&self) -> String {
        if self.paused_at().is_none() {
            return String::new();
        }
        let pending = self.worker.process().pending();
        let mut text = String::new();
        if pending.len() > 1 {
            text += &format!("\npending, in order:\n  {}", pending.join("\n  "));
        }
        text += match (self.vm.unanswered().is_empty(), pending.is_empty()) {
            (false, true) => {
                "\nA callout that is not answered ends by its timeout only, and none of these has one."
            }
            (_, false) => "\nThe extension hears of what is pending, and does not resume the stream then.",
            (true, true) => {
                "\nAfter a pause, the answer to a callout, a timer or the rest of the message has to resume the stream."
            }
        };
        text
    }
}
