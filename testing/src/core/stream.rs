//! A stream: what arrives, what is forwarded, how it ends.

use super::direction::{DataStatus, Direction, Forwarded, Iteration, Shown, Side};
use super::local_response::{Kind, LocalReply};
use super::{HostCore, Journal};
use crate::log::LogLine;
use crate::scenario::FailurePolicy;
use crate::stream::Phase;
use crate::timeline::Arguments;
use crate::trap::Sighting;
use crate::{HeaderList, Outcome, Request, Response};
use std::cell::{Ref, RefCell, RefMut};
use std::collections::HashMap;
use std::rc::Rc;
use waxwing::__private::Callback;

/// What stands for the upstream.
pub(crate) type Origin = Rc<dyn Fn(&Request) -> Response>;

/// An HTTP stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) context: u32,
    pub(crate) journal: Rc<Journal>,
    state: RefCell<State>,
}

/// What is known of a stream.
#[derive(Debug)]
pub(super) struct State {
    /// The extension is in the way at all.
    pub(super) installed: bool,
    /// The guest knows the context.
    pub(super) created: bool,
    /// The proxy has answered because the guest trapped.
    pub(super) failed: bool,
    pub(super) logging: bool,
    pub(super) request: Direction,
    pub(super) response: Direction,
    /// How the client was answered, if not by the upstream.
    pub(super) local: Option<LocalAnswer>,
    pub(super) is_head: bool,
    pub(super) is_grpc: bool,
    /// The guest has asked for an answer.
    pub(super) reply_asked: bool,
    /// What the guest has set, by raw path.
    pub(super) filter_state: HashMap<Vec<u8>, Vec<u8>>,
    /// Nanoseconds since the Unix epoch.
    pub(super) started: u64,
    pub(super) sent: Request,
    pub(super) logs: Vec<LogLine>,
    trap: Option<Sighting>,
    /// The stream went on without the guest.
    pub(super) failed_open: bool,
    answered: Option<Response>,
    /// The origin answers when the request has arrived there.
    origin_answers: bool,
    reset: bool,
    ended: bool,
    details: String,
}

/// An answer that was not the upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocalAnswer {
    Reply,
    Failure,
}

impl State {
    pub(super) fn direction(&self, side: Side) -> &Direction {
        match side {
            Side::Request => &self.request,
            Side::Response => &self.response,
        }
    }

    pub(super) fn direction_mut(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::Request => &mut self.request,
            Side::Response => &mut self.response,
        }
    }
}

impl Stream {
    pub(super) fn state(&self) -> Ref<'_, State> {
        self.state.borrow()
    }

    pub(super) fn state_mut(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    pub(super) fn note_trap(&self, trap: Option<Sighting>) {
        self.state_mut().trap = trap;
    }

    /// Whether this direction has come to its end: nothing more of it is shown or forwarded.
    pub(super) fn is_over(&self, side: Side) -> bool {
        let state = self.state();
        state.ended || state.direction(side).aborted
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state().ended
    }

    /// Where it is held back, the request first.
    pub(crate) fn paused_at(&self) -> Option<Phase> {
        let state = self.state();
        let request = state.request.stopped_at.filter(|_| !state.request.aborted);
        request.or(state.response.stopped_at).filter(|_| !state.ended)
    }

    pub(crate) fn buffered(&self, side: Side) -> Vec<u8> {
        self.state().direction(side).buffered.clone().unwrap_or_default()
    }

    pub(crate) fn sent(&self) -> Request {
        self.state().sent.clone()
    }

    /// What the upstream has received so far.
    pub(crate) fn forwarded_request(&self) -> Option<Request> {
        self.state().request.forwarded.request()
    }

    /// What the client has received so far.
    pub(crate) fn forwarded_response(&self) -> Option<Response> {
        self.state().response.forwarded.response()
    }

    pub(crate) fn answered(&self) -> Option<Response> {
        self.state().answered.clone()
    }

    pub(crate) fn request_has_ended(&self) -> bool {
        self.state().request.complete
    }

    pub(crate) fn details(&self) -> String {
        self.state().details.clone()
    }

    pub(crate) fn logs(&self) -> Vec<LogLine> {
        self.state().logs.clone()
    }

    pub(crate) fn trap(&self) -> Option<Sighting> {
        self.state().trap.clone()
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let state = self.state();
        match state.local {
            Some(LocalAnswer::Failure) => Outcome::FailedClosed,
            _ if state.reset => Outcome::Reset,
            Some(LocalAnswer::Reply) => Outcome::Local,
            None if state.failed_open => Outcome::FailedOpen,
            None => Outcome::Forwarded,
        }
    }
}

