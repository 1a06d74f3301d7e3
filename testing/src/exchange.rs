//! A request and what became of it.

use crate::core::Consulted;
use crate::evidence::Evidence;
use crate::host::Host;
use crate::log::{LogLine, Logs};
use crate::seen::Seen;
use crate::timeline::{Timeline, Written};
use crate::trap::{Sighting, Trap};
use crate::{Request, Response, trace};
use std::sync::Arc;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The client received the upstream's response.
    Forwarded,
    /// The client received an answer of the extension's, or of the proxy's.
    Local,
    /// The client received no complete response.
    Reset,
    /// The guest had trapped before; the stream passed without it.
    FailedOpen,
    /// The guest trapped; the client received a 503, or a reset if the response had begun.
    FailedClosed,
}

impl Outcome {
    /// What the client received, in words.
    pub(crate) fn what_came(self) -> &'static str {
        match self {
            Outcome::Forwarded => "the client received the upstream's",
            Outcome::Local | Outcome::FailedClosed => "the client received one",
            Outcome::Reset => "the client received no complete response",
            Outcome::FailedOpen => "the stream passed without the extension, whose VM was dead",
        }
    }
}

/// A request that has ended: what was sent, what the upstream received, what came back.
///
/// Its parts are [`Seen`] messages, whose assertions print all of it when they fail.
#[derive(Clone, Debug)]
pub struct Exchange {
    evidence: Arc<Evidence>,
    outcome: Outcome,
    details: String,
    logs: Logs,
    trap: Option<Sighting>,
    /// Keeps the host from being dropped, and from complaining of a trap, before the test can look at it.
    _host: Option<Host>,
}

impl Exchange {
    pub(crate) fn new(
        evidence: Evidence,
        outcome: Outcome,
        details: String,
        logs: Vec<LogLine>,
        trap: Option<Sighting>,
    ) -> Exchange {
        let evidence = Arc::new(evidence);
        let logs = Logs::of_stream(logs, evidence.clone());
        Exchange { evidence, outcome, details, logs, trap, _host: None }
    }

    /// The same with the host that it comes from.
    pub(crate) fn of(self, host: Host) -> Exchange {
        Exchange { _host: Some(host), ..self }
    }

    /// An exchange of which only the outside is known, as of a real proxy's.
    ///
    /// `forwarded` is what the upstream received, if anything. Without `response` the stream was reset. Its
    /// outcome is what can be told from there: a response that the proxy made after the upstream had received
    /// the request counts as forwarded.
    pub(crate) fn observed(
        sent: Request,
        forwarded: Option<Request>,
        response: Option<Response>,
        logs: Vec<LogLine>,
    ) -> Exchange {
        let outcome = match (&forwarded, &response) {
            (_, None) => Outcome::Reset,
            (Some(_), Some(_)) => Outcome::Forwarded,
            (None, Some(_)) => Outcome::Local,
        };
        let reset = response.is_none();
        let evidence = Evidence { sent, forwarded, response, reset, ..Evidence::default() };
        Exchange::new(evidence, outcome, String::new(), logs, None)
    }

    /// All of it as text, for snapshots: how it ended, the messages on both sides of the extension, the callbacks and host
    /// calls. It is the same in every run, and does not say where in the code a panic was.
    pub fn trace(&self) -> String {
        trace::of(&format!("{:?}", self.outcome), &self.evidence)
    }

    /// The request as the client sent it.
    pub fn sent(&self) -> &Request {
        &self.evidence.sent
    }

    /// The request as the upstream received it.
    ///
    /// # Panics
    ///
    /// If it did not; [`assert_not_forwarded`](Exchange::assert_not_forwarded) is for where that is expected.
    #[track_caller]
    pub fn upstream_request(&self) -> Seen<Request> {
        match &self.evidence.forwarded {
            Some(request) => Seen::new(request.clone(), self.evidence.clone(), &self.details),
            None => self.evidence.fail("the request did not reach the upstream", Some(&Written::Pause)),
        }
    }

    /// The response as the client received it, wherever it came from.
    ///
    /// # Panics
    ///
    /// If the stream was reset.
    #[track_caller]
    pub fn response(&self) -> Seen<Response> {
        match &self.evidence.response {
            Some(response) if !self.evidence.reset => {
                Seen::new(response.clone(), self.evidence.clone(), &self.details)
            }
            _ => self.evidence.fail("the client received no response: the stream was reset", None),
        }
    }

    /// The response as the client received it, if it was not the upstream's.
    ///
    /// # Panics
    ///
    /// If it was the upstream's, or the stream was reset. A host that is only seen from outside cannot tell
    /// once the request reached the upstream.
    #[track_caller]
    pub fn local_response(&self) -> Seen<Response> {
        match self.outcome {
            Outcome::Local | Outcome::FailedClosed => self.response(),
            outcome => {
                let problem = format!("there is no local response: {}", outcome.what_came());
                self.evidence.fail(&problem, Some(&Written::LocalResponse))
            }
        }
    }

    /// Whether the upstream received anything of the request.
    pub fn reached_upstream(&self) -> bool {
        self.evidence.forwarded.is_some()
    }

    /// Asserts that the upstream received nothing of the request.
    ///
    /// # Panics
    ///
    /// If it received something.
    #[track_caller]
    pub fn assert_not_forwarded(&self) -> &Self {
        if self.reached_upstream() {
            self.evidence.fail("the request reached the upstream", Some(&Written::Forwarded));
        }
        self
    }

    /// Whether the client received a whole response, wherever it came from.
    ///
    /// A trap that comes when the response has begun leaves none, so the [`outcome`](Exchange::outcome)
    /// does not tell.
    pub fn reached_client(&self) -> bool {
        self.observable().1.is_some()
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Why it ended, in the words of a proxy's access log: what the extension gave as the details of its
    /// local response, or the proxy's own. Empty for a forwarded response.
    pub fn details(&self) -> &str {
        &self.details
    }

    /// How often the extension had the route of the request chosen anew, with `clear_route_cache`.
    ///
    /// 0 if the host is only seen from outside.
    pub fn route_choices(&self) -> usize {
        self.evidence.route_choices
    }

    /// What the extension logged for this stream.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// The trap that this stream met, in its own callbacks or as a VM that was dead already.
    ///
    /// A trap that a test has not looked at fails it; see [`Host::expect_trap`](crate::Host::expect_trap).
    pub fn trap(&self) -> Option<&Trap> {
        self.trap.as_ref().map(Sighting::look)
    }

    /// The callbacks and host calls of this stream; empty if the host is only seen from outside.
    pub fn timeline(&self) -> &Timeline {
        &self.evidence.timeline
    }

    /// Whom the extension has asked before the request was forwarded, and what they said.
    pub(crate) fn consulted(&self) -> &[Consulted] {
        &self.evidence.consulted
    }

    /// The parts that hosts can be compared by.
    pub(crate) fn observable(&self) -> (Option<&Request>, Option<&Response>, &[LogLine]) {
        let response = self.evidence.response.as_ref().filter(|_| !self.evidence.reset);
        (self.evidence.forwarded.as_ref(), response, self.logs.lines())
    }
}
