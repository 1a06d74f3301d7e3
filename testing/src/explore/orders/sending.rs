//! A message on its way into the proxy, cut into parts.

use super::choice::Choices;
use crate::http::Parts;
use crate::{HeaderList, Request};
use std::collections::VecDeque;

/// A message that is being sent.
#[derive(Debug)]
pub(super) struct Sending {
    /// How the body is cut without a search: the lengths of what is left of it.
    planned: VecDeque<usize>,
    rest: Vec<u8>,
    trailers: HeaderList,
    ends: VecDeque<End>,
    begun: bool,
    pieces: usize,
    ended: bool,
}

/// How a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// On its headers, or on the last piece of its body.
    OnTheLast,
    /// On an empty piece.
    OnAnEmptyPiece,
    /// On trailers.
    OnTrailers,
    /// It does not: the sender closes the connection.
    BreaksOff,
    /// It does not: the sender sends no more.
    Stops,
}

/// A part of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Headers {
        end: bool,
    },
    Piece {
        piece: Vec<u8>,
        end: bool,
    },
    Trailers(HeaderList),
    /// What is there instead of an end.
    BreakOff,
}

impl Sending {
    /// A message. If it `may_have_a_body`, it can end in other ways than it does.
    pub(super) fn new(message: Parts<'_>, may_have_a_body: bool) -> Self {
        let absent = message.body.is_absent() || !may_have_a_body;
        let ends = match (may_have_a_body, message.trailers.is_empty(), message.body.empty_end) {
            (false, ..) => vec![End::OnTheLast],
            (true, false, _) => vec![End::OnTrailers],
            (true, true, false) => vec![End::OnTheLast, End::OnAnEmptyPiece, End::OnTrailers],
            (true, true, true) => vec![End::OnAnEmptyPiece, End::OnTheLast, End::OnTrailers],
        };
        let trailers = match message.trailers.is_empty() {
            true => [(ADDED_TRAILER, "1")].into_iter().collect(),
            false => message.trailers.clone(),
        };
        Sending {
            planned: match absent {
                true => VecDeque::new(),
                false => message.body.chunks.iter().map(Vec::len).collect(),
            },
            rest: if absent { Vec::new() } else { message.body.to_bytes() },
            trailers,
            ends: ends.into(),
            begun: false,
            pieces: 0,
            ended: false,
        }
    }

    /// A message that breaks off behind its body.
    pub(super) fn breaking_off(message: Parts<'_>) -> Self {
        Sending { ends: [End::BreaksOff].into(), ..Sending::new(message, true) }
    }

    /// A message behind whose body nothing comes.
    pub(super) fn stopping(message: Parts<'_>) -> Self {
        Sending { ends: [End::Stops].into(), ..Sending::new(message, true) }
    }

    /// A message that breaks off before it has begun.
    pub(super) fn nothing() -> Self {
        Sending { begun: true, ..Sending::breaking_off(Request::get("/").parts()) }
    }

    /// A message that never comes.
    pub(super) fn never() -> Self {
        Sending { ended: true, ..Sending::nothing() }
    }

    /// Whether it stops before its end.
    pub(super) fn stops(&self) -> bool {
        self.end() == End::Stops
    }

    /// Whether all of it has been sent.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The next part.
    pub(super) fn next(&mut self, choices: &mut Choices) -> Part {
        if !std::mem::replace(&mut self.begun, true) {
            let chosen = choices.of(self.ends.len());
            self.ends.swap(0, chosen);
            self.ended = self.is_last();
            return Part::Headers { end: self.is_end() };
        }
        if let Some(planned) = self.planned.pop_front() {
            let piece = self.cut(planned, choices);
            self.ended = self.is_last();
            return Part::Piece { piece, end: self.is_end() };
        }
        self.ended = true;
        match self.end() {
            End::OnTheLast | End::OnAnEmptyPiece => Part::Piece { piece: Vec::new(), end: true },
            End::OnTrailers => Part::Trailers(self.trailers.clone()),
            End::BreaksOff | End::Stops => Part::BreakOff,
        }
    }

    fn end(&self) -> End {
        self.ends.front().copied().unwrap_or(End::OnTheLast)
    }

    /// Whether nothing comes behind what was taken.
    fn is_last(&self) -> bool {
        self.planned.is_empty() && matches!(self.end(), End::OnTheLast | End::Stops)
    }

    /// Whether the message ends with what was taken.
    fn is_end(&self) -> bool {
        self.ended && self.end() == End::OnTheLast
    }

