//! What an order may change of what is seen from outside: nothing.

use super::client::Seen;
use super::play::Played;
use super::sending::ADDED_TRAILER;
use crate::explore::problem::Problem;
use crate::log::LogLine;
use crate::run::Run;
use crate::{Exchange, Request, Response, difference};

/// What is seen of a run from outside and should not be: a request that comes through and should not, or another difference
/// from the plain run.
///
/// What cuts bodies into pieces, how they end and what happens meanwhile must not be seen behind the extension. A client
/// that went away is not compared. If the whole response was there before the whole request, the upstream has the
/// beginning of the request, and what was logged may differ.
pub(super) fn problem(plain: &Played, played: &Played) -> Option<Problem> {
    let seen = plain.seen.iter().zip(&played.seen);
    if let Some(at) = seen
        .clone()
        .position(|(expected, actual)| actual.is_forwarded && !expected.is_forwarded && !expected.may_leave)
    {
        let request = plain.run[at].sent();
        return Some(Problem::FailOpen(format!(
            "request {} ({}) reached the upstream, which it does not in the plain run",
            at + 1,
            request.line()
        )));
    }
    let differences = differences(plain, played);
    (!differences.is_empty()).then_some(Problem::Difference(differences))
}

/// How the exchanges differ that are compared; nothing if they do not.
fn differences(plain: &Played, played: &Played) -> String {
    let mut pairs = Vec::new();
    for (at, (expected, actual)) in plain.run.exchanges().iter().zip(played.run.exchanges()).enumerate() {
        let (expected, actual) = (View::of(expected, &plain.seen[at]), View::of(actual, &played.seen[at]));
        if !plain.seen[at].may_leave && !actual.has_left() && !expected.equals(&actual) {
            pairs.push((at, expected.compared_with(&actual), actual.compared_with(&actual)));
        }
    }
    if pairs.is_empty() {
        return String::new();
    }
    // The others are in it with nothing that differs, for the numbers.
    let (mut left, mut right) = (plain.run.exchanges().to_vec(), plain.run.exchanges().to_vec());
    for (at, expected, actual) in pairs {
        left[at] = expected;
        right[at] = actual;
    }
    let [left, right] = [left, right].map(|exchanges| Run { exchanges, ..Run::default() });
    difference::runs(("plain run", &left), ("this order", &right), false)
}

/// An exchange from outside.
struct View<'a> {
    exchange: &'a Exchange,
    context: u32,
    /// What the upstream received, if that is the whole of it.
    forwarded: Option<&'a Request>,
    /// What it received so far, if it is not.
    begun: Option<&'a Request>,
    response: Option<&'a Response>,
    is_disturbed: bool,
}

impl<'a> View<'a> {
    fn of(exchange: &'a Exchange, seen: &Seen) -> Self {
        let (forwarded, response, _) = exchange.observable();
        View {
            exchange,
            context: seen.context,
            forwarded: forwarded.filter(|_| seen.is_forwarded),
            begun: forwarded.filter(|_| !seen.is_forwarded),
            response,
            is_disturbed: seen.is_disturbed,
        }
    }

    fn has_left(&self) -> bool {
        self.is_disturbed && self.response.is_none()
    }

    fn equals(&self, actual: &View<'_>) -> bool {
        let response = |view: &View<'_>| view.response.map(without_added_trailer_of_response);
        if response(self) != response(actual) {
            return false;
        }
        if actual.is_disturbed {
            return self.begins_like(actual);
        }
        self.forwarded.map(without_added_trailer) == actual.forwarded.map(without_added_trailer)
            && self.lines() == actual.lines()
    }

    /// Whether the upstream has received the beginning of this request, of which it did not need more.
    fn begins_like(&self, actual: &View<'_>) -> bool {
        match (self.forwarded, actual.begun.or(actual.forwarded)) {
            (Some(expected), Some(actual)) => {
                expected.headers == actual.headers && expected.body_bytes().starts_with(&actual.body_bytes())
            }
            // What is refused in the end may have begun.
            (None, _) => actual.forwarded.is_none(),
            (Some(_), None) => false,
        }
    }

    /// What was logged, with the id of the context in a form that is the same for all.
    fn lines(&self) -> Vec<LogLine> {
        let mut lines = self.exchange.logs().lines().to_vec();
        for line in &mut lines {
            line.message = without_context(&line.message, self.context);
        }
        lines
    }

    /// As it is compared with what was `actual`ly seen.
    fn compared_with(&self, actual: &View<'_>) -> Exchange {
        let mut forwarded = self.forwarded.map(without_added_trailer);
        if actual.is_disturbed {
            // That which both have to begin with is no difference.
            forwarded = if self.begins_like(actual) { None } else { forwarded.or(self.begun.cloned()) };
        }
        let logs = match actual.is_disturbed {
            true => Vec::new(),
            false => self.lines(),
        };
        let response = self.response.map(without_added_trailer_of_response);
        Exchange::observed(self.exchange.sent().clone(), forwarded, response, logs)
    }
}

/// A line in which the id of its context, which depends on how many there were before, stands as `context N`.
fn without_context(line: &str, context: u32) -> String {
    let name = format!("context {context}");
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(&name) {
        text += before;
        text += if after.starts_with(|next: char| next.is_ascii_digit()) { &name } else { "context N" };
        rest = after;
    }
    text + rest
}

fn without_added_trailer(request: &Request) -> Request {
    let mut request = request.clone();
    request.trailers.remove(ADDED_TRAILER);
    request.body = whole(&request.body_bytes());
    request.properties.clear();
    request
}

fn without_added_trailer_of_response(response: &Response) -> Response {
    let mut response = response.clone();
    response.trailers.remove(ADDED_TRAILER);
    response.body = whole(&response.body_bytes());
    response
}

/// A body in one piece, so that only its bytes count.
fn whole(body: &[u8]) -> crate::http::Body {
    let chunks = if body.is_empty() { Vec::new() } else { vec![body.to_vec()] };
    crate::http::Body { chunks, empty_end: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_context_does_not_count() {
        let line = "on_log (context 3): context 3 is not context 31, nor 3";
        assert_eq!(without_context(line, 3), "on_log (context N): context N is not context 31, nor 3");
    }
}
