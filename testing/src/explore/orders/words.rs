//! The steps of a run in words.

use super::action::Action;
use super::play::Play;
use super::sending::Part;

impl Play<'_> {
    /// A step before it happens; what it turns out to be comes behind that.
    pub(super) fn describe(&self, action: &Action) -> String {
        match *action {
            Action::Begin(client) => {
                let request = self.clients[client].request;
                format!("client {} sends the headers of {}", client + 1, request.line())
            }
            Action::Send(client) => format!("client {} sends", client + 1),
            Action::Respond(client) => {
                let early = if self.clients[client].response.is_some() {
                    ""
                } else {
                    ", before the request has ended,"
                };
                format!("the upstream{early} answers client {} with", client + 1)
            }
            Action::Event(event) => {
                let several = self.scenario.worker_count() > 1;
                let place = if several { format!(" (worker {})", event.worker) } else { String::new() };
                format!("{}{place}", self.host.process().describe(event.moment))
            }
            Action::Idle(time) => format!("time passes until {time:?}, just before the next timer"),
            Action::Pass(time) => format!("time passes until {time:?}"),
            Action::Disconnect(client) | Action::Leave(client) => format!("client {} goes away", client + 1),
            Action::Reconfigure => "the extension gets its configuration anew".to_owned(),
        }
    }
}

/// What of a message is sent.
pub(super) fn of_part(part: &Part) -> String {
    match part {
        Part::Headers { end } => format!(" its headers{}", of_end(*end)),
        Part::Piece { piece, end } => {
            let plural = if piece.len() == 1 { "" } else { "s" };
            format!(" {} byte{plural}{}", piece.len(), of_end(*end))
        }
        Part::Trailers(_) => " trailers, end of stream".to_owned(),
        Part::BreakOff => " nothing more, and closes the connection".to_owned(),
    }
}

pub(super) fn of_end(end: bool) -> &'static str {
    if end { ", end of stream" } else { "" }
}
