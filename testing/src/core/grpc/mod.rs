//! gRPC calls and streams.

mod delivery;
mod server;
mod target;

use super::field::Owner;
use super::queue::AfterCall;
use super::schedule::{Due, Moment};
use super::{HostCore, maps};
use crate::{GrpcRequest, GrpcUpstream};
use delivery::Delivered;
use server::{Next, Server, UNAVAILABLE};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;
use target::Target;
use waxwing::__private::{Answer, GrpcCallParts};
use waxwing::Status;

/// The gRPC calls and streams of a worker.
#[derive(Debug, Default)]
pub(super) struct GrpcCalls {
    calls: Cell<u32>,
    streams: Cell<u32>,
    /// Those that the proxy knows, by their token.
    open: RefCell<BTreeMap<u32, Open>>,
    /// What the guest is being told of.
    delivered: RefCell<Option<Delivered>>,
}

/// A call or a stream that the proxy knows.
#[derive(Debug)]
struct Open {
    call: GrpcCall,
    upstream: GrpcUpstream,
    /// On the way to the server.
    sent: VecDeque<FromClient>,
    sent_end: bool,
    /// Whether the guest has given up its place.
    local_closed: bool,
    /// Whether the guest was told of its end.
    remote_closed: bool,
    server: Server,
    /// What came of a unary call so far.
    message: Option<Vec<u8>>,
    timeout: Option<Moment>,
    proceeds: Option<Moment>,
}

/// A call as the guest made it.
#[derive(Clone, Debug)]
struct GrpcCall {
    token: u32,
    /// The context that made it.
    context: u32,
    request: GrpcRequest,
}

#[derive(Debug)]
enum FromClient {
    Beginning,
    Message(Vec<u8>),
    End,
}

/// Something that happens to a call on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// What the client has sent arrives at the server.
    Arrive,
    /// The server goes on after it has let time pass.
    Proceed,
    /// The server goes on with what it can do now.
    GoOn,
    /// The guest's patience is over.
    TimeOut,
}

impl HostCore {
    /// Starts a unary call with this message and timeout, or a stream; gives back its token.
    pub(super) fn start_grpc(
        &self,
        context: u32,
        parts: GrpcCallParts<'_>,
        unary: Option<(&[u8], u32)>,
    ) -> Answer<u32> {
        let (name, is_encoded) = match Target::of(parts.upstream) {
            Target::Encoded(name) => (name, true),
            Target::Name(name) => (name, false),
            Target::Nothing => {
                self.process.fail(format!(
                    "{:?} is no name of a cluster to Envoy, but an encoded GrpcService without a target: Envoy 1.40 aborts. \
                     Encode the name, as waxwing's GrpcCall does.",
                    String::from_utf8_lossy(parts.upstream)
                ));
                return Err(Status::BAD_ARGUMENT);
            }
        };
        let upstream = self.process.grpc_upstreams.get(&name);
        if upstream.is_none() {
            let known = self.process.grpc_upstreams.names().join(", ");
            let known = if known.is_empty() { "none at all".to_owned() } else { known };
            self.journal(context).host(format!(
                "there is no gRPC cluster {name:?} (there is {known}): `host.grpc_upstream({name:?})` makes one"
            ));
            if !is_encoded {
                return Err(Status::PARSE_FAILURE);
            }
        }
        let token = self.grpc.next_token(unary.is_none());
        let upstream = match upstream {
            Some(upstream) if upstream.is_healthy() => upstream,
            found => {
                let message = if found.is_some() { NO_HOST } else { "Cluster not available" };
                self.vm.after_call(AfterCall::GrpcClose(token, UNAVAILABLE, message.to_owned()));
                return Err(Status::INTERNAL_FAILURE);
            }
        };
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut request = GrpcRequest::new(text(parts.service), text(parts.method));
        for (key, value) in maps::decode(parts.metadata) {
            maps::add(&mut request.metadata, Owner::RequestTrailers, &key, &value);
        }
        let mut open = Open {
            call: GrpcCall { token, context, request },
            upstream,
            sent: VecDeque::new(),
            sent_end: false,
            local_closed: false,
            remote_closed: false,
            server: Server::default(),
            message: None,
            timeout: None,
            proceeds: None,
        };
        self.send_to_server(&mut open, FromClient::Beginning);
        if let Some((message, timeout)) = unary {
            self.send_to_server(&mut open, FromClient::Message(message.to_vec()));
            self.send_to_server(&mut open, FromClient::End);
            let timeout = Duration::from_millis(timeout.into());
            open.timeout = (!timeout.is_zero()).then(|| self.grpc_move(timeout, token, Move::TimeOut));
        }
        self.grpc.open.borrow_mut().insert(token, open);
        Ok(token)
    }

