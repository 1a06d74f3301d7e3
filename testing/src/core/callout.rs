//! HTTP callouts.

use super::callout_end::{Failure, Outcome, Shown, outcome};
use super::consulted::Said;
use super::field::Owner;
use super::schedule::{Due, Moment};
use super::{HostCore, callout_end, maps, requirement};
use crate::callout::Callout;
use crate::profile::{Targets, ToldOfCallouts};
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
        let name = self.upstream_name(parts);
        let upstream = self.process.upstreams.get(&name);
        if upstream.is_none() && self.facts().targets == Targets::Cluster {
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
        }
        let request = request(parts).ok_or(Status::BAD_ARGUMENT)?;
        let (first, step) = self.facts().tokens;
        let token = first + self.callouts.started.get() * step;
        self.callouts.started.set(self.callouts.started.get() + 1);
        if upstream.is_some_and(|upstream| !upstream.is_healthy()) {
            self.journal(context).host(format!("no host of {name:?} is healthy: the callout fails at once"));
            return Err(Status::INTERNAL_FAILURE);
        }
        let timeout = Duration::from_millis(parts.timeout_milliseconds.into());
        let timeout = Some(timeout).filter(|timeout| !timeout.is_zero() && self.facts().times_callouts);
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
            Step::TimeOut => self.end_callout(token, Some(Outcome::Failed(Failure::TimedOut))),
            Step::End => self.end_callout(token, None),
        }
    }

    /// The request is at the upstream, which decides what comes of it.
    fn arrive(self: &Rc<Self>, token: u32) {
        let open = |open: &Open| (open.callout.clone(), open.context);
        let Some((callout, callout_context)) = self.callouts.open.borrow().get(&token).map(open) else {
            return;
        };
        let Some(upstream) = self.process.upstreams.get(&callout.upstream) else {
            self.journal(callout_context).host(format!("there is no host {:?}", callout.upstream));
            return self.end_callout(token, Some(Outcome::Failed(Failure::Unresolved)));
        };
        // Nothing is borrowed: it may run the test's own code.
        let answer = match requirement::invalid(&callout.request.headers) {
            // It does not get that far.
            Some(sentence) => callout_end::by_proxy(503, &sentence).into(),
            None => match upstream.receive(&callout.request) {
                Ok(answer) => answer,
                Err(problem) => return self.process.fail(problem),
            },
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
        self.note_answer(
            open.context,
            || open.callout.upstream.clone(),
            || match &outcome {
                Outcome::Response(response) => Said::Response(response.clone()),
                Outcome::Failed(_) => Said::Nothing,
            },
        );
        let told = match self.facts().told_of_callouts {
            // Whoever made the call, and whether or not that still exists.
            ToldOfCallouts::Root => self.root_of(open.context),
            ToldOfCallouts::Caller if self.exists(open.context) => open.context,
            ToldOfCallouts::Caller => return,
        };
        self.tell_answer(open.callout.to_string(), open.context, || self.tell_outcome(told, token, outcome));
        self.go_on_after_callouts(open.context);
    }

    fn tell_outcome(self: &Rc<Self>, told: u32, token: u32, outcome: Outcome) {
        let nothing = Arguments::HttpCall { token, headers: 0, body_size: 0, trailers: 0 };
        match outcome.shown(self.facts().failed_callouts) {
            Shown::Response(response) => {
                let arguments = Arguments::HttpCall {
                    token,
                    headers: response.headers.len(),
                    body_size: response.body_bytes().len(),
                    trailers: response.trailers.len(),
                };
                self.deliver(told, arguments, response);
            }
            Shown::Reason(reason) => self.deliver(told, nothing, reason),
            Shown::Nothing => {
                self.set_status(Status::BROKEN_CONNECTION.as_u32(), b"reset");
                self.call(Callback::HttpCallResponse, told, nothing, drop);
                self.set_status(Status::BROKEN_CONNECTION.as_u32(), b"");
            }
        }
    }

    /// Tells the guest, which can read the response meanwhile.
    fn deliver(self: &Rc<Self>, context: u32, arguments: Arguments, response: Response) {
        self.callouts.delivered.replace(Some(response));
        self.call(Callback::HttpCallResponse, context, arguments, drop);
        self.callouts.delivered.replace(None);
    }

    /// The name of the upstream that a callout goes to: a port is none of its name, unless the test says so.
    fn upstream_name(&self, parts: &HttpCallParts<'_>) -> String {
        let target = String::from_utf8_lossy(parts.upstream).into_owned();
        let target = match self.facts().targets {
            Targets::Cluster => return target,
            Targets::HostAndPort => target,
            Targets::Authority => {
                let authority = request(parts).and_then(|request| {
                    request.headers().get(":authority").map(|name| String::from_utf8_lossy(name).into_owned())
                });
                authority.unwrap_or(target)
            }
        };
        match target.rsplit_once(':') {
            Some((host, _)) if self.process.upstreams.get(&target).is_none() => host.to_owned(),
            _ => target,
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
        self.process.schedule.after(delay, self.key, Due::HttpCall(token, step))
    }

    /// Takes back what was to happen to it.
    fn forget(&self, open: &Open) {
        open.ends.iter().for_each(|moment| self.process.schedule.cancel(*moment));
    }
}

/// The request that goes out; `None` if it lacks what a request needs.
fn request(parts: &HttpCallParts<'_>) -> Option<Request> {
    let mut headers = HeaderList::new();
    for (key, value) in maps::decode(parts.headers) {
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
        maps::add(&mut request.trailers, Owner::RequestTrailers, &key, &value);
    }
    Some(request)
}
