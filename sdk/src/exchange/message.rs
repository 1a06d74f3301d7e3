//! Where a message is: the request, or the response.

use super::task::Marks;
use crate::abi::wire::{BufferType, MapType, StreamType};
use core::cell::Cell;

/// One direction of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Request,
    Response,
}

impl Direction {
    pub(super) const fn headers(self) -> MapType {
        match self {
            Direction::Request => MapType::HTTP_REQUEST_HEADERS,
            Direction::Response => MapType::HTTP_RESPONSE_HEADERS,
        }
    }

    pub(super) const fn trailers(self) -> MapType {
        match self {
            Direction::Request => MapType::HTTP_REQUEST_TRAILERS,
            Direction::Response => MapType::HTTP_RESPONSE_TRAILERS,
        }
    }

    pub(super) const fn body(self) -> BufferType {
        match self {
            Direction::Request => BufferType::HTTP_REQUEST_BODY,
            Direction::Response => BufferType::HTTP_RESPONSE_BODY,
        }
    }

    pub(crate) const fn stream(self) -> StreamType {
        match self {
            Direction::Request => StreamType::HTTP_REQUEST,
            Direction::Response => StreamType::HTTP_RESPONSE,
        }
    }
}

/// A message as far as it has come, and what the function wants of it.
#[derive(Debug, Default)]
pub(crate) struct Message {
    marks: Cell<Marks>,
    /// The bytes of the body that the host shows: those that it holds back, and the last that came.
    size: Cell<usize>,
    /// How many of them the function has seen.
    seen: Cell<usize>,
    /// The most that the function wants as a whole.
    limit: Cell<usize>,
}

/// A part of a message has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Headers {
        ends: bool,
    },
    Body {
        size: usize,
        ends: bool,
    },
    Trailers,
    /// The exchange is over, and can be logged: a part of the response.
    End,
}

/// What a function that wants the whole body gets.
pub(super) enum Whole {
    Complete,
    /// It is larger than this.
    TooLarge(usize),
    Incomplete,
}

impl Message {
    #[inline]
    pub(super) fn has(&self, marks: Marks) -> bool {
        self.marks.get().intersects(marks)
    }

    #[inline]
    pub(super) fn mark(&self, marks: Marks) {
        self.marks.set(self.marks.get().with(marks));
    }

    #[inline]
    pub(super) fn unmark(&self, marks: Marks) {
        self.marks.set(self.marks.get().without(marks));
    }

    /// Notes what has arrived, and says whether the function waits for it.
    pub(super) fn arrive(&self, part: Part) -> bool {
        match part {
            Part::Headers { ends } => {
                self.mark(Marks::HEADERS);
                if ends {
                    self.mark(Marks::ENDED.with(Marks::LAST_SEEN));
                }
                self.has(Marks::WANTS_HEADERS)
            }
            Part::Body { size, ends } => {
                self.mark(Marks::BODY);
                self.size.set(size);
                if ends {
                    self.mark(Marks::ENDED);
                }
                (self.has(Marks::WANTS_PIECE) && (ends || size > self.seen.get()))
                    || (self.has(Marks::WANTS_WHOLE) && (ends || size > self.limit.get()))
                    || (self.has(Marks::WANTS_TRAILERS) && ends)
            }
            Part::End => {
                let wants = self.has(Marks::WANTS_END) && !self.has(Marks::OVER);
                self.mark(Marks::OVER);
                wants
            }
            Part::Trailers => {
                // Nothing can be added to a body any more.
                self.mark(Marks::TRAILERS.with(Marks::ENDED).with(Marks::LAST_SEEN));
                self.has(Marks::WANTS_PIECE.with(Marks::WANTS_WHOLE).with(Marks::WANTS_TRAILERS))
            }
        }
    }

    /// Forgets what the function wanted: what it wants now it says when it is polled.
    #[inline]
    pub(super) fn forget_wants(&self) {
        self.unmark(Marks::WANTS);
    }