    /// The guest sends a message on a stream.
    pub(super) fn send_grpc(&self, token: u32, message: &[u8], is_last: bool) -> Answer {
        if Kind::of(token) != Some(Kind::Stream) {
            return Err(Status::BAD_ARGUMENT);
        }
        let mut calls = self.grpc.open.borrow_mut();
        let open = calls.get_mut(&token).ok_or(Status::NOT_FOUND)?;
        // What comes too late is accepted, and goes nowhere.
        if !open.sent_end && !open.remote_closed {
            self.send_to_server(open, FromClient::Message(message.to_vec()));
            if is_last {
                self.send_to_server(open, FromClient::End);
            }
        }
        Ok(())
    }

    /// The guest ends its side of a stream, or gives a call up.
    pub(super) fn close_grpc(&self, token: u32) -> Answer {
        if Kind::of(token) != Some(Kind::Stream) {
            return self.cancel_grpc(token);
        }
        let mut calls = self.grpc.open.borrow_mut();
        let open = calls.get_mut(&token).ok_or(Status::NOT_FOUND)?;
        if open.remote_closed {
            calls.remove(&token);
            return Ok(());
        }
        open.local_closed = true;
        if !open.sent_end {
            self.send_to_server(open, FromClient::End);
        }
        Ok(())
    }

    /// The guest gives a call or a stream up.
    pub(super) fn cancel_grpc(&self, token: u32) -> Answer {
        if Kind::of(token).is_none() {
            return Err(Status::BAD_ARGUMENT);
        }
        let open = self.grpc.open.borrow_mut().remove(&token).ok_or(Status::NOT_FOUND)?;
        self.forget_grpc(&open);
        Ok(())
    }

    /// Takes a call one step further; no guest is running.
    pub(super) fn move_grpc(self: &Rc<Self>, token: u32, what: Move) {
        let (mut beginning, has_begun);
        {
            let mut calls = self.grpc.open.borrow_mut();
            let Some(open) = calls.get_mut(&token) else { return };
            (beginning, has_begun) = (None, open.server.has_begun);
            match what {
                Move::Proceed => open.server.waits = false,
                Move::Arrive => match open.sent.pop_front() {
                    Some(FromClient::Beginning) => {
                        beginning = Some((open.upstream.clone(), open.call.request.clone()));
                    }
                    Some(FromClient::Message(message)) => open.server.receive(message),
                    Some(FromClient::End) => open.server.client_ended = true,
                    None => {}
                },
                Move::GoOn => open.server.goes_on = false,
                Move::TimeOut => {}
            }
        }
        if what == Move::TimeOut {
            let (status, message) = match has_begun {
                true => (INTERNAL, "response_timeout"),
                false => (UNAVAILABLE, "upstream request timeout{response_timeout}"),
            };
            return self.end_grpc_call(token, status, message);
        }
        if let Some((upstream, request)) = beginning {
            let refused = upstream.is_refusing();
            let received = (!refused).then(|| upstream.begin(request));
            if let Some(open) = self.grpc.open.borrow_mut().get_mut(&token) {
                open.server.refused = refused;
                open.server.received = received;
            }
        }
        // The guest is told of it in an event of its own, if everything comes one by one.
        if what == Move::Arrive && self.process.one_by_one.get() {
            self.serve_later(token);
        } else {
            self.serve_grpc(token);
        }
    }

    /// Lets the server do what it can do now.
    fn serve_grpc(self: &Rc<Self>, token: u32) {
        loop {
            // The guest or the test's own code may have run since, and the call may be gone.
            let (next, upstream) = match self.grpc.open.borrow_mut().get_mut(&token) {
                Some(open) if !open.remote_closed => (open.server.next(), open.upstream.clone()),
                _ => return,
            };
            match next {
                Next::Nothing => return,
                Next::Decide(received) => match upstream.answer(&received) {
                    Ok(answer) => {
                        if let Some(open) = self.grpc.open.borrow_mut().get_mut(&token) {
                            open.server.steps = Some(answer.steps().iter().cloned().collect());
                        }
                    }
                    Err(problem) => return self.process.fail(problem),
                },
                Next::Wait(time) => {
                    let proceeds = self.grpc_move(time, token, Move::Proceed);
                    if let Some(open) = self.grpc.open.borrow_mut().get_mut(&token) {
                        open.proceeds = Some(proceeds);
                    }
                }
                Next::Send(sent) => {
                    self.deliver_grpc(token, sent);
                    if self.process.one_by_one.get() {
                        return self.serve_later(token);
                    }
                }
            }
        }
    }

    /// Lets the server do the next thing in an event of its own, if there is one.
    fn serve_later(&self, token: u32) {
        if let Some(open) = self.grpc.open.borrow_mut().get_mut(&token)
            && !open.remote_closed
            && open.server.can_go_on()
            && !std::mem::replace(&mut open.server.goes_on, true)
        {
            self.grpc_move(Duration::ZERO, token, Move::GoOn);
        }
    }

    /// Gives up all calls and streams of this root context and its streams; the guest hears nothing of them.
    pub(super) fn cancel_all_grpc(&self, root: u32) {
        self.grpc.open.borrow_mut().retain(|_, open| {
            let gives_up = self.root_of(open.call.context) == root;
            if gives_up {
                self.forget_grpc(open);
            }
            !gives_up
        });
    }

