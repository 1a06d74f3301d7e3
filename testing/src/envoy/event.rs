//! What the runner waits for while a request is under way.

use std::io;
use std::sync::mpsc::Sender;

use crate::{Request, Response};

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
