//! What a client sends while the start of a task ends: before, after and during its body.

use super::ms;
use waxwing_testing::{EndOfStream, Host, HttpStream};

/// What happens from outside, one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Body(&'static str),
    Last(&'static str),
    Trailers,
    /// What the start waits for comes, after ten milliseconds.
    Started,
}
use Step::*;

/// All of them send the body `abcd`, after the headers.
pub(super) const ALL: [&[Step]; 7] = [
    &[Started, Body("ab"), Last("cd")],
    &[Body("ab"), Started, Last("cd")],
    &[Body("ab"), Last("cd"), Started],
    &[Last("abcd"), Started],
    &[Body("a"), Body("b"), Started, Body("c"), Last("d")],
    &[Body("ab"), Body("cd"), Trailers, Started],
    &[Body("ab"), Started, Body("cd"), Trailers],
];

/// Does all of it.
pub(super) fn play(steps: &[Step], host: &Host, stream: &HttpStream) {
    for step in steps {
        match *step {
            Body(piece) => stream.send_request_body(piece, EndOfStream::No),
            Last(piece) => stream.send_request_body(piece, EndOfStream::Yes),
            Trailers => stream.send_request_trailers([("x-end", "1")]),
            Started => host.clock().advance(ms(10)),
        }
    }
}