    /// Whether what the host shows now may go on.
    pub(super) fn is_open(&self) -> bool {
        // What is wanted as a whole begins with its first piece: until then its headers stand in the way.
        self.has(Marks::RELEASED.with(Marks::WANTS_PIECE).with(Marks::WANTS_TRAILERS))
            || (self.has(Marks::WANTS_WHOLE) && !self.has(Marks::BODY))
    }

    /// Notes that the host holds it back.
    #[inline]
    pub(super) fn hold(&self) {
        self.mark(Marks::HELD);
    }

    /// Notes that the host lets go what it shows. True if that was held back.
    #[inline]
    pub(super) fn let_go(&self) -> bool {
        let was_held = self.has(Marks::HELD);
        self.marks.set(self.marks.get().without(Marks::HELD).with(Marks::BEGUN));
        self.size.set(0);
        self.seen.set(0);
        was_held
    }

    /// The next piece of the body, as its place among the bytes that the host shows; `None` if it is not there.
    pub(super) fn next_piece(&self) -> Option<(usize, usize)> {
        let (start, end) = (self.seen.get(), self.size.get());
        let is_last = self.has(Marks::ENDED) && !self.has(Marks::LAST_SEEN);
        if end <= start && !is_last {
            return None;
        }
        if is_last {
            self.mark(Marks::LAST_SEEN);
        }
        self.seen.set(end);
        Some((start, end.saturating_sub(start)))
    }

    /// Notes that a piece which the function has seen has another length now.
    pub(super) fn resize(&self, old: usize, new: usize) {
        for cell in [&self.size, &self.seen] {
            cell.set(cell.get().saturating_sub(old).saturating_add(new));
        }
    }

    pub(super) fn set_limit(&self, limit: usize) {
        self.limit.set(limit);
    }

    pub(super) fn limit(&self) -> usize {
        self.limit.get()
    }

    /// How much of the body the host shows.
    pub(super) fn size(&self) -> usize {
        self.size.get()
    }

    /// Notes that the body has another length now.
    pub(super) fn set_size(&self, size: usize) {
        self.size.set(size);
        self.seen.set(size);
    }

    /// Notes that the function has all of the body.
    pub(super) fn see_all(&self) {
        self.mark(Marks::LAST_SEEN);
        self.seen.set(self.size.get());
    }

    pub(super) fn whole(&self) -> Whole {
        if self.size.get() > self.limit.get() {
            Whole::TooLarge(self.limit.get())
        } else if self.has(Marks::ENDED) {
            Whole::Complete
        } else {
            Whole::Incomplete
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_that_are_held_back_are_seen_once_each() {
        let message = Message::default();
        assert!(!message.arrive(Part::Headers { ends: false }));
        message.mark(Marks::WANTS_PIECE);
        assert!(!message.arrive(Part::Body { size: 0, ends: false }));
        assert!(message.arrive(Part::Body { size: 3, ends: false }));
        assert_eq!((message.next_piece(), message.next_piece()), (Some((0, 3)), None));
        // The function waits for something else: the host shows both pieces.
        message.forget_wants();
        message.hold();
        message.resize(3, 5);
        assert!(!message.arrive(Part::Body { size: 9, ends: true }));
        assert_eq!((message.next_piece(), message.next_piece()), (Some((5, 4)), None));
        assert!(message.let_go() && !message.let_go());
    }

    #[test]
    fn the_last_piece_may_be_empty_and_is_there_unless_the_end_came_without_one() {
        let message = Message::default();
        message.arrive(Part::Body { size: 0, ends: true });
        assert_eq!((message.next_piece(), message.next_piece()), (Some((0, 0)), None));
        for part in [Part::Headers { ends: true }, Part::Trailers] {
            let message = Message::default();
            message.arrive(part);
            assert_eq!(message.next_piece(), None);
        }
    }
}
