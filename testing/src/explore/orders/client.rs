//! The clients of a run, and which of them are there at once.

use super::choice::Choices;
use super::sending::{Part, Sending};
use crate::client as scenario_client;
use crate::core::Stream;
use crate::evidence::Evidence;
use crate::step::Step;
use crate::stream::HttpStream;
use crate::timeline::Timeline;
use crate::{Answer, Exchange, HeaderList, Outcome, Request, Scenario};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

/// Requests that can be under way at once, and what comes behind them.
pub(super) struct Act<'a> {
    pub(super) clients: Range<usize>,
    pub(super) then: Then<'a>,
    /// Whether the scenario has them at once.
    pub(super) is_together: bool,
}

/// What comes behind the requests of an act.
#[derive(Clone, Copy)]
pub(super) enum Then<'a> {
    Nothing,
    Wait(Duration),
    Reconfigure(&'a [u8]),
}

/// A client, which sends one request.
pub(super) struct Client<'a> {
    pub(super) request: &'a Request,
    pub(super) worker: usize,
    pub(super) stream: Option<HttpStream>,
    pub(super) sending: Sending,
    /// When it does what, if the scenario says so.
    pub(super) pace: Option<Pace>,
    pub(super) response: Option<Responding>,
    /// What the upstream has decided to do.
    pub(super) answer: Option<Answer>,
    /// It went away, or its stream ended with a part of the response before the upstream had all of its request.
    pub(super) is_disturbed: bool,
}

/// When a client does what, without a search.
pub(super) struct Pace {
    /// Since its act has begun.
    pub(super) next: Duration,
    pub(super) pause: Duration,
    /// How long after the last that it sends it goes away.
    pub(super) leave: Option<Duration>,
}

/// A response under way.
pub(super) struct Responding {
    pub(super) sending: Sending,
    pub(super) headers: HeaderList,
    /// When the next part comes, without a search: since the host was made.
    pub(super) next: Duration,
    pub(super) pause: Duration,
}

/// What else is known of an exchange.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The id of its context, if it has begun.
    pub(super) context: u32,
    /// What the upstream has decided to do.
    pub(super) answer: Option<Answer>,
    /// Whether the upstream received the whole request.
    pub(super) is_forwarded: bool,
    /// Whether the client went away, or was answered before the upstream had all of its request.
    pub(super) is_disturbed: bool,
    /// Whether the scenario lets the client stop or go away, so that what it sees depends on when.
    pub(super) may_leave: bool,
}

impl Responding {
    /// What comes of an answer that is given at that time; to HEAD, headers only.
    pub(super) fn new(mut answer: Answer, now: Duration, to_head: bool) -> Self {
        let mut next = now;
        loop {
            let (response, sending, pause) = match answer {
                Answer::After(delay, then) => {
                    next = next.saturating_add(delay);
                    answer = *then;
                    continue;
                }
                Answer::Respond(response) => {
                    let sending = Sending::new(response.parts(), !to_head);
                    (Some(response), sending, Duration::ZERO)
                }
                Answer::Slowly(response, pause) => {
                    let sending = Sending::new(response.parts(), !to_head);
                    (Some(response), sending, pause)
                }
                Answer::BreakOff(response) => {
                    let response = Answer::begun(response);
                    let sending = Sending::breaking_off(response.parts());
                    (Some(response), sending, Duration::ZERO)
                }
                Answer::Hang => (None, Sending::never(), Duration::ZERO),
                Answer::Reset | Answer::Refuse => (None, Sending::nothing(), Duration::ZERO),
            };
            let headers = response.map(|response| response.headers).unwrap_or_default();
            return Responding { sending, headers, next, pause };
        }
    }
}

impl<'a> Client<'a> {
    /// A client that sends all of its request at once.
    fn new(worker: usize, request: &'a Request) -> Self {
        Client {
            request,
            worker,
            stream: None,
            sending: Sending::new(request.parts(), true),
            pace: None,
            response: None,
            answer: None,
            is_disturbed: false,
        }
    }

    /// A client that takes its time.
    fn paced(client: &'a scenario_client::Client) -> Self {
        let mut paced = Client::new(client.worker(), client.request());
        if let Some(stop) = client.stop {
            let mut begun = client.request().clone();
            begun.body.chunks.truncate(stop);
            paced.sending = Sending::stopping(begun.parts());
        }
        paced.pace = Some(Pace { next: client.start, pause: client.pause, leave: client.leave });
        paced
    }

    /// Whether the scenario lets it stop or go away.
    pub(super) fn may_leave(&self) -> bool {
        self.pace.as_ref().is_some_and(|pace| pace.leave.is_some()) || self.sending.stops()
    }

    /// Whether it goes on with its request, or begins with it.
    pub(super) fn sends(&self) -> bool {
        !self.sending.has_ended() && !self.is_done()
    }

    /// Whether it is to go away, after all that it was to send.
    pub(super) fn leaves(&self) -> bool {
        self.is_under_way() && !self.sends() && self.pace.as_ref().is_some_and(|pace| pace.leave.is_some())
    }

