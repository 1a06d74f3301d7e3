//! An HTTP stream, step by step.

mod unfinished;

use crate::attempt::{Hang, Stop};
use crate::callout::Callout;
use crate::core::{HostCore, Side, Stream};
use crate::evidence::Evidence;
use crate::exchange::{Exchange, Outcome};
use crate::phase::{EndOfStream, Phase};
use crate::seen::Seen;
use crate::timeline::{Timeline, Written};
use crate::worker::Worker;
use crate::{Request, Response, failure};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// A stream of a [`Host`](crate::Host): a request and its response, under way.
///
/// From [`Host::open`](crate::Host::open) it has sent its request, and the origin answers; from
/// [`Host::begin`](crate::Host::begin) the test sends every part of both messages itself. What a stream is asked
/// before it has ended is what happened so far.
///
/// Dropping it leaves the stream open, as a client does that waits.
#[derive(Clone)]
pub struct HttpStream {
    worker: Worker,
    vm: Rc<HostCore>,
    stream: Rc<Stream>,
}

impl HttpStream {
    #[track_caller]
    pub(crate) fn new(worker: Worker, origin_answers: bool) -> Self {
        assert!(worker.core().vm().is_running(), "this host has been shut down: it takes no more streams");
        let (vm, stream) = worker.core().begin(origin_answers);
        worker.process().check();
        HttpStream { worker, vm, stream }
    }

    /// The client sends a whole request, piece by piece.
    ///
    /// # Panics
    ///
    /// If it has sent request headers before.
    #[track_caller]
    pub fn send_request(&self, request: &Request) {
        self.check_nothing_sent();
        self.drive(|core| core.receive_request(&self.stream, request));
    }

    /// The client sends the headers of `request`, and nothing else of it.
    ///
    /// # Panics
    ///
    /// If it has sent request headers before.
    #[track_caller]
    pub fn send_request_headers(&self, request: &Request, end: EndOfStream) {
        self.check_nothing_sent();
        self.drive(|core| core.request_headers(&self.stream, request, end.is_yes()));
    }

    /// The client sends a piece of the request's body.
    ///
    /// # Panics
    ///
    /// If there are no request headers yet, or the request has ended.
    #[track_caller]
    pub fn send_request_body(&self, piece: impl Into<Vec<u8>>, end: EndOfStream) {
        self.check_request_open();
        self.drive(|core| core.request_body(&self.stream, piece.into(), end.is_yes()));
    }

    /// The client sends trailers, which end the request.
    ///
    /// # Panics
    ///
    /// If there are no request headers yet, or the request has ended.
    #[track_caller]
    pub fn send_request_trailers<N, V>(&self, trailers: impl IntoIterator<Item = (N, V)>)
    where
        N: Into<Vec<u8>>,
        V: Into<Vec<u8>>,
    {
        self.check_request_open();
        self.drive(|core| core.request_trailers(&self.stream, trailers.into_iter().collect()));
    }

    /// The client sends HTTP/2 METADATA with so many entries, which no guest can read.
    ///
    /// # Panics
    ///
    /// If the request has no headers yet, or has ended.
    #[track_caller]
    pub fn send_request_metadata(&self, entries: usize) {
        self.check_request_open();
        self.drive(|core| core.metadata(&self.stream, Side::Request, entries));
    }

    /// The upstream sends HTTP/2 METADATA with so many entries.
    ///
    /// # Panics
    ///
    /// If there are no response headers yet, or the response has ended.
    #[track_caller]
    pub fn send_response_metadata(&self, entries: usize) {
        self.check_response_open();
        self.drive(|core| core.metadata(&self.stream, Side::Response, entries));
    }

    /// The upstream sends a whole response, piece by piece.
    ///
    /// # Panics
    ///
    /// If it has sent response headers before.
    #[track_caller]
    pub fn send_response(&self, response: &Response) {
        self.check_not_answered();
        self.drive(|core| core.receive_response(&self.stream, response));
    }

    /// The upstream sends the headers of `response`, and nothing else of it. It may do so before the request
    /// has ended, or, in place of another filter, without having seen it.
    ///
    /// # Panics
    ///
    /// If it has sent response headers before.
    #[track_caller]
    pub fn send_response_headers(&self, response: &Response, end: EndOfStream) {
        self.check_not_answered();
        self.drive(|core| core.response_headers(&self.stream, response.headers().clone(), end.is_yes()));
    }

    /// The upstream sends a piece of the response's body. Once the client has been answered in its place, it
    /// goes nowhere.
    ///
    /// # Panics
    ///
    /// If there are no response headers yet, or the response has ended.
    #[track_caller]
    pub fn send_response_body(&self, piece: impl Into<Vec<u8>>, end: EndOfStream) {
        self.check_response_open();
        self.drive(|core| core.response_body(&self.stream, piece.into(), end.is_yes()));
    }

