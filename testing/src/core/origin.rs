//! What the upstream does with a request that has arrived there.

use super::HostCore;
use super::local_response::LocalReply;
use super::schedule::Due;
use super::stream::Stream;
use crate::scenario::ORIGIN;
use crate::{Answer, HeaderList, Request, Response, cluster};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// What stands for the upstream.
pub(crate) type Origin = Rc<dyn Fn(&Request) -> Answer>;

/// What an upstream does next, and how much time passes before.
pub(super) type Moves = VecDeque<(Duration, Move)>;

/// Something that an upstream does.
#[derive(Debug)]
pub(super) enum Move {
    Respond(Response),
    Headers(HeaderList, bool),
    Body(Vec<u8>, bool),
    Trailers(HeaderList),
    /// It closes the connection.
    Close,
}

impl HostCore {
    /// Lets the origin answer the requests that have arrived there, and what these answers lead to.
    pub(super) fn answer_arrived(self: &Rc<Self>) {
        while let Some(stream) = self.next_arrived() {
            let open = !stream.has_ended() && stream.state().local.is_none();
            if let Some(request) = stream.forwarded_request().filter(|_| open) {
                let answer = (self.settings().origin)(&request);
                cluster::check_answer(ORIGIN, &answer);
                let moves = moves(answer, stream.state().upstream_gets_head());
                stream.state_mut().origin_moves = moves;
                self.move_origin(&stream);
            }
        }
    }

    /// The next moves of the upstream of the stream with this context, for which it is time.
    pub(super) fn go_on_with_origin(self: &Rc<Self>, context: u32) {
        if let Some(stream) = self.stream(context) {
            self.move_origin(&stream);
        }
    }

    fn move_origin(self: &Rc<Self>, stream: &Rc<Stream>) {
        loop {
            let next = {
                let moves = &mut stream.state_mut().origin_moves;
                match moves.front_mut().map(|(delay, _)| std::mem::take(delay)) {
                    None => return,
                    Some(Duration::ZERO) => moves.pop_front().map(|(_, next)| next),
                    Some(delay) => {
                        self.process.schedule.after(delay, self.index, Due::Origin(stream.context));
                        None
                    }
                }
            };
            match next {
                None => return,
                Some(Move::Respond(response)) => self.receive_response(stream, &response),
                Some(Move::Headers(headers, end)) => self.response_headers(stream, headers, end),
                Some(Move::Body(piece, end)) => self.response_body(stream, piece, end),
                Some(Move::Trailers(trailers)) => self.response_trailers(stream, trailers),
                Some(Move::Close) => self.origin_closes(stream),
            }
        }
    }

    /// The upstream has closed its connection before the end of a response.
    pub(crate) fn origin_closes(self: &Rc<Self>, stream: &Rc<Stream>) {
        if stream.has_ended() || stream.state().local.is_some() {
            return;
        }
        if stream.answered().is_some() {
            self.reset(stream, "upstream_reset_after_response_started{connection_termination}");
        } else {
            self.reply(stream, LocalReply::unreachable("connection termination"));
        }
    }

    fn next_arrived(&self) -> Option<Rc<Stream>> {
        self.arrived.borrow_mut().pop_front()
    }
}

/// What an answer consists of. To HEAD no body comes, whatever the upstream would have said.
fn moves(mut answer: Answer, is_head: bool) -> Moves {
    let mut delay = Duration::ZERO;
    loop {
        let (response, pause, breaks_off) = match answer {
            Answer::After(more, then) => {
                delay = delay.saturating_add(more);
                answer = *then;
                continue;
            }
            Answer::Respond(response) => return [(delay, Move::Respond(response))].into(),
            Answer::Slowly(response, pause) => (response, pause, false),
            Answer::BreakOff(response) => (Answer::begun(response), Duration::ZERO, true),
            Answer::Hang => return Moves::new(),
            Answer::Reset | Answer::Refuse => return [(delay, Move::Close)].into(),
        };
        let ends = !breaks_off && (response.is_headers_only() || is_head);
        let mut moves = Moves::from([(delay, Move::Headers(response.headers, ends))]);
        if !ends {
            let cut = breaks_off || !response.trailers.is_empty();
            let pieces = response.body.pieces(cut).into_iter();
            moves.extend(pieces.map(|(piece, end)| (pause, Move::Body(piece, end))));
            if !response.trailers.is_empty() {
                moves.push_back((pause, Move::Trailers(response.trailers)));
            }
        }
        if breaks_off {
            moves.push_back((Duration::ZERO, Move::Close));
        }
        return moves;
    }
}
