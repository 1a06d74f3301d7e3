//! How HTTP callouts end, and what of it is shown.

use super::field::Owner;
use super::maps;
use crate::answer::Answer;
use crate::profile::FailedCallouts;
use crate::{HeaderList, Request, Response};
use std::time::Duration;

/// How a callout ends.
#[derive(Debug)]
pub(super) enum Outcome {
    /// With a response of the upstream's.
    Response(Response),
    /// Without one.
    Failed(Failure),
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    TimedOut,
    /// The connection cannot be made.
    Refused,
    /// It ends before the response begins.
    Closed,
    /// The response breaks off, or is too large.
    BrokenOff,
    /// There is no such host.
    Unresolved,
}

impl Outcome {
    /// As it comes back for that request.
    pub(super) fn of(self, request: &Request) -> Outcome {
        let Outcome::Response(mut response) = self else { return self };
        if response.body_bytes().len() > RESPONSE_LIMIT {
            return Outcome::Failed(Failure::BrokenOff);
        }
        if request.method() == "HEAD" {
            response.body = crate::http::Body::default();
        }
        response.headers = maps::normalized(&response.headers, Owner::Response);
        Outcome::Response(response)
    }

    pub(super) fn text(&self) -> String {
        match self {
            Outcome::Response(response) => response.status().to_string(),
            Outcome::Failed(failure) => match failure.proxys_response() {
                Some(response) => response.status().to_string(),
                None => "reset".to_owned(),
            },
        }
    }

    /// What the guest is shown of it.
    pub(super) fn shown(self, failed: FailedCallouts) -> Shown {
        match (self, failed) {
            (Outcome::Response(response), _) => Shown::Response(response),
            (Outcome::Failed(failure), FailedCallouts::ProxysResponse) => {
                failure.proxys_response().map_or(Shown::Nothing, Shown::Response)
            }
            (Outcome::Failed(failure), FailedCallouts::DispatchStatus) => {
                let reason = HeaderList::from_iter([(":dispatch_status", failure.dispatch_status())]);
                Shown::Reason(Response::from_headers(reason))
            }
        }
    }
}

/// What a guest is shown of the end of a callout.
pub(super) enum Shown {
    Response(Response),
    /// Headers that do not count.
    Reason(Response),
    Nothing,
}

impl Failure {
    /// What Envoy answers in place of the upstream; `None` if it answers nothing.
    fn proxys_response(self) -> Option<Response> {
        match self {
            Failure::TimedOut => Some(by_proxy(504, "upstream request timeout")),
            Failure::Refused | Failure::Unresolved => {
                Some(by_proxy(503, &unreachable("remote connection failure")))
            }
            Failure::Closed => Some(by_proxy(503, &unreachable("connection termination"))),
            Failure::BrokenOff => None,
        }
    }

    /// What ngx_wasm_module says of it.
    fn dispatch_status(self) -> &'static str {
        match self {
            Failure::TimedOut => "timeout",
            Failure::Refused | Failure::Closed => "broken connection",
            Failure::BrokenOff => "reader failure",
            Failure::Unresolved => "resolver failure",
        }
    }
}

/// In how much time what comes of a request, if anything does.
pub(super) fn outcome(mut answer: Answer) -> (Duration, Option<Outcome>) {
    let mut delay = Duration::ZERO;
    loop {
        let outcome = match answer {
            Answer::After(more, then) => {
                delay = delay.saturating_add(more);
                answer = *then;
                continue;
            }
            Answer::Respond(response) => Outcome::Response(response),
            Answer::Slowly(response, pause) => {
                let pauses = response.body.pieces(false).len() + usize::from(!response.trailers.is_empty());
                let pauses = u32::try_from(pauses).unwrap_or(u32::MAX);
                delay = delay.saturating_add(pause.saturating_mul(pauses));
                Outcome::Response(response)
            }
            Answer::BreakOff(_) => Outcome::Failed(Failure::BrokenOff),
            Answer::Hang => return (delay, None),
            Answer::Reset => Outcome::Failed(Failure::Closed),
            Answer::Refuse => Outcome::Failed(Failure::Refused),
        };
        return (delay, Some(outcome));
    }
}

/// What Envoy says of an upstream without a response.
pub(super) fn unreachable(reason: &str) -> String {
    format!("upstream connect error or disconnect/reset before headers. reset reason: {reason}")
}

/// A response that is the proxy's own.
pub(super) fn by_proxy(status: u16, body: &str) -> Response {
    Response::new(status)
        .header("content-length", body.len().to_string())
        .header("content-type", "text/plain")
        .body(body)
}

/// How large the body of a response can be, in bytes.
const RESPONSE_LIMIT: usize = 32 * 1024 * 1024;
