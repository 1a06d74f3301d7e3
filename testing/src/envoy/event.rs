//! What the runner waits for while a request is under way.

use std::io;
use std::sync::mpsc::{self, Sender};

use super::upstream::Service;
use crate::{Answer, Request, Response};

/// Something that a client or the origin tells the runner, which runs on the thread of the test.
#[derive(Debug)]
pub(super) enum Event {
    /// A whole request reached the origin, which waits for what to answer; `None` closes its connection.
    Arrived { request: Request, reply: Sender<Option<Response>> },
    /// A part of a request reached the origin, and the rest will not come.
    BrokeOff(Request),
    /// The client has its response; `None` if there was no whole response.
    Answered(io::Result<Option<Response>>),
}

/// What the server behind Envoy does: it asks the runner.
#[derive(Debug)]
pub(super) struct Origin {
    events: Sender<Event>,
}

impl Origin {
    pub(super) fn new(events: Sender<Event>) -> Self {
        Origin { events }
    }
}

impl Service for Origin {
    fn answer(&self, request: Request) -> Answer {
        let (reply, answer) = mpsc::channel();
        let _ = self.events.send(Event::Arrived { request, reply });
        match answer.recv() {
            Ok(Some(response)) => Answer::Respond(response),
            // No answer at all means that the test has ended.
            Ok(None) | Err(mpsc::RecvError) => Answer::Reset,
        }
    }

    fn broken_off(&self, part: Request) {
        let _ = self.events.send(Event::BrokeOff(part));
    }
}