impl HostCore {
    /// A stream of which nothing has arrived.
    pub(crate) fn begin(self: &Rc<Self>, origin_answers: bool) -> Rc<Stream> {
        let dead = self.vm.trap();
        let installed = dead.is_none() || self.settings.failure_policy == FailurePolicy::Closed;
        let state = State {
            installed,
            created: false,
            failed: false,
            logging: false,
            request: Direction::default(),
            response: Direction::default(),
            local: None,
            is_head: false,
            is_grpc: false,
            reply_asked: false,
            filter_state: HashMap::new(),
            started: self.clock.nanoseconds(),
            sent: Request::from_headers(HeaderList::new()),
            logs: Vec::new(),
            trap: dead,
            failed_open: !installed,
            answered: None,
            origin_answers,
            reset: false,
            ended: false,
            details: String::new(),
        };
        let context = self.vm.new_context();
        let stream = Rc::new(Stream { context, journal: Rc::default(), state: RefCell::new(state) });
        self.streams.borrow_mut().insert(context, stream.clone());
        stream
    }

    /// A whole request arrives, in its pieces.
    pub(crate) fn receive_request(self: &Rc<Self>, stream: &Rc<Stream>, request: &Request) {
        self.request_headers(stream, request, request.is_headers_only());
        for (piece, end) in request.body.pieces(!request.trailers.is_empty()) {
            self.request_body(stream, piece, end);
        }
        if !request.trailers.is_empty() {
            self.request_trailers(stream, request.trailers.clone());
        }
    }

    /// The headers of `request` arrive.
    pub(crate) fn request_headers(self: &Rc<Self>, stream: &Rc<Stream>, request: &Request, end: bool) {
        let headers = request.headers.clone();
        {
            let mut state = stream.state_mut();
            state.sent.properties.clone_from(&request.properties);
            state.sent.headers = headers.clone();
            state.is_head = headers.get(":method") == Some(b"HEAD");
            state.is_grpc = headers.get("content-type").is_some_and(is_grpc);
        }
        self.create_context(stream);
        self.headers(stream, Side::Request, headers, end);
    }

    pub(crate) fn request_body(self: &Rc<Self>, stream: &Rc<Stream>, piece: Vec<u8>, end: bool) {
        stream.state_mut().sent.body.push(piece.clone(), end);
        self.data(stream, Side::Request, piece, end);
    }

    pub(crate) fn request_trailers(self: &Rc<Self>, stream: &Rc<Stream>, trailers: HeaderList) {
        stream.state_mut().sent.trailers = trailers.clone();
        self.trailers(stream, Side::Request, trailers);
    }

    /// A whole response arrives from the upstream, in its pieces.
    pub(crate) fn receive_response(self: &Rc<Self>, stream: &Rc<Stream>, response: &Response) {
        // To HEAD no body comes, whatever the upstream would have said.
        let headers_only = response.is_headers_only() || stream.state().is_head;
        self.response_headers(stream, response.headers.clone(), headers_only);
        if headers_only {
            return;
        }
        for (piece, end) in response.body.pieces(!response.trailers.is_empty()) {
            self.response_body(stream, piece, end);
        }
        if !response.trailers.is_empty() {
            self.response_trailers(stream, response.trailers.clone());
        }
    }

    pub(crate) fn response_headers(self: &Rc<Self>, stream: &Rc<Stream>, headers: HeaderList, end: bool) {
        if self.drop_late_response(stream) {
            return;
        }
        stream.state_mut().answered = Some(Response::from_headers(headers.clone()));
        self.headers(stream, Side::Response, headers, end);
    }

    pub(crate) fn response_body(self: &Rc<Self>, stream: &Rc<Stream>, piece: Vec<u8>, end: bool) {
        if self.drop_late_response(stream) {
            return;
        }
        if let Some(answered) = &mut stream.state_mut().answered {
            answered.body.push(piece.clone(), end);
        }
        self.data(stream, Side::Response, piece, end);
    }

