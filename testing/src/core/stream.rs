//! A stream: what arrives, what is forwarded, how it ends.

use super::consulted::Consulted;
use super::direction::{Direction, Side};
use super::foreign::Object;
use super::local_response::{Kind, LocalReply};
use super::origin::Moves;
use super::{HostCore, Journal};
use crate::log::LogLine;
use crate::phase::Phase;
use crate::timeline::Arguments;
use crate::trap::Sighting;
use crate::{HeaderList, Outcome, Request, Response};
use std::cell::{Ref, RefCell, RefMut};
use std::collections::HashMap;
use std::rc::Rc;
use waxwing::__private::Callback;

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
    pub(super) local: Option<Kind>,
    pub(super) is_head: bool,
    pub(super) is_grpc: bool,
    /// The guest has asked for an answer.
    pub(super) reply_asked: bool,
    /// What the guest has set, by raw path.
    pub(super) filter_state: HashMap<Vec<u8>, Vec<u8>>,
    /// Envoy's own objects that it has set, with their life span.
    pub(super) objects: HashMap<Vec<u8>, (u64, Object)>,
    /// The names of properties that it has declared, to no effect.
    pub(super) declared: Vec<Vec<u8>>,
    /// How often it had the route chosen anew.
    pub(super) route_choices: usize,
    /// The name of the one that was chosen last.
    pub(super) route: String,
    /// Nanoseconds since the Unix epoch.
    pub(super) started: u64,
    /// The answers to its callouts, until its request was forwarded.
    pub(super) consulted: Vec<Consulted>,
    pub(super) sent: Request,
    pub(super) logs: Vec<LogLine>,
    trap: Option<Sighting>,
    /// A callback of the request is running, or what it asked for.
    pub(super) decoding: bool,
    /// An answer that waits until that is over.
    pub(super) prepared: Option<LocalReply>,
    pub(super) answered: Option<Response>,
    /// The origin answers when the request has arrived there.
    pub(super) origin_answers: bool,
    /// What it has still to do.
    pub(super) origin_moves: Moves,
    pub(super) reset: bool,
    pub(super) ended: bool,
    pub(super) details: String,
}

/// Why a stream is reset that the extension closes.
pub(super) const CLOSED: &str = "wasm_close_stream";

impl State {
    pub(super) fn direction(&self, side: Side) -> &Direction {
        match side {
            Side::Request => &self.request,
            Side::Response => &self.response,
        }
    }

    /// Whether the upstream was asked for headers alone.
    pub(super) fn upstream_gets_head(&self) -> bool {
        let asked = self.request.forwarded.headers.as_ref().or(self.request.headers.as_ref());
        asked.and_then(|headers| headers.get(":method")) == Some(b"HEAD")
    }

    /// Whether a body, and what follows it, gets to the client over HTTP/1, whatever the response has.
    pub(super) fn client_gets_body(&self) -> bool {
        let headers = self.response.forwarded.headers.as_ref();
        let status = headers.and_then(|headers| headers.get(":status"));
        !self.is_head && !matches!(status, Some(b"204" | b"304"))
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

    pub(crate) fn response_has_ended(&self) -> bool {
        self.state().response.complete
    }

    /// Whether the upstream will still do something.
    pub(crate) fn waits_for_origin(&self) -> bool {
        let state = self.state();
        !state.ended && !state.origin_moves.is_empty()
    }

    pub(crate) fn consulted(&self) -> Vec<Consulted> {
        self.state().consulted.clone()
    }

    pub(crate) fn route_choices(&self) -> usize {
        self.state().route_choices
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

    /// Whether it has ended without a complete response.
    pub(crate) fn was_reset(&self) -> bool {
        self.state().reset
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let state = self.state();
        match state.local {
            Some(Kind::Failure) => Outcome::FailedClosed,
            _ if state.reset => Outcome::Reset,
            Some(Kind::Reply) => Outcome::Local,
            None if !state.installed => Outcome::FailedOpen,
            None => Outcome::Forwarded,
        }
    }
}

impl HostCore {
    /// A stream of which nothing has arrived.
    pub(crate) fn begin(self: &Rc<Self>, origin_answers: bool) -> Rc<Stream> {
        let dead = self.vm.trap();
        let installed = !self.vm.is_dead() || !self.passes_dead_vm();
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
            objects: HashMap::new(),
            declared: Vec::new(),
            route_choices: 0,
            route: String::new(),
            started: self.process.wall_clock(),
            consulted: Vec::new(),
            sent: Request::from_headers(HeaderList::new()),
            logs: Vec::new(),
            trap: dead,
            decoding: false,
            prepared: None,
            answered: None,
            origin_answers,
            origin_moves: Moves::new(),
            reset: false,
            ended: false,
            details: String::new(),
        };
        let context = self.vm.new_context();
        let stream = Rc::new(Stream { context, journal: Rc::default(), state: RefCell::new(state) });
        self.roots.adopt(context, self.root());
        self.streams.borrow_mut().insert(context, stream.clone());
        stream
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

    /// The guest gets to know the context when the first headers arrive, or when it is logged.
    pub(super) fn create_context(self: &Rc<Self>, stream: &Stream) {
        {
            let mut state = stream.state_mut();
            if state.created || !state.installed || self.vm.is_dead() {
                return;
            }
            state.created = true;
        }
        self.call(
            Callback::ContextCreate,
            stream.context,
            Arguments::Parent(self.root_of(stream.context)),
            drop,
        );
    }

    /// The last callbacks of a stream. Nothing is known of it afterwards.
    pub(super) fn end(self: &Rc<Self>, stream: &Rc<Stream>) {
        if std::mem::replace(&mut stream.state_mut().ended, true) {
            return;
        }
        if stream.state().installed {
            self.flag_at_end(stream);
            self.create_context(stream);
            stream.state_mut().logging = true;
            self.call(Callback::Log, stream.context, Arguments::None, drop);
            stream.state_mut().logging = false;
            // What a stream answers here is ignored: it is deleted at once.
            self.call(Callback::Done, stream.context, Arguments::None, drop);
            self.call(Callback::Delete, stream.context, Arguments::None, drop);
            self.flag_left(stream);
            if self.vm.is_dead() {
                stream.note_trap(self.vm.trap());
            }
        }
        self.streams.borrow_mut().remove(&stream.context);
        self.end_replaced_roots();
    }
}
