//! HTTP callouts.

use super::field::Owner;
use super::schedule::{Due, Moment};
use super::{HostCore, maps};
use crate::answer::Answer;
use crate::callout::Callout;
use crate::timeline::Arguments;
use crate::{HeaderList, Request, Response};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use waxwing::__private::{self, Callback, HttpCallParts};
use waxwing::Status;

/// The HTTP callouts of a worker.
#[derive(Debug, Default)]
pub(super) struct Callouts {
    started: Cell<u32>,
    /// Those that have not ended, by their token.
    open: RefCell<BTreeMap<u32, Open>>,
    /// The response that the guest is being told of.
    delivered: RefCell<Option<Response>>,
    status: RefCell<(u32, Vec<u8>)>,
}

/// A callout that has not ended.
#[derive(Debug)]
struct Open {
    callout: Callout,
    /// The context that made it.
    context: u32,
    /// Its end as it is known: the answer that comes, and the end of the guest's patience.
    ends: Vec<Moment>,
    answer: Option<Outcome>,
}

/// How a callout ends.
#[derive(Debug)]
enum Outcome {
    /// With a response, which may be the proxy's own.
    Response(Response),
    /// Without one.
    Reset,
}

/// A step of a callout on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The request arrives at the upstream.
    Arrive,
    /// What came of it arrives here.
    End,
    /// The guest's patience is over.
    TimeOut,
}

impl HostCore {
    /// Starts a callout for a context; gives back its token.
    pub(super) fn start_callout(&self, context: u32, parts: &HttpCallParts<'_>) -> __private::Answer<u32> {
        // The number is a signed one.
        if i32::try_from(parts.timeout_milliseconds).is_err() {
            return Err(Status::BAD_ARGUMENT);
        }
        let name = String::from_utf8_lossy(parts.upstream).into_owned();
        let Some(upstream) = self.process.upstreams.get(&name) else {
            let known = self.process.upstreams.names().join(", ");
            self.journal(context).host(format!(
                "there is no cluster {name:?} ({}): `host.upstream({name:?})` makes one",
                if known.is_empty() {
                    "there is none at all".to_owned()
                } else {
                    format!("there are {known}")
                }
            ));
            return Err(Status::BAD_ARGUMENT);
        };
        let request = request(parts).ok_or(Status::BAD_ARGUMENT)?;
        let token = (self.callouts.started.get() + 1) * TOKENS;
        self.callouts.started.set(token / TOKENS);
        if !upstream.is_healthy() {
            self.journal(context).host(format!("no host of {name:?} is healthy: the callout fails at once"));
            return Err(Status::INTERNAL_FAILURE);
        }
        let timeout = Duration::from_millis(parts.timeout_milliseconds.into());
        let timeout = (!timeout.is_zero()).then_some(timeout);
        self.callout_step(Duration::ZERO, token, Step::Arrive);
        let ends = timeout.map(|timeout| self.callout_step(timeout, token, Step::TimeOut));
        let callout = Callout { token, upstream: name, request, timeout };
        let open = Open { callout, context, ends: ends.into_iter().collect(), answer: None };
        self.callouts.open.borrow_mut().insert(token, open);
        Ok(token)
    }

    /// Takes a callout one step further; no guest is running.
    pub(super) fn step_callout(self: &Rc<Self>, token: u32, step: Step) {
        match step {
            Step::Arrive => self.arrive(token),
            Step::TimeOut => self.end_callout(token, Some(Outcome::Response(timed_out()))),
            Step::End => self.end_callout(token, None),
        }
    }

    /// The request is at the upstream, which decides what comes of it.
    fn arrive(&self, token: u32) {
        let open = |open: &Open| open.callout.clone();
        let Some(callout) = self.callouts.open.borrow().get(&token).map(open) else { return };
        let Some(upstream) = self.process.upstreams.get(&callout.upstream) else { return };
        // Nothing is borrowed: it may run the test's own code.
        let answer = match upstream.receive(&callout.request) {
            Ok(answer) => answer,
            Err(problem) => return self.process.fail(problem),
        };
        let (delay, outcome) = outcome(answer);
        let outcome = outcome.map(|outcome| outcome.of(&callout.request));
        if let Some(open) = self.callouts.open.borrow_mut().get_mut(&token)
            && outcome.is_some()
        {
            open.answer = outcome;
            open.ends.push(self.callout_step(delay, token, Step::End));
        }
    }

    /// Tells the guest of the end of a callout: of this one, or of that which the upstream has decided.
    fn end_callout(self: &Rc<Self>, token: u32, outcome: Option<Outcome>) {
        let Some(open) = self.callouts.open.borrow_mut().remove(&token) else { return };
        self.forget(&open);
        let Some(outcome) = outcome.or(open.answer) else { return };
        let text = format!("{}: {}", open.callout, outcome.text());
        if let Some(journal) = self.own_journal(open.context) {
            journal.host(text.clone());
        }
        self.root_journal.host(text);
        // The root context, whoever made the call, and whether or not that still exists.
        let root = self.root_of(open.context);
        match outcome {
            Outcome::Response(response) => {
                let arguments = Arguments::HttpCall {
                    token,
                    headers: response.headers.len(),
                    body_size: response.body_bytes().len(),
                    trailers: response.trailers.len(),
                };
                self.callouts.delivered.replace(Some(response));
                self.call(Callback::HttpCallResponse, root, arguments, drop);
                self.callouts.delivered.replace(None);
            }
            Outcome::Reset => {
                let arguments = Arguments::HttpCall { token, headers: 0, body_size: 0, trailers: 0 };
                self.set_status(Status::BROKEN_CONNECTION.as_u32(), b"reset");
                self.call(Callback::HttpCallResponse, root, arguments, drop);
                self.set_status(Status::BROKEN_CONNECTION.as_u32(), b"");
            }
        }
    }