    pub(crate) fn response_trailers(self: &Rc<Self>, stream: &Rc<Stream>, trailers: HeaderList) {
        if self.drop_late_response(stream) {
            return;
        }
        if let Some(answered) = &mut stream.state_mut().answered {
            answered.trailers = trailers.clone();
        }
        self.trailers(stream, Side::Response, trailers);
    }

    /// The client goes away.
    pub(crate) fn disconnect(self: &Rc<Self>, stream: &Rc<Stream>) {
        if !stream.has_ended() {
            stream.journal.host("the client disconnects");
            self.reset(stream, "downstream_remote_disconnect");
        }
    }

    /// Ends a stream without a complete response.
    pub(super) fn reset(self: &Rc<Self>, stream: &Rc<Stream>, details: &str) {
        if stream.has_ended() {
            return;
        }
        stream.journal.host(format!("the stream is reset: {details}"));
        {
            let mut state = stream.state_mut();
            state.reset = true;
            details.clone_into(&mut state.details);
        }
        self.end(stream);
    }

    /// Answers the client in place of the upstream.
    pub(super) fn reply(self: &Rc<Self>, stream: &Rc<Stream>, reply: LocalReply) {
        if stream.has_ended() {
            stream
                .journal
                .misuse(format!("the stream has ended: the local response {} is dropped", reply.status));
            return;
        }
        let (started, sent, is_head) = {
            let state = stream.state();
            let response = &state.response;
            (response.headers.is_some(), response.forwarded.headers.is_some(), state.is_head)
        };
        let status = reply.status;
        let details = reply.details.clone();
        let kind = reply.kind;
        let (headers, body) = reply.into_message(&stream.state());
        if sent {
            stream.journal.host(format!("too late for the local response {status}: the response has begun"));
            if kind == Kind::Failure {
                stream.state_mut().local = Some(LocalAnswer::Failure);
            }
            self.reset(stream, &details);
            return;
        }
        {
            let mut state = stream.state_mut();
            state.local = Some(if kind == Kind::Failure { LocalAnswer::Failure } else { LocalAnswer::Reply });
            state.details = details;
            state.request.aborted = true;
        }
        let end = body.is_empty() || is_head;
        if started {
            stream
                .journal
                .host(format!("the local response {status} goes to the client, past this extension"));
            let mut forwarded =
                Forwarded { headers: Some(headers.clone()), ended: true, ..Forwarded::default() };
            if !end {
                forwarded.push(body, true);
            }
            {
                let mut state = stream.state_mut();
                state.response.headers = Some(headers);
                state.response.trailers = None;
                state.response.forwarded = forwarded;
            }
            self.end(stream);
        } else {
            stream.journal.host(format!("the local response {status} starts"));
            self.headers(stream, Side::Response, headers, end);
            if !end {
                self.data(stream, Side::Response, body, true);
            }
        }
    }

    /// Lets the origin answer the requests that have arrived there, and what these answers lead to.
    pub(crate) fn settle(self: &Rc<Self>) {
        while let Some(stream) = self.next_arrived() {
            let open = !stream.has_ended() && stream.state().local.is_none();
            if let Some(request) = stream.forwarded_request().filter(|_| open) {
                let response = (self.settings.origin)(&request);
                self.receive_response(&stream, &response);
            }
        }
    }

    fn next_arrived(&self) -> Option<Rc<Stream>> {
        self.arrived.borrow_mut().pop_front()
    }

    /// Goes on with a direction that is held back.
    pub(super) fn continue_stream(self: &Rc<Self>, stream: &Rc<Stream>, side: Side) {
        if stream.is_over(side) {
            stream.journal.host(format!("the {} is over: nothing is resumed", name(side)));
        } else if stream.state().direction(side).iteration == Iteration::Continue {
            // An assertion in a debug build of Envoy, nothing in a release build.
            stream.journal.misuse(format!("the {} is resumed and was not paused: ignored", name(side)));
        } else {
            self.resume(stream, side);
        }
    }

