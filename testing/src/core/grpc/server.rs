//! The server of a gRPC call: what it does next.

use crate::grpc::percent_encoded;
use crate::upstream::{Grpc, Received};
use crate::{GrpcStep, HeaderList};
use std::collections::VecDeque;
use std::time::Duration;

/// The server's side of a call.
#[derive(Debug, Default)]
pub(super) struct Server {
    /// What it has received; `None` until the call has arrived.
    pub(super) received: Option<Received<Grpc>>,
    /// Whether the client has ended its side.
    pub(super) client_ended: bool,
    /// What it is to do; `None` until it has decided.
    pub(super) steps: Option<VecDeque<GrpcStep>>,
    /// Whether it lets time pass.
    pub(super) waits: bool,
    /// Whether it goes on with the next thing in an event that is on its way.
    pub(super) goes_on: bool,
    /// Whether the connection was refused.
    pub(super) refused: bool,
    /// Whether it has sent its initial metadata.
    pub(super) has_begun: bool,
    echoed: usize,
}

/// What a server does now.
#[derive(Debug)]
pub(super) enum Next {
    /// It decides what to do with the call.
    Decide(Received<Grpc>),
    /// It sends something.
    Send(Sent),
    /// It lets time pass.
    Wait(Duration),
    /// It waits for the client, or for ever.
    Nothing,
}

/// What comes from a server, or from the proxy in its place.
#[derive(Debug)]
pub(super) enum Sent {
    InitialMetadata(HeaderList),
    Message(Vec<u8>),
    End(End),
    /// The stream broke after it had begun.
    Broken,
}

/// The end of a call.
#[derive(Debug)]
pub(super) struct End {
    pub(super) status: u32,
    /// In words, escaped.
    pub(super) message: String,
    /// Where it is from.
    pub(super) details: &'static str,
    pub(super) metadata: HeaderList,
    /// Whether something else came before it.
    pub(super) has_begun: bool,
}

impl Server {
    /// The next thing that it does, which is then done.
    pub(super) fn next(&mut self) -> Next {
        if std::mem::take(&mut self.refused) {
            return Next::Send(Sent::End(End::unreachable("remote connection failure", REFUSED)));
        }
        let Some(received) = &self.received else { return Next::Nothing };
        let Some(steps) = &mut self.steps else {
            let is_asked = self.client_ended || !received.borrow().messages().is_empty();
            return if is_asked { Next::Decide(received.clone()) } else { Next::Nothing };
        };
        let messages = received.borrow().messages().len();
        while let Some(step) = steps.front()
            && !self.waits
        {
            match step {
                GrpcStep::Echo if self.echoed < messages => {
                    if !self.has_begun {
                        self.has_begun = true;
                        return Next::Send(Sent::InitialMetadata(HeaderList::new()));
                    }
                    let message = received.borrow().messages()[self.echoed].clone();
                    self.echoed += 1;
                    return Next::Send(Sent::Message(message));
                }
                GrpcStep::Message(_) if !self.has_begun => {
                    self.has_begun = true;
                    return Next::Send(Sent::InitialMetadata(HeaderList::new()));
                }
                GrpcStep::AwaitMessages(count) if messages < *count && !self.client_ended => break,
                GrpcStep::Echo | GrpcStep::AwaitEnd if !self.client_ended => break,
                _ => {}
            }
            let next = match steps.pop_front() {
                Some(GrpcStep::Metadata(metadata)) => {
                    self.has_begun = true;
                    Next::Send(Sent::InitialMetadata(metadata))
                }
                Some(GrpcStep::Message(message)) => Next::Send(Sent::Message(message)),
                Some(GrpcStep::Wait(time)) => {
                    self.waits = true;
                    Next::Wait(time)
                }
                Some(GrpcStep::End { status, message, metadata }) => Next::Send(Sent::End(End {
                    status,
                    message: percent_encoded(&message),
                    details: "via_upstream",
                    metadata,
                    has_begun: self.has_begun,
                })),
                Some(GrpcStep::Reset) if self.has_begun => Next::Send(Sent::Broken),
                Some(GrpcStep::Reset) => Next::Send(Sent::End(End::unreachable(
                    "remote reset",
                    "upstream_reset_before_response_started{remote_reset}",
                ))),
                Some(GrpcStep::Echo | GrpcStep::AwaitMessages(_) | GrpcStep::AwaitEnd) | None => continue,
            };
            return next;
        }
        Next::Nothing
    }

    /// Whether there is anything that it does next, as far as is known.
    pub(super) fn can_go_on(&self) -> bool {
        let has_steps = |steps: &VecDeque<GrpcStep>| !steps.is_empty();
        self.refused || (!self.waits && self.steps.as_ref().is_none_or(has_steps))
    }

    /// A message of the client's arrives.
    pub(super) fn receive(&mut self, message: Vec<u8>) {
        if let Some(received) = &self.received {
            received.borrow_mut().messages.push(message);
        }
    }

    /// Whether it waits for what the client sends next.
    pub(super) fn awaits_client(&self) -> bool {
        let step = self.steps.as_ref().and_then(VecDeque::front);
        let awaits = matches!(step, Some(GrpcStep::Echo | GrpcStep::AwaitMessages(_) | GrpcStep::AwaitEnd));
        awaits && !self.waits
    }
}

impl End {
    /// What the proxy says in place of a server that a call did not reach.
    pub(super) fn unreachable(reason: &str, details: &'static str) -> End {
        End {
            status: UNAVAILABLE,
            message: format!(
                "upstream connect error or disconnect/reset before headers. reset reason: {reason}"
            ),
            details,
            metadata: HeaderList::new(),
            has_begun: false,
        }
    }
}

const REFUSED: &str = "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}";
/// The gRPC status of calls that did not get through.
pub(super) const UNAVAILABLE: u32 = 14;