    /// The root context that is told of a call.
    fn root_of_grpc(&self, token: u32) -> u32 {
        let open = self.grpc.open.borrow();
        open.get(&token).map_or_else(|| self.root(), |open| self.root_of(open.call.context))
    }

    /// The calls and streams that have not ended, in words: but for those whose server waits for the guest.
    pub(crate) fn open_grpc_calls(&self) -> Vec<String> {
        let open = self.grpc.open.borrow();
        let is_open = |open: &&Open| !open.remote_closed && !open.server.awaits_client();
        open.values().filter(is_open).map(|open| open.call.to_string()).collect()
    }

    /// The calls and streams that the proxy keeps a place for: which context made each, whether the guest was told of its
    /// end, and its token and name.
    pub(super) fn grpc_places(&self) -> Vec<(u32, bool, u32, String)> {
        let open = self.grpc.open.borrow();
        let place =
            |open: &Open| (open.call.context, open.remote_closed, open.call.token, open.call.to_string());
        open.values().map(place).collect()
    }

    /// The streams that this context has begun and has neither closed nor cancelled, in words.
    pub(super) fn unclosed_grpc_streams(&self, context: u32) -> Vec<String> {
        let open = self.grpc.open.borrow();
        let is_unclosed = |open: &&Open| {
            open.call.context == context
                && !open.local_closed
                && Kind::of(open.call.token) == Some(Kind::Stream)
        };
        open.values().filter(is_unclosed).map(|open| open.call.to_string()).collect()
    }

    /// Those of a context, as [`open_grpc_calls`](Self::open_grpc_calls) has them.
    pub(super) fn open_grpc_calls_of(&self, context: u32) -> Vec<String> {
        let open = self.grpc.open.borrow();
        let is_open = |open: &&Open| {
            open.call.context == context && !open.remote_closed && !open.server.awaits_client()
        };
        open.values().filter(is_open).map(|open| open.call.to_string()).collect()
    }

    /// What is to happen to a call, in words.
    pub(super) fn describe_grpc(&self, token: u32, what: Move) -> String {
        let open = self.grpc.open.borrow();
        let call =
            open.get(&token).map_or_else(|| format!("gRPC call {token}"), |open| open.call.to_string());
        match what {
            Move::Arrive => format!("the arrival of a part of {call}"),
            Move::Proceed | Move::GoOn => format!("the next step of the server of {call}"),
            Move::TimeOut => format!("the timeout of {call}"),
        }
    }

    fn note_grpc(&self, call: &GrpcCall, what: &str) {
        let text = format!("{call}: {what}");
        if let Some(stream) = self.stream(call.context) {
            stream.journal.host(text.clone());
        }
        self.root_journal.host(text);
    }

    fn send_to_server(&self, open: &mut Open, what: FromClient) {
        open.sent_end |= matches!(what, FromClient::End);
        open.sent.push_back(what);
        self.grpc_move(Duration::ZERO, open.call.token, Move::Arrive);
    }

    fn grpc_move(&self, delay: Duration, token: u32, what: Move) -> Moment {
        self.process.schedule.after(delay, self.key, Due::Grpc(token, what))
    }

    /// Takes back what was to happen to it.
    fn forget_grpc(&self, open: &Open) {
        for moment in [open.timeout, open.proceeds].into_iter().flatten() {
            self.process.schedule.cancel(moment);
        }
    }
}

impl Open {
    /// What is on the way to the server arrives there, although that has ended the call.
    fn arrive_all(&mut self) {
        for sent in self.sent.drain(..) {
            if let FromClient::Message(message) = sent {
                self.server.receive(message);
            }
        }
    }
}

impl GrpcCalls {
    fn next_token(&self, is_stream: bool) -> u32 {
        let (started, kind) = if is_stream { (&self.streams, 2) } else { (&self.calls, 1) };
        started.set(started.get() + 1);
        started.get() * TOKENS + kind
    }
}

/// What the two low bits of a token say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Call,
    Stream,
}

impl Kind {
    fn of(token: u32) -> Option<Kind> {
        match token % TOKENS {
            1 => Some(Kind::Call),
            2 => Some(Kind::Stream),
            _ => None,
        }
    }
}

impl GrpcCall {
    /// The service and the method.
    fn function(&self) -> String {
        format!("{}/{}", self.request.service(), self.request.method())
    }
}

impl fmt::Display for GrpcCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if Kind::of(self.token) == Some(Kind::Stream) { "stream" } else { "call" };
        write!(f, "gRPC {noun} {} ({})", self.token, self.function())
    }
}

/// The tokens of each kind go up by this.
const TOKENS: u32 = 4;
/// The gRPC status of calls that break the protocol, or break.
const INTERNAL: u32 = 13;
const NO_HOST: &str = "no healthy upstream{no_healthy_upstream}";