    /// Gives up all callouts of this root context and its streams; the guest hears nothing of them.
    pub(super) fn cancel_callouts(&self, root: u32) {
        self.callouts.open.borrow_mut().retain(|_, open| {
            let gives_up = self.root_of(open.context) == root;
            if gives_up {
                self.forget(open);
            }
            !gives_up
        });
    }

    /// The callouts that have not ended: those that this context made, or all.
    pub(crate) fn open_callouts(&self, context: Option<u32>) -> Vec<Callout> {
        let open = self.callouts.open.borrow();
        let wanted = open.values().filter(|open| context.is_none_or(|context| context == open.context));
        wanted.map(|open| open.callout.clone()).collect()
    }

    /// The callouts and gRPC calls that have not ended, in words.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        let callouts = self.open_callouts(None).into_iter().map(|callout| callout.to_string());
        callouts.chain(self.open_grpc_calls()).collect()
    }

    /// What is to happen to a callout, in words.
    pub(super) fn describe_callout(&self, token: u32, step: Step) -> String {
        let open = self.callouts.open.borrow();
        let callout =
            open.get(&token).map_or_else(|| format!("callout {token}"), |open| open.callout.to_string());
        match step {
            Step::Arrive => format!("the arrival of {callout}"),
            Step::End => format!("the answer to {callout}"),
            Step::TimeOut => format!("the timeout of {callout}"),
        }
    }

    /// Reads the response that the guest is being told of.
    pub(super) fn with_callout_response<T>(&self, read: impl FnOnce(&Response) -> T) -> Option<T> {
        self.callouts.delivered.borrow().as_ref().map(read)
    }

    /// The status of the last callout that failed, and its message while the guest is being told.
    pub(super) fn last_status(&self) -> (u32, Vec<u8>) {
        self.callouts.status.borrow().clone()
    }

    pub(super) fn set_status(&self, code: u32, message: &[u8]) {
        self.callouts.status.replace((code, message.to_vec()));
    }

    fn callout_step(&self, delay: Duration, token: u32, step: Step) -> Moment {
        self.process.schedule.after(delay, self.index, Due::HttpCall(token, step))
    }

    /// Takes back what was to happen to it.
    fn forget(&self, open: &Open) {
        open.ends.iter().for_each(|moment| self.process.schedule.cancel(*moment));
    }
}

impl Outcome {
    /// As it comes back for that request.
    fn of(self, request: &Request) -> Outcome {
        let Outcome::Response(mut response) = self else { return self };
        if response.body_bytes().len() > RESPONSE_LIMIT {
            return Outcome::Reset;
        }
        if request.method() == "HEAD" {
            response.body = crate::http::Body::default();
        }
        response.headers = maps::normalized(&response.headers, Owner::Response);
        Outcome::Response(response)
    }

    fn text(&self) -> String {
        match self {
            Outcome::Response(response) => response.status().to_string(),
            Outcome::Reset => "reset".to_owned(),
        }
    }
}

/// In how much time what comes of a request, if anything does.
fn outcome(mut answer: Answer) -> (Duration, Option<Outcome>) {
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
            Answer::BreakOff(_) => Outcome::Reset,
            Answer::Hang => return (delay, None),
            Answer::Reset => Outcome::Response(unreachable_upstream("connection termination")),
            Answer::Refuse => Outcome::Response(unreachable_upstream("remote connection failure")),
        };
        return (delay, Some(outcome));
    }
}

/// The request that goes out; `None` if it lacks what a request needs.
fn request(parts: &HttpCallParts<'_>) -> Option<Request> {
    let mut headers = HeaderList::new();
    for (key, value) in maps::decode(parts.headers) {
        // Envoy keeps both in one place.
        let key = if key.eq_ignore_ascii_case(b"host") { b":authority".to_vec() } else { key };
        maps::add(&mut headers, Owner::Request, &key, &value);
    }
    if [":path", ":method", ":authority"].iter().any(|name| headers.get(name).is_none()) {
        return None;
    }
    if !parts.body.is_empty() {
        let length = parts.body.len().to_string();
        match headers.value_mut(b"content-length") {
            Some(given) => *given = length.into_bytes(),
            None => headers.add("content-length", length),
        }
    }
    let request = Request::from_headers(headers);
    let mut request = if parts.body.is_empty() { request } else { request.body(parts.body) };
    for (key, value) in maps::decode(parts.trailers) {
        maps::add(&mut request.trailers, Owner::Trailers, &key, &value);
    }
    Some(request)
}

/// What Envoy answers itself when the upstream takes too long.
fn timed_out() -> Response {
    by_proxy(504, "upstream request timeout")
}

/// What it answers if there was no connection, or none any more, before the response began.
fn unreachable_upstream(reason: &str) -> Response {
    by_proxy(503, &unreachable(reason))
}

/// What it says of an upstream without a response.
pub(super) fn unreachable(reason: &str) -> String {
    format!("upstream connect error or disconnect/reset before headers. reset reason: {reason}")
}

fn by_proxy(status: u16, body: &str) -> Response {
    Response::new(status)
        .header("content-length", body.len().to_string())
        .header("content-type", "text/plain")
        .body(body)
}

/// The tokens of HTTP callouts are its multiples; gRPC has those between.
const TOKENS: u32 = 4;
/// How large the body of a response can be, in bytes.
const RESPONSE_LIMIT: usize = 32 * 1024 * 1024;
