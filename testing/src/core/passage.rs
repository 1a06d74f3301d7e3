//! The way of a message: to the guest, held back, forwarded.

use super::direction::{DataStatus, Iteration, Shown, Side};
use super::local_response::LocalReply;
use super::stream::Stream;
use super::{HostCore, requirement};
use crate::HeaderList;
use crate::misuse::Misuse;
use crate::phase::Phase;
use crate::route;
use std::rc::Rc;

impl HostCore {
    /// Goes on with a direction that is held back.
    pub(super) fn continue_stream(self: &Rc<Self>, stream: &Rc<Stream>, side: Side) {
        if stream.is_over(side) {
            stream.journal.host(format!("the {} is over: nothing is resumed", side.name()));
        } else if stream.state().direction(side).iteration == Iteration::Continue {
            // An assertion in a debug build of Envoy, and in a release build nothing, or worse.
            let begun = stream.state().direction(side).headers.is_some();
            let what = if begun { "was not paused: ignored" } else { "has not begun: Envoy 1.40 crashes" };
            self.flag(stream, Misuse::NotPaused, format!("the {} is resumed and {what}", side.name()));
        } else {
            self.resume(stream, side);
        }
    }

    pub(super) fn headers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, headers: HeaderList, end: bool) {
        if stream.is_over(side) {
            return;
        }
        {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            direction.complete = end;
            direction.headers = Some(headers);
        }
        let iteration = self.filter(stream, side, || self.filter_headers(stream, side, end));
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

    pub(super) fn data(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, piece: Vec<u8>, end: bool) {
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
        let filtered = self.filter(stream, side, || self.filter_data(stream, side, shown, end));
        let Some((status, piece)) = filtered else { return };
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

    pub(super) fn trailers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, trailers: HeaderList) {
        if stream.is_over(side) {
            return;
        }
        if !self.shows_trailers(side) {
            // For the extension the body ends here, and they go past it.
            stream.state_mut().direction_mut(side).unseen_trailers = Some(trailers);
            return self.data(stream, side, Vec::new(), true);
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

    /// Runs the callbacks of a request so that an answer to it waits until they have returned.
    fn filter<T>(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, callback: impl FnOnce() -> T) -> T {
        if side == Side::Response {
            return callback();
        }
        stream.state_mut().decoding = true;
        let result = callback();
        stream.state_mut().decoding = false;
        let prepared = stream.state_mut().prepared.take();
        if let Some(reply) = prepared {
            self.reply(stream, reply);
        }
        result
    }

    fn show_trailers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side) {
        let passes = self.filter(stream, side, || self.filter_trailers(stream, side));
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
            // What comes next is shown, and goes on, by itself.
            direction.buffering = false;
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
        let limit = self.settings().buffer_limit;
        if stream.state_mut().direction_mut(side).hold(piece, limit) {
            return true;
        }
        stream.journal.host(format!("the {} body is larger than the limit of {limit} bytes", side.name()));
        self.reply(stream, LocalReply::too_large(side));
        false
    }

    fn forward_headers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, end: bool) {
        let flaw = {
            let mut state = stream.state_mut();
            let mut headers = state.direction(side).headers.clone().unwrap_or_default();
            if side == Side::Request {
                // It is chosen anew if the headers have changed, so that the last ones count.
                let name = route::name(&self.settings().routes, &headers);
                if !name.is_empty() {
                    headers.add(route::TAKEN, name);
                }
                name.clone_into(&mut state.route);
            }
            let flaw = requirement::flaw(side, &headers);
            if flaw.is_none() {
                let direction = state.direction_mut(side);
                direction.forwarded.headers = Some(headers);
                direction.forwarded.ended = end;
            }
            flaw
        };
        if let Some(flaw) = flaw {
            stream.journal.host(format!("the {} cannot go on: {}", side.name(), flaw.text()));
            self.reply(stream, LocalReply::flawed(side, &flaw));
            return;
        }
        stream.journal.host(format!("{} headers forwarded{}", side.name(), end_text(end)));
        self.forwarded(stream, side, end);
    }

    fn forward_data(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, piece: Vec<u8>, end: bool) {
        let size = piece.len();
        {
            let mut state = stream.state_mut();
            let has_body = side == Side::Request || state.client_gets_body();
            let direction = state.direction_mut(side);
            let unseen = direction.unseen_trailers.take_if(|_| end).filter(|_| has_body);
            let forwarded = &mut direction.forwarded;
            if forwarded.ended || (piece.is_empty() && !end) {
                return;
            }
            if has_body && (unseen.is_none() || !piece.is_empty()) {
                forwarded.push(piece, end && unseen.is_none());
            }
            forwarded.trailers = unseen;
            forwarded.ended = end;
        }
        stream.journal.host(format!("{} body forwarded, {size} bytes{}", side.name(), end_text(end)));
        self.forwarded(stream, side, end);
    }

    fn forward_trailers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side) {
        {
            let mut state = stream.state_mut();
            let has_body = side == Side::Request || state.client_gets_body();
            let direction = state.direction_mut(side);
            if direction.forwarded.ended {
                return;
            }
            direction.forwarded.trailers = direction.trailers.clone().filter(|_| has_body);
            direction.forwarded.ended = true;
        }
        stream.journal.host(format!("{} trailers forwarded", side.name()));
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
}

fn end_text(end: bool) -> &'static str {
    if end { ", end of stream" } else { "" }
}