    /// When it does what it does next, if the scenario says so: since its act has begun.
    pub(super) fn next(&self) -> Option<Duration> {
        let pace = self.pace.as_ref()?;
        Some(if self.leaves() { pace.next - pace.pause + pace.leave? } else { pace.next })
    }

    /// The next part of its request.
    pub(super) fn next_part(&mut self, choices: &mut Choices) -> Part {
        if let Some(pace) = &mut self.pace {
            pace.next += pace.pause;
        }
        self.sending.next(choices)
    }

    /// The upstream has decided what to do.
    pub(super) fn begin_response(&mut self, answer: Answer, now: Duration) {
        self.answer = Some(answer.clone());
        self.response = Some(Responding::new(answer, now, self.request.method() == "HEAD"));
    }

    /// Whether the upstream can begin with its response before it has all of the request: it knows what it will say.
    pub(super) fn is_answered_early(&self, known: Option<&Answer>) -> bool {
        let mut known = known;
        while let Some(Answer::After(_, then)) = known {
            known = Some(then);
        }
        let whole = matches!(known, Some(Answer::Respond(_) | Answer::Slowly(..)));
        let takes = |stream: &Rc<Stream>| stream.takes_a_response() && !stream.is_forwarded();
        whole && self.response.is_none() && self.model().is_some_and(takes)
    }

    /// When the upstream goes on with its response, if it does.
    pub(super) fn next_of_response(&self) -> Option<Duration> {
        let response = self.response.as_ref().filter(|response| !response.sending.has_ended())?;
        self.model()?.takes_a_response().then_some(response.next)
    }

    pub(super) fn model(&self) -> Option<&Rc<Stream>> {
        self.stream.as_ref().map(|stream| stream.parts().1)
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.model().is_some_and(|stream| !stream.has_ended())
    }

    pub(super) fn is_done(&self) -> bool {
        self.model().is_some_and(|stream| stream.has_ended())
    }

    /// Whether the upstream had said everything, and the stream ended before it had all of the request. An extension
    /// that has held the response back may have let it go much later.
    fn is_answered_before_its_end(&self) -> bool {
        self.response.as_ref().is_some_and(|response| response.sending.has_ended())
            && self.model().is_some_and(|stream| stream.has_ended() && !stream.is_forwarded())
    }

    pub(super) fn exchange(&self, told: bool) -> Exchange {
        match &self.stream {
            Some(stream) => stream.so_far(told),
            None => {
                let evidence = Evidence { sent: self.request.clone(), reset: true, ..Evidence::default() };
                Exchange::new(evidence, Outcome::Reset, String::new(), Vec::new(), None)
            }
        }
    }

    /// What happened in its stream, with a name for people.
    pub(super) fn timeline(&self, at: usize) -> Option<(String, Timeline)> {
        Some((self.name(at)?, self.stream.as_ref()?.timeline()))
    }

    /// What the extension did that a host accepts and an extension should not do.
    pub(super) fn misuses(&self, at: usize) -> Vec<String> {
        let misuses = self.model().map(|stream| stream.journal.misuses()).unwrap_or_default();
        let name = |misuse| format!("{}: {misuse}", self.name(at).unwrap_or_default());
        misuses.into_iter().map(name).collect()
    }

    fn name(&self, at: usize) -> Option<String> {
        let context = self.stream.as_ref()?.context();
        Some(format!("stream #{context}, client {}, {}", at + 1, self.request.line()))
    }

    pub(super) fn seen(&self) -> Seen {
        Seen {
            context: self.model().map_or(0, |stream| stream.context),
            answer: self.answer.clone(),
            is_forwarded: self.model().is_some_and(|stream| stream.is_forwarded()),
            is_disturbed: self.is_disturbed || self.is_answered_before_its_end(),
            may_leave: self.may_leave(),
        }
    }
}

/// The clients of a scenario, and which of them can be there at once.
pub(super) fn script(scenario: &Scenario) -> (Vec<Client<'_>>, Vec<Act<'_>>) {
    let mut clients = Vec::new();
    let mut acts: Vec<Act<'_>> = Vec::new();
    let mut first = 0;
    let mut end = |clients: &[Client<'_>], then, is_together: bool| {
        acts.push(Act { clients: first..clients.len(), then, is_together });
        first = clients.len();
    };
    for step in scenario.steps() {
        match step {
            Step::Request { worker, request } => clients.push(Client::new(*worker, request)),
            Step::Together(together) => {
                // They have their times, which begin when the others are done.
                end(&clients, Then::Nothing, false);
                clients.extend(together.iter().map(Client::paced));
                end(&clients, Then::Nothing, true);
            }
            Step::Wait(time) => end(&clients, Then::Wait(*time), false),
            Step::Reconfigure(config) => end(&clients, Then::Reconfigure(config), false),
            Step::Connection(_) => {}
        }
    }
    end(&clients, Then::Nothing, false);
    (clients, acts)
}
