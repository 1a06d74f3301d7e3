//! What can happen next in a run.

use super::choice::Actor;
use crate::core::{Ready, Turn};
use std::time::Duration;

/// What can happen next. Clients and their streams are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// A client sends the headers of its request.
    Begin(usize),
    /// A client sends the next part of it.
    Send(usize),
    /// The upstream sends the next part of its response, the headers first.
    Respond(usize),
    /// An event of the host: a callout is answered, a timer fires.
    Event(Ready),
    /// Time passes until just before the next timer.
    Idle(Duration),
    /// The time of a wait is over.
    Pass(Duration),
    /// A client goes away.
    Disconnect(usize),
    /// A client goes away as the scenario says.
    Leave(usize),
    /// The extension gets its configuration anew.
    Reconfigure,
}

impl Action {
    /// Who acts.
    pub(super) fn actor(&self) -> Actor {
        let (kind, who) = match *self {
            Action::Begin(client) => (0, client as u64),
            Action::Send(client) => (1, client as u64),
            Action::Respond(client) => (2, client as u64),
            Action::Disconnect(client) => (3, client as u64),
            Action::Leave(client) => (13, client as u64),
            Action::Event(event) => {
                let (kind, token) = match event.turn {
                    Turn::Timer(root) => (4, root),
                    Turn::HttpCall(token) => (5, token),
                    Turn::Grpc(token) => (6, token),
                    Turn::Lookup(token) => (7, token),
                    Turn::Queue(queue) => (8, queue),
                    Turn::Origin(context) => (12, context),
                };
                (kind, u64::from(token) | (event.worker as u64) << 32)
            }
            Action::Idle(_) => (9, 0),
            Action::Pass(_) => (10, 0),
            Action::Reconfigure => (11, 0),
        };
        Actor(kind << 56 | who)
    }

    /// Whether it is the clock that makes it happen.
    pub(super) fn is_of_the_clock(&self) -> bool {
        matches!(self, Action::Event(event) if event.of_the_clock)
    }
}

/// When something happens without a search, compared with what else can happen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rank {
    /// A client that has begun sends all that it has.
    AtOnce,
    /// The upstream answers what has arrived there.
    Answered,
    /// The next request follows the one before it.
    NextRequest,
    /// An event has its time.
    Event(Duration),
    /// So does an upstream that takes its time.
    OfAnUpstream(Duration),
    /// So does a client, which acts when everything has been done that was to be done by then.
    OfAClient(Duration),
    /// A message that comes after the wait which is under way.
    Behind,
    /// A request that does not wait for the one before it.
    OtherRequest,
    /// What only happens if it is chosen.
    Disturbance,
}

impl Rank {
    /// What comes first without a search is less.
    pub(super) fn order(self) -> (usize, Duration, usize) {
        match self {
            Rank::AtOnce => (0, Duration::ZERO, 0),
            Rank::Answered => (1, Duration::ZERO, 0),
            Rank::NextRequest => (2, Duration::ZERO, 0),
            Rank::Event(at) => (3, at, 0),
            Rank::OfAnUpstream(at) => (3, at, 1),
            Rank::OfAClient(at) => (3, at, 2),
            Rank::Behind => (4, Duration::ZERO, 0),
            Rank::OtherRequest => (5, Duration::ZERO, 0),
            Rank::Disturbance => (6, Duration::ZERO, 0),
        }
    }
}
