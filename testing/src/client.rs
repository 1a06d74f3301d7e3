//! A client of a scenario: what it sends, how fast, and whether it stays.

use crate::Request;
use std::time::Duration;

/// A client that sends a request in its own time, and may go away.
///
/// [`Scenario::request`](crate::Scenario::request) is for one that sends it at once and waits for its response.
///
/// ```
/// use std::time::Duration;
/// use waxwing_testing::{Client, Request, Scenario};
///
/// let upload = Request::post("/upload").chunks(["one", "two", "three"]);
/// let scenario = Scenario::new("an upload that is given up")
///     .client(Client::new(upload).pauses(Duration::from_millis(20)).stops_after_pieces(2).leaves());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Client {
    worker: usize,
    request: Request,
    pub(crate) start: Duration,
    pub(crate) pause: Duration,
    /// After how many pieces of the body it stops, if it does not send all.
    pub(crate) stop: Option<usize>,
    /// How long after the last that it sends it goes away, if it does.
    pub(crate) leave: Option<Duration>,
}

/// Something that a client does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It sends the part of its request with this number: first the headers, then the pieces of the body, then the
    /// trailers or an end of its own.
    Send(usize),
    Leave,
}

impl Client {
    /// A client that sends this request at once, and waits for its response.
    pub fn new(request: Request) -> Self {
        Client { worker: 0, request, start: Duration::ZERO, pause: Duration::ZERO, stop: None, leave: None }
    }

    /// Sets the worker that takes it, the first by default; they are counted from 0.
    pub fn on_worker(mut self, worker: usize) -> Self {
        self.worker = worker;
        self
    }

    /// Lets it begin that much later, which is of use [together](crate::Scenario::together) with others.
    pub fn starts_after(mut self, time: Duration) -> Self {
        self.start = time;
        self
    }

    /// Lets that much time pass before each piece of its body, and before trailers or an end of their own.
    pub fn pauses(mut self, time: Duration) -> Self {
        self.pause = time;
        self
    }

    /// Lets it send the headers of its request only.
    pub fn stops_after_headers(self) -> Self {
        self.stops_after_pieces(0)
    }

    /// Lets it send the headers and so many pieces of the body, and not the end.
    pub fn stops_after_pieces(mut self, pieces: usize) -> Self {
        self.stop = Some(pieces);
        self
    }

    /// Lets it go away when everything has been done about what it has sent, if it has no response by then: the upstream
    /// has seen what the extension lets pass, and what is answered at once is answered.
    ///
    /// The stream is reset, and its last callbacks run. The outcome is [`Outcome::Reset`](crate::Outcome::Reset), and what
    /// the upstream saw of the request stays.
    pub fn leaves(self) -> Self {
        self.leaves_after(Duration::ZERO)
    }

    /// The same, that much later.
    ///
    /// In Envoy that is real time, and some 50 ms more: what is to happen before or after should be that far away.
    pub fn leaves_after(mut self, time: Duration) -> Self {
        self.leave = Some(time);
        self
    }

    /// Which worker takes it, from 0.
    pub fn worker(&self) -> usize {
        self.worker
    }

    /// What it sends, if it sends all of it.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The same with what becomes of its request.
    pub(crate) fn with_request(self, change: impl Fn(Request) -> Request) -> Client {
        Client { request: change(self.request), ..self }
    }

    /// What it does, and when.
    pub(crate) fn deeds(&self) -> Vec<(Duration, Deed)> {
        let Request { body, trailers, .. } = &self.request;
        let all = body.pieces(!trailers.is_empty()).len() + usize::from(!trailers.is_empty());
        let parts = self.stop.unwrap_or(all);
        let mut time = self.start;
        let mut deeds = vec![(time, Deed::Send(0))];
        for part in 1..=parts {
            time = time.saturating_add(self.pause);
            deeds.push((time, Deed::Send(part)));
        }
        deeds.extend(self.leave.map(|leave| (time.saturating_add(leave), Deed::Leave)));
        deeds
    }

    /// Why it cannot do that, if it cannot.
    pub(crate) fn problem(&self) -> Option<String> {
        let stop = self.stop?;
        let pieces = self.request.body_chunks().len();
        let has_length = self.request.headers().get("content-length").is_some();
        if stop > pieces {
            return Some(format!("it has {pieces} pieces of a body, and the client stops after {stop}"));
        }
        if self.request.is_headers_only() || (stop == pieces && has_length && pieces > 0) {
            return Some(
                "the client stops where the request ends: `leaves_after` is for one that has sent all"
                    .to_owned(),
            );
        }
        None
    }
}

impl From<Request> for Client {
    fn from(request: Request) -> Self {
        Client::new(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(10);

    #[test]
    fn each_part_has_its_time() {
        let client = Client::new(Request::post("/").chunks(["a", "b"]).trailer("x-sum", "2"))
            .starts_after(TICK)
            .pauses(TICK);
        let times: Vec<_> = client.deeds().into_iter().map(|(time, _)| time.as_millis()).collect();
        assert_eq!(times, [10, 20, 30, 40]);
        let deeds = client.stops_after_pieces(1).leaves_after(TICK).deeds();
        assert_eq!(deeds, [(TICK, Deed::Send(0)), (TICK * 2, Deed::Send(1)), (TICK * 3, Deed::Leave)]);
    }

    #[test]
    fn it_cannot_stop_where_there_is_nothing_left() {
        assert!(Client::new(Request::get("/")).stops_after_headers().problem().is_some());
        let request = Request::post("/").body("abc");
        assert!(Client::new(request.clone()).stops_after_pieces(1).problem().is_none());
        assert!(Client::new(request.clone()).stops_after_pieces(2).problem().is_some());
        let request = request.header("content-length", "3");
        assert!(Client::new(request).stops_after_pieces(1).problem().is_some());
    }
}
