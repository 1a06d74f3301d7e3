//! Clients with their requests, from one step of a scenario, through Envoy.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::config::LISTENER;
use super::event::Event;
use super::pace::Pace;
use super::proxy::{Observed, Proxy};
use super::worker::Workers;
use super::{Error, addition, client};
use crate::{Answer, Client, LogLine, Request, Response};

/// How long Envoy may take to end what belongs to a stream that is over.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long Envoy may take to read the first of a request, before the next client begins.
const START_PATIENCE: Duration = Duration::from_millis(500);

/// What has become of a client so far.
#[derive(Default)]
struct State {
    port: Option<u16>,
    forwarded: Option<Request>,
    answered: Option<Response>,
    result: Option<io::Result<Option<Response>>>,
}

/// What a step looked like from outside.
pub(super) struct Together {
    /// The forwarded request and the response of each client.
    pub(super) exchanges: Vec<(Option<Request>, Option<Response>)>,
    /// What the extension logged for all of these streams.
    pub(super) logs: Vec<LogLine>,
    /// Why the extension's VM failed, if it did.
    pub(super) trap: Option<String>,
}

impl Proxy {
    /// Lets clients send their requests, and waits until all of their streams are over. Which request belongs to which
    /// of several clients is known only if Envoy was started to say it.
    pub(super) fn exchange_together(
        &mut self,
        clients: &[Client],
        mut origin: impl FnMut(&Request) -> Answer,
    ) -> Result<Together, Error> {
        // Left over if the last exchange ended by a panic.
        self.events.try_iter().for_each(drop);
        self.instance.take_logs()?;
        let earlier_traps = self.instance.traps.len();
        let mut states: Vec<State> = clients.iter().map(|_| State::default()).collect();
        let result = thread::scope(|scope| {
            let (workers, events) = (self.instance.workers, self.event_sender.clone());
            scope.spawn(move || start_clients(workers, clients, &events));
            while states.iter().any(|state| state.result.is_none()) {
                match self.events.recv() {
                    Ok(event) => note(event, clients, &mut states, &mut origin),
                    Err(mpsc::RecvError) => unreachable!("this thread has a sender itself"),
                }
            }
            self.instance.resume_panic();
            if states.iter().any(|state| matches!(state.result, Some(Err(_)))) {
                return Ok(());
            }
            self.await_end(|event| note(event, clients, &mut states, &mut origin))
        });
        result.map_err(|error| self.instance.failure(&error.to_string()))?;
        let mut exchanges = Vec::new();
        for state in states {
            let response = state.result.unwrap_or(Ok(None));
            let mut response = response.map_err(|error| self.instance.failure(&silent(&error)))?;
            if let Some(response) = &mut response {
                addition::remove_from_response(response, state.answered.as_ref());
            }
            exchanges.push((state.forwarded, response));
        }
        let logs = self.instance.take_logs()?;
        let trap = self.instance.traps.get(earlier_traps).cloned();
        Ok(Together { exchanges, logs, trap })
    }

    /// Waits until all callbacks of the streams have run and the origin knows what came of its requests.
    fn await_end(&self, mut note: impl FnMut(Event)) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.events.recv_timeout(Duration::from_millis(1)) {
                Ok(event) => note(event),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    if self.is_at_end()? {
                        self.events.try_iter().for_each(note);
                        return Ok(());
                    }
                }
            }
        }
        Err(Error::new(format!("Envoy's streams and connections did not come to rest within {PATIENCE:?}")))
    }

    fn is_at_end(&self) -> Result<bool, Error> {
        let admin = self.instance.admin();
        let active = |what: &str| admin.stat(&format!("http.{LISTENER}.downstream_{what}_active"));
        Ok(active("rq")? == 0 && active("cx")? == 0 && self.origin.is_at_rest(admin)?)
    }
}

/// One after the other, each at its time, and when Envoy has read the beginning of those before.
fn start_clients(workers: Workers, clients: &[Client], events: &Sender<Event>) {
    let mut order: Vec<(usize, &Client)> = clients.iter().enumerate().collect();
    order.sort_by_key(|(_, client)| client.start);
    let counter = format!("http.{LISTENER}.downstream_cx_rx_bytes_total");
    let pace = Pace::new(workers.admin, counter);
    let begin = Instant::now();
    thread::scope(|scope| {
        for (index, client) in order {
            thread::sleep(client.start.saturating_sub(begin.elapsed()));
            let events = events.clone();
            let stream = workers.connect(client.worker());
            let stream = stream.map_err(|error| io::Error::other(error.to_string()));
            let connected = stream.and_then(|stream| {
                let port = stream.local_addr()?.port();
                Ok((stream, port))
            });
            // That nobody takes an event is not possible while the step is under way.
            match connected {
                Ok((stream, port)) => {
                    let _ = events.send(Event::Connected { client: index, port });
                    let (begun, has_begun) = mpsc::channel();
                    let pace = &pace;
                    scope.spawn(move || {
                        let result = client::exchange(&stream, client, pace, begun);
                        let _ = events.send(Event::Answered { client: index, result });
                    });
                    if clients.len() > 1 {
                        let begun = has_begun.recv_timeout(START_PATIENCE);
                        debug_assert!(begun != Ok(()), "it is dropped, not told");
                    }
                }
                Err(error) => {
                    let _ = events.send(Event::Answered { client: index, result: Err(error) });
                }
            }
        }
    });
}

/// Takes something in, and lets the origin answer a request.
fn note(event: Event, clients: &[Client], states: &mut [State], origin: &mut impl FnMut(&Request) -> Answer) {
    let of = |states: &[State], from: Option<u16>| {
        let known = states.iter().position(|state| from.is_some() && state.port == from);
        known.unwrap_or(0)
    };
    match event {
        Event::Connected { client, port } => states[client].port = Some(port),
        Event::Arrived { request: mut arrived, from, reply } => {
            let index = of(states, from);
            addition::remove_from_request(&mut arrived, clients[index].request());
            let answer = origin(&arrived);
            states[index].answered = response_of(&answer).cloned();
            // An error means that Envoy has closed the connection meanwhile.
            let _ = reply.send(answer);
            states[index].forwarded = Some(arrived);
        }
        Event::BrokeOff { mut part, from } => {
            let index = of(states, from);
            addition::remove_from_request(&mut part, clients[index].request());
            states[index].forwarded = Some(part);
        }
        Event::Answered { client, result } => states[client].result = Some(result),
    }
}

/// What the origin answers, in the end.
fn response_of(answer: &Answer) -> Option<&Response> {
    match answer {
        Answer::After(_, then) => response_of(then),
        Answer::Respond(response) | Answer::Slowly(response, _) | Answer::BreakOff(response) => {
            Some(response)
        }
        Answer::Hang | Answer::Reset | Answer::Refuse => None,
    }
}

impl Together {
    /// What was observed of its only client.
    pub(super) fn into_only(self) -> Observed {
        let (forwarded, response) = self.exchanges.into_iter().next().unwrap_or_default();
        Observed { forwarded, response, logs: self.logs, trap: self.trap }
    }
}

fn silent(error: &io::Error) -> String {
    format!(
        "no response within five seconds ({error}); has the extension paused the stream, and nothing resumes it?"
    )
}