    /// The upstream sends trailers, which end the response.
    ///
    /// # Panics
    ///
    /// If there are no response headers yet, or the response has ended.
    #[track_caller]
    pub fn send_response_trailers<N, V>(&self, trailers: impl IntoIterator<Item = (N, V)>)
    where
        N: Into<Vec<u8>>,
        V: Into<Vec<u8>>,
    {
        self.check_response_open();
        self.drive(|core| core.response_trailers(&self.stream, trailers.into_iter().collect()));
    }

    /// The client goes away; the stream ends without a response.
    #[track_caller]
    pub fn disconnect(&self) {
        self.drive(|core| core.disconnect(&self.stream));
    }

    /// The id of its context.
    pub fn context(&self) -> u32 {
        self.stream.context
    }

    /// The callback that holds it back; the request's if both directions are held.
    pub fn paused_at(&self) -> Option<Phase> {
        self.stream.paused_at()
    }

    /// Asserts that it is held back by this callback.
    #[track_caller]
    pub fn assert_paused(&self, phase: Phase) -> &Self {
        match self.paused_at() {
            Some(actual) if actual == phase => self,
            Some(actual) => {
                let problem = format!("expected a pause in {phase:?}, it is paused in {actual:?}");
                self.evidence().fail(&problem, Some(&Written::Pause))
            }
            None if self.has_ended() => {
                self.fail(&format!("expected a pause in {phase:?}, but the stream has ended"))
            }
            None => self.fail(&format!("expected a pause in {phase:?}, but the stream is not paused")),
        }
    }

    /// Asserts that nothing holds it back.
    #[track_caller]
    pub fn assert_flowing(&self) -> &Self {
        match self.paused_at() {
            Some(actual) => {
                let problem = format!("expected no pause, it is paused in {actual:?}");
                self.evidence().fail(&problem, Some(&Written::Pause))
            }
            None => self,
        }
    }

    /// The callouts that it has made and that have not been answered.
    pub fn waiting_on(&self) -> Vec<Callout> {
        self.vm.open_callouts(Some(self.context()))
    }

    /// Whether it has ended: the response is complete, or it was reset.
    pub fn has_ended(&self) -> bool {
        self.stream.has_ended()
    }

    /// What is held back of the request's body.
    pub fn buffered_request_body(&self) -> Vec<u8> {
        self.stream.buffered(Side::Request)
    }

    /// What is held back of the response's body.
    pub fn buffered_response_body(&self) -> Vec<u8> {
        self.stream.buffered(Side::Response)
    }

    /// Whether the upstream has received anything of the request.
    pub fn reached_upstream(&self) -> bool {
        self.stream.forwarded_request().is_some()
    }

    /// Asserts that the upstream has received nothing of the request so far.
    ///
    /// # Panics
    ///
    /// If it has received something.
    #[track_caller]
    pub fn assert_not_forwarded(&self) -> &Self {
        if self.reached_upstream() {
            self.evidence().fail("the request reached the upstream", Some(&Written::Forwarded));
        }
        self
    }

    /// The request, as far as the upstream has received it.
    ///
    /// # Panics
    ///
    /// If it has received nothing.
    #[track_caller]
    pub fn upstream_request(&self) -> Seen<Request> {
        match self.stream.forwarded_request() {
            Some(request) => Seen::new(request, Arc::new(self.evidence()), ""),
            None => self.evidence().fail("the request did not reach the upstream", Some(&Written::Pause)),
        }
    }

    /// The response, as far as the client has received it.
    ///
    /// # Panics
    ///
    /// If it has received nothing.
    #[track_caller]
    pub fn response(&self) -> Seen<Response> {
        match self.stream.forwarded_response() {
            Some(response) => Seen::new(response, Arc::new(self.evidence()), &self.stream.details()),
            None => self.fail("the client has received nothing"),
        }
    }

    /// The response, as far as the client has received it, if it is not the upstream's.
    ///
    /// # Panics
    ///
    /// If it is, or if the client has received nothing.
    #[track_caller]
    pub fn local_response(&self) -> Seen<Response> {
        match self.stream.outcome() {
            Outcome::Local | Outcome::FailedClosed => self.response(),
            outcome => {
                let came = match outcome {
                    Outcome::Reset if !self.has_ended() => "the stream has not ended",
                    outcome => outcome.what_came(),
                };
                let problem = format!("there is no local response: {came}");
                self.evidence().fail(&problem, Some(&Written::LocalResponse))
            }
        }
    }

    /// The callbacks and host calls so far.
    pub fn timeline(&self) -> Timeline {
        Timeline::new(self.stream.journal.events())
    }