    /// Cuts a piece off, of this length unless another one is chosen.
    fn cut(&mut self, planned: usize, choices: &mut Choices) -> Vec<u8> {
        self.pieces += 1;
        let length = match self.pieces {
            _ if planned == 0 => 0,
            PIECES_MAX.. => self.rest.len(),
            _ => match choices.length(self.rest.len()) {
                0 => planned,
                other if other < planned => other,
                other => other + 1,
            },
        };
        // Borders that it has passed are none any more; the rest of a piece is one.
        let mut over = length;
        let mut left = planned;
        while over > left {
            over -= left;
            left = self.planned.pop_front().unwrap_or(over);
        }
        if left > over {
            self.planned.push_front(left - over);
        }
        let rest = self.rest.split_off(length.min(self.rest.len()));
        std::mem::replace(&mut self.rest, rest)
    }
}

/// The trailer of messages that end with trailers and had none. It is not looked at when messages are compared.
pub(super) const ADDED_TRAILER: &str = "x-added-trailer";
/// A body arrives in that many pieces at most.
const PIECES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(request: &Request, choices: &[usize]) -> Vec<Part> {
        let mut sending = Sending::new(request.parts(), true);
        let mut choices = Choices::given(choices.to_vec());
        let mut parts = Vec::new();
        while !sending.has_ended() {
            parts.push(sending.next(&mut choices));
        }
        parts
    }

    fn piece(piece: &str, end: bool) -> Part {
        Part::Piece { piece: piece.into(), end }
    }

    #[test]
    fn without_a_choice_a_message_comes_as_it_is() {
        let request = Request::post("/").chunks(["ab", "", "c"]);
        let headers = Part::Headers { end: false };
        assert_eq!(parts(&request, &[]), [headers, piece("ab", false), piece("", false), piece("c", true)]);
        assert_eq!(parts(&Request::get("/"), &[]), [Part::Headers { end: true }]);
        let request = Request::post("/").body("a").empty_end();
        assert_eq!(parts(&request, &[])[1..], [piece("a", false), piece("", true)]);
        let request = Request::post("/").body("a").trailer("t", "1");
        assert_eq!(
            parts(&request, &[])[1..],
            [piece("a", false), Part::Trailers([("t", "1")].into_iter().collect())]
        );
    }

    #[test]
    fn a_body_is_cut_anywhere_also_across_its_borders() {
        let request = Request::post("/").chunks(["abc", "de"]);
        assert_eq!(parts(&request, &[0, 1])[1..], [piece("a", false), piece("bc", false), piece("de", true)]);
        assert_eq!(parts(&request, &[0, 3])[1..], [piece("abcd", false), piece("e", true)]);
        assert_eq!(parts(&request, &[0, 4])[1..], [piece("abcde", true)]);
        let bytes = parts(&request, &[0, 1, 1, 0, 1]);
        assert_eq!(
            bytes[1..],
            [("a", false), ("b", false), ("c", false), ("d", false), ("e", true)].map(|(a, b)| piece(a, b))
        );
    }

    #[test]
    fn a_message_ends_on_its_last_part_on_an_empty_piece_or_on_trailers() {
        let request = Request::post("/").body("a");
        assert_eq!(parts(&request, &[1])[1..], [piece("a", false), piece("", true)]);
        let trailers = Part::Trailers([(ADDED_TRAILER, "1")].into_iter().collect());
        assert_eq!(parts(&request, &[2])[1..], [piece("a", false), trailers]);
        let request = Request::get("/");
        assert_eq!(parts(&request, &[1]), [Part::Headers { end: false }, piece("", true)]);
    }

    #[test]
    fn a_message_stops_or_breaks_off_behind_its_body() {
        let request = Request::post("/").chunks(["a", "b"]);
        let all = |mut sending: Sending| {
            let mut choices = Choices::given(Vec::new());
            std::iter::from_fn(|| (!sending.has_ended()).then(|| sending.next(&mut choices)))
                .collect::<Vec<_>>()
        };
        let begun = [Part::Headers { end: false }, piece("a", false), piece("b", false)];
        assert_eq!(all(Sending::stopping(request.parts())), begun);
        let broken = all(Sending::breaking_off(request.parts()));
        assert_eq!((&broken[..3], &broken[3..]), (&begun[..], &[Part::BreakOff][..]));
        assert_eq!(all(Sending::nothing()), [Part::BreakOff]);
        assert_eq!(all(Sending::never()), []);
    }

    #[test]
    fn a_long_body_has_a_limited_number_of_pieces() {
        let request = Request::post("/").body(vec![b'a'; 1000]);
        let choices: Vec<usize> = std::iter::once(0).chain(std::iter::repeat_n(1, 1000)).collect();
        let parts = parts(&request, &choices);
        assert_eq!(parts.len(), 1 + PIECES_MAX);
        let Some(Part::Piece { piece, end: true }) = parts.last() else { panic!("{parts:?}") };
        assert_eq!(piece.len(), 1000 - (PIECES_MAX - 1));
    }
}