    fn headers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, headers: HeaderList, end: bool) {
        if stream.is_over(side) {
            return;
        }
        {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            direction.complete = end;
            direction.headers = Some(headers);
        }
        let iteration = self.filter_headers(stream, side, end);
        if stream.is_over(side) {
            return;
        }
        if iteration == Iteration::Continue {
            self.forward_headers(stream, side, end);
        } else {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            direction.iteration = iteration;
            direction.headers_held = true;
            direction.stopped_at = Some(Phase::headers(side));
        }
    }

    fn data(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, piece: Vec<u8>, end: bool) {
        if stream.is_over(side) {
            return;
        }
        let stopped_all = {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            direction.complete |= end;
            if direction.stopped_all() {
                direction.streaming = direction.iteration == Iteration::StopAllWatermark;
            }
            direction.stopped_all()
        };
        if stopped_all {
            self.hold(stream, side, piece);
        } else {
            self.show_data(stream, side, Shown::Piece(piece), end);
        }
    }

    /// Shows a part of a body to the guest, and does what it decided.
    fn show_data(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, shown: Shown, end: bool) {
        let had_trailers = stream.state().direction(side).trailers.is_some();
        let from_buffer = shown == Shown::Buffered;
        let Some((status, piece)) = self.filter_data(stream, side, shown, end) else { return };
        if stream.is_over(side) {
            return;
        }
        let (iteration, added_trailers) = {
            let state = stream.state();
            let direction = state.direction(side);
            (direction.iteration, !had_trailers && direction.trailers.is_some())
        };
        match status {
            DataStatus::Continue if iteration == Iteration::StopSingle => {
                if from_buffer || self.hold(stream, side, piece) {
                    self.resume(stream, side);
                }
            }
            DataStatus::Continue => {
                let piece = if from_buffer { self.take_buffered(stream, side) } else { piece };
                self.forward_data(stream, side, piece, end && !added_trailers);
                if added_trailers {
                    self.forward_trailers(stream, side);
                }
            }
            DataStatus::StopAndBuffer | DataStatus::StopAndWatermark => {
                {
                    let mut state = stream.state_mut();
                    let direction = state.direction_mut(side);
                    direction.iteration = Iteration::StopSingle;
                    direction.stopped_at = Some(Phase::body(side));
                    direction.streaming = status == DataStatus::StopAndWatermark;
                }
                if !from_buffer {
                    self.hold(stream, side, piece);
                }
            }
            DataStatus::StopNoBuffer => {
                let mut state = stream.state_mut();
                let direction = state.direction_mut(side);
                direction.iteration = Iteration::StopSingle;
                direction.stopped_at = Some(Phase::body(side));
                if direction.complete && direction.trailers.is_none() {
                    // So that resuming ends the message.
                    direction.buffered.get_or_insert_with(Vec::new);
                }
            }
        }
    }

    fn trailers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, trailers: HeaderList) {
        if stream.is_over(side) {
            return;
        }
        let stopped_all = {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            direction.complete = true;
            direction.trailers = Some(trailers);
            direction.stopped_all()
        };
        if !stopped_all {
            self.show_trailers(stream, side);
        }
    }

    fn show_trailers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side) {
        let passes = self.filter_trailers(stream, side);
        if stream.is_over(side) {
            return;
        }
        let stopped = {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            let stopped = direction.iteration != Iteration::Continue;
            if !passes {
                direction.iteration = Iteration::StopSingle;
                direction.stopped_at = Some(Phase::trailers(side));
                return;
            }
            stopped
        };
        if stopped {
            self.resume(stream, side);
        } else {
            self.forward_trailers(stream, side);
        }
    }

    /// Lets everything go that is held back: to the guest what it has not seen, the rest past it.
    fn resume(self: &Rc<Self>, stream: &Rc<Stream>, side: Side) {
        let (unseen, headers_held, headers_end) = {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            let unseen = direction.stopped_all();
            direction.iteration = Iteration::Continue;
            direction.stopped_at = None;
            let end = direction.complete && direction.buffered.is_none() && direction.trailers.is_none();
            (unseen, std::mem::take(&mut direction.headers_held), end)
        };
        if headers_held {
            self.forward_headers(stream, side, headers_end);
        }
        if stream.is_over(side) {
            return;
        }
        let (has_body, has_trailers, complete) = {
            let state = stream.state();
            let direction = state.direction(side);
            (direction.buffered.is_some(), direction.trailers.is_some(), direction.complete)
        };
        if has_body {
            let end = complete && !has_trailers;
            if unseen {
                self.show_data(stream, side, Shown::Buffered, end);
            } else {
                let body = self.take_buffered(stream, side);
                self.forward_data(stream, side, body, end);
            }
        }
        if !has_trailers || stream.is_over(side) {
            return;
        }
        if unseen {
            self.show_trailers(stream, side);
        } else {
            self.forward_trailers(stream, side);
        }
    }

    /// What is held back, of which an empty rest stays.
    fn take_buffered(&self, stream: &Stream, side: Side) -> Vec<u8> {
        stream.state_mut().direction_mut(side).buffered.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Holds a piece back; false if that ended the stream, or answered it.
    pub(super) fn hold(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, piece: Vec<u8>) -> bool {
        let limit = self.settings.buffer_limit;
        if stream.state_mut().direction_mut(side).hold(piece, limit) {
            return true;
        }
        stream.journal.host(format!("the {} body is larger than the limit of {limit} bytes", name(side)));
        self.reply(stream, LocalReply::too_large(side));
        false
    }

    fn forward_headers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, end: bool) {
        let missing = {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            let headers = direction.headers.clone().unwrap_or_default();
            let required: &[&str] = match side {
                Side::Request => &[":method", ":path", ":authority"],
                Side::Response => &[":status"],
            };
            let missing = required.iter().find(|name| headers.get(name).is_none());
            if missing.is_none() {
                direction.forwarded.headers = Some(headers);
                direction.forwarded.ended = end;
            }
            missing
        };
        if let Some(missing) = missing {
            stream.journal.host(format!("the {} has lost {missing}", name(side)));
            self.reply(stream, LocalReply::incomplete(side, missing));
            return;
        }
        stream.journal.host(format!("{} headers forwarded{}", name(side), end_text(end)));
        self.forwarded(stream, side, end);
    }

    fn forward_data(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, piece: Vec<u8>, end: bool) {
        let size = piece.len();
        {
            let mut state = stream.state_mut();
            let forwarded = &mut state.direction_mut(side).forwarded;
            if forwarded.ended || (piece.is_empty() && !end) {
                return;
            }
            forwarded.push(piece, end);
        }
        stream.journal.host(format!("{} body forwarded, {size} bytes{}", name(side), end_text(end)));
        self.forwarded(stream, side, end);
    }

    fn forward_trailers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side) {
        {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            if direction.forwarded.ended {
                return;
            }
            direction.forwarded.trailers = direction.trailers.clone();
            direction.forwarded.ended = true;
        }
        stream.journal.host(format!("{} trailers forwarded", name(side)));
        self.forwarded(stream, side, true);
    }

    fn forwarded(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, end: bool) {
        match side {
            Side::Request if end && stream.state().origin_answers => {
                self.arrived.borrow_mut().push_back(stream.clone());
            }
            Side::Response if end => self.end(stream),
            Side::Request | Side::Response => {}
        }
    }

    fn drop_late_response(&self, stream: &Stream) -> bool {
        let state = stream.state();
        // The client has been answered: what the upstream still says goes nowhere.
        state.ended || state.local.is_some()
    }

    /// The guest gets to know the context when the first headers arrive, or when it is logged.
    fn create_context(self: &Rc<Self>, stream: &Stream) {
        {
            let mut state = stream.state_mut();
            if state.created || !state.installed || self.vm.is_dead() {
                return;
            }
            state.created = true;
        }
        self.call(Callback::ContextCreate, stream.context, Arguments::Parent(self.root), drop);
    }

    /// The last callbacks of a stream. Nothing is known of it afterwards.
    fn end(self: &Rc<Self>, stream: &Rc<Stream>) {
        if std::mem::replace(&mut stream.state_mut().ended, true) {
            return;
        }
        if stream.state().installed {
            self.create_context(stream);
            stream.state_mut().logging = true;
            self.call(Callback::Log, stream.context, Arguments::None, drop);
            stream.state_mut().logging = false;
            // What a stream answers here is ignored: it is deleted at once.
            self.call(Callback::Done, stream.context, Arguments::None, drop);
            self.call(Callback::Delete, stream.context, Arguments::None, drop);
            if self.vm.is_dead() {
                stream.note_trap(self.vm.trap());
            }
        }
        self.streams.borrow_mut().remove(&stream.context);
    }
}

fn is_grpc(content_type: &[u8]) -> bool {
    content_type == b"application/grpc" || content_type.starts_with(b"application/grpc+")
}

fn name(side: Side) -> &'static str {
    match side {
        Side::Request => "request",
        Side::Response => "response",
    }
}

fn end_text(end: bool) -> &'static str {
    if end { ", end of stream" } else { "" }
}