    /// The whole exchange. If the extension has paused the stream, time passes, from one event to the next,
    /// until it goes on: ticks, answers and timeouts of callouts.
    ///
    /// # Panics
    ///
    /// If it does not end: nothing that is pending resumes it, within an hour and 10,000 events, or the test has
    /// not sent all of it.
    #[track_caller]
    pub fn finish(&self) -> Exchange {
        let finished = self.try_finish();
        if !matches!(finished, Err(Stop::Failed(_))) {
            // A misuse is a reason for what comes of it.
            self.worker.process().check();
        }
        match finished {
            Ok(exchange) => exchange,
            Err(Stop::Failed(problem)) => self.fail(&problem),
            Err(stop) => failure::fail(&stop.to_string()),
        }
    }

    /// The same, with the error in place of the panic.
    pub(crate) fn try_finish(&self) -> Result<Exchange, Stop> {
        let process = self.worker.process();
        let waited = process
            .wait(|| self.has_ended() || (self.paused_at().is_none() && !self.stream.waits_for_origin()));
        self.keep_trap();
        if let Some(problem) = process.failure() {
            return Err(Stop::Failed(problem));
        }
        if !self.has_ended() {
            let evidence = self.what_could_resume() + &self.evidence().to_text(Some(&Written::Pause));
            return Err(Stop::Hang(Hang { why: self.why_unfinished(waited), evidence }));
        }
        Ok(self.so_far(true).of(self.worker.host().clone()))
    }

    /// The exchange as far as it has come, with its timeline if it is wanted.
    pub(crate) fn so_far(&self, timeline: bool) -> Exchange {
        let stream = &self.stream;
        let (outcome, details) = (stream.outcome(), stream.details());
        let timeline = if timeline { self.timeline() } else { Timeline::default() };
        Exchange::new(self.evidence_with(timeline), outcome, details, stream.logs(), stream.trap())
    }

    /// What the model knows it by, and the VM that has it.
    pub(crate) fn parts(&self) -> (&Rc<HostCore>, &Rc<Stream>) {
        (&self.vm, &self.stream)
    }

    /// Lets something happen, and all that follows from it at once.
    #[track_caller]
    fn drive(&self, happen: impl FnOnce(&Rc<HostCore>)) {
        happen(&self.vm);
        let process = self.worker.process();
        process.settle();
        self.keep_trap();
        if !process.is_watched()
            && let Some(problem) = process.failure()
        {
            self.fail(&problem);
        }
    }

    /// Lets a trap that it has met know how that came about: nobody may ask the stream.
    fn keep_trap(&self) {
        if let Some(trap) = self.vm.trap() {
            let evidence = self.evidence();
            trap.keep(evidence.timeline.events(), || evidence.to_text(None));
        }
    }

    pub(crate) fn evidence(&self) -> Evidence {
        self.evidence_with(self.timeline())
    }

    fn evidence_with(&self, timeline: Timeline) -> Evidence {
        Evidence {
            sent: self.stream.sent(),
            forwarded: self.stream.forwarded_request(),
            answered: self.stream.answered(),
            response: self.stream.forwarded_response(),
            reset: self.stream.was_reset(),
            route_choices: self.stream.route_choices(),
            consulted: self.stream.consulted(),
            timeline,
        }
    }

    #[track_caller]
    fn fail(&self, problem: &str) -> ! {
        self.evidence().fail(problem, None)
    }

    #[track_caller]
    fn check_nothing_sent(&self) {
        assert!(
            self.stream.sent().headers().is_empty(),
            "this stream has its request headers already; `host.begin()` starts another stream"
        );
    }

    #[track_caller]
    fn check_request_open(&self) {
        assert!(!self.stream.sent().headers().is_empty(), "send the request headers first");
        assert!(!self.stream.request_has_ended(), "the request has ended: nothing can follow");
    }

    #[track_caller]
    fn check_not_answered(&self) {
        assert!(self.stream.answered().is_none(), "the upstream has sent its response headers already");
    }

    #[track_caller]
    fn check_response_open(&self) {
        // Answered in the upstream's place, or gone: what it still sends goes nowhere.
        if matches!(self.stream.outcome(), Outcome::Local | Outcome::FailedClosed | Outcome::Reset) {
            return;
        }
        assert!(self.stream.answered().is_some(), "send the response headers first");
        assert!(!self.stream.response_has_ended(), "the response has ended: nothing can follow");
    }
}

impl fmt::Debug for HttpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpStream")
            .field("context", &self.context())
            .field("paused_at", &self.paused_at())
            .field("has_ended", &self.has_ended())
            .finish_non_exhaustive()
    }
}
