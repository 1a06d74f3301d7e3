//! What the runner waits for while requests are under way.

use std::io;
use std::sync::mpsc::{self, Sender};

use super::upstream::Service;
use crate::{Answer, Request, Response};

/// Something that a client or the origin tells the runner, which runs on the thread of the test.
#[derive(Debug)]
pub(super) enum Event {
    /// The client with this number has a connection, from this port.
    Connected { client: usize, port: u16 },
    /// A whole request reached the origin, which waits for what to do.
    Arrived { request: Request, from: Option<u16>, reply: Sender<Answer> },
    /// A part of a request reached the origin, and the rest will not come.
    BrokeOff { part: Request, from: Option<u16> },
    /// The client with this number has its response; `None` if there was no whole response.
    Answered { client: usize, result: io::Result<Option<Response>> },
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
    fn answer(&self, request: Request, from: Option<u16>) -> Answer {
        let (reply, answer) = mpsc::channel();
        let _ = self.events.send(Event::Arrived { request, from, reply });
        // No answer at all means that the test has ended.
        answer.recv().unwrap_or(Answer::Reset)
    }

    fn broken_off(&self, part: Request, from: Option<u16>) {
        let _ = self.events.send(Event::BrokeOff { part, from });
    }
}
