//! One run: what happens next is chosen, from the first byte of a client until nothing is left to happen.

use super::action::Action;
use super::choice::{Actor, Choice, Choices};
use super::client::{Act, Client, Seen, Then, script};
use super::sending::{ADDED_TRAILER, Part};
use super::words;
use crate::attempt::{Callouts, prepared, root_timelines};
use crate::builder::HostBuilder;
use crate::core::{Stream, Waited};
use crate::explore::observe;
use crate::explore::problem::Problem;
use crate::explore::violation::Step;
use crate::host::Host;
use crate::panic;
use crate::run::Run;
use crate::start_error::StartError;
use crate::stream::HttpStream;
use crate::timeline::Timeline;
use crate::{HeaderList, Request, Scenario, cluster};
use std::rc::Rc;
use std::time::Duration;

/// What may happen in a run besides what the scenario says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Allowed {
    pub(super) disconnects: bool,
    pub(super) reconfigurations: bool,
    pub(super) one_at_a_time: bool,
    pub(super) early_answers: bool,
}

/// A run that is under way.
pub(super) struct Play<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) allowed: Allowed,
    /// What came of each request where nothing was chosen, if that is known.
    pub(super) plain: Option<&'a Played>,
    pub(super) host: Host,
    pub(super) callouts: Rc<Callouts>,
    pub(super) clients: Vec<Client<'a>>,
    pub(super) acts: Vec<Act<'a>>,
    /// Which of them is under way.
    pub(super) act: usize,
    pub(super) act_began: Duration,
    /// When the wait is over that is under way.
    pub(super) until: Option<Duration>,
    pub(super) choices: Choices,
    /// What happened, if somebody is going to read it.
    pub(super) story: Option<Vec<Step>>,
    pub(super) timers_before_their_turn: usize,
    pub(super) reconfigured: bool,
    /// Since when nobody outside of the proxy has done anything, and how many events ago.
    pub(super) quiet_since: (Duration, usize),
    pub(super) problem: Option<Problem>,
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) run: Run,
    pub(super) seen: Vec<Seen>,
    pub(super) choices: Vec<Choice>,
    pub(super) problems: Vec<Problem>,
    /// What happened in words and in each context, if the run was told.
    pub(super) steps: Vec<Step>,
    pub(super) timelines: Vec<(String, Timeline)>,
}

impl<'a> Play<'a> {
    /// A run that has not begun.
    ///
    /// # Errors
    ///
    /// If the extension does not start.
    pub(super) fn new(
        builder: HostBuilder,
        scenario: &'a Scenario,
        allowed: Allowed,
        plain: Option<&'a Played>,
        choices: Choices,
    ) -> Result<Self, StartError> {
        let callouts = Rc::new(Callouts::of(scenario));
        let (host, started) = prepared(builder, scenario, &callouts).launch();
        host.process().set_watched(true);
        host.process().set_one_by_one(true);
        started?;
        let (clients, acts) = script(scenario);
        Ok(Play {
            scenario,
            allowed,
            plain,
            host,
            callouts,
            clients,
            acts,
            act: 0,
            act_began: Duration::ZERO,
            until: None,
            choices,
            story: None,
            timers_before_their_turn: 0,
            reconfigured: false,
            quiet_since: (Duration::ZERO, 0),
            problem: None,
        })
    }

    /// Keeps what happens in words, and the timelines.
    pub(super) fn told(mut self) -> Self {
        self.story = Some(Vec::new());
        self
    }

    /// Plays it to its end.
    pub(super) fn run(mut self) -> Played {
        if let Err(panic) = panic::catch(|| self.play()) {
            // A closure of the test.
            self.problem = Some(Problem::Panic(panic.text));
        }
        self.end()
    }

    fn play(&mut self) {
        while self.problem.is_none() {
            self.host.process().deliver_requests();
            self.go_on();
            let actions = self.actions();
            if actions.is_empty() {
                self.problem = self.what_is_left();
                return;
            }
            let actors: Vec<Actor> = actions.iter().map(Action::actor).collect();
            let before = self.choices.made().len();
            let taken = self.choices.among(&actors);
            self.act(actions[taken], taken != 0, before);
            self.look_for_problems();
        }
    }

    /// Begins with the wait of an act, or with the next act, when its clients are done.
    fn go_on(&mut self) {
        let now = self.host.process().schedule.now();
        while self.until.is_none()
            && let Some(act) = self.acts.get(self.act)
            && self.clients[act.clients.clone()].iter().all(Client::is_done)
        {
            match act.then {
                Then::Nothing => self.next_act(),
                Then::Wait(time) => self.until = Some(now + time),
                Then::Reconfigure(config) => {
                    // A refusal is seen in what is served.
                    let _ = self.host.process().without_events(|| self.host.reconfigure(config));
                    if let Some(story) = &mut self.story {
                        let text = "the extension gets another configuration".to_owned();
                        story.push(Step { text, is_planned: false });
                    }
                    self.next_act();
                }
            }
        }
        // The upstream decides as soon as it has a request, and answers when its turn comes.
        for client in &mut self.clients {
            let Some(stream) = client.model().filter(|_| client.response.is_none()) else { continue };
            if stream.takes_a_response() && stream.is_forwarded() {
                let answer = self.scenario.respond(&forwarded(stream));
                cluster::check_answer("origin", &answer);
                client.begin_response(answer, now);
            }
        }
    }

    fn next_act(&mut self) {
        self.act += 1;
        self.act_began = self.host.process().schedule.now();
    }

    /// Lets an action happen. If it is `early`, another one comes first without a search; the decisions about it begin at
    /// that number.
    fn act(&mut self, action: Action, early: bool, decisions: usize) {
        let before = self.story.is_some().then(|| self.describe(&action));
        let now = self.host.process().schedule.now();
        if !matches!(action, Action::Event(_)) {
            self.quiet_since = (now, 0);
        }
        if let Some(due) = self.due(action).filter(|due| *due > now) {
            // It comes early if it overtakes an event.
            let next = self.host.process().schedule.next();
            self.host.process().schedule.set_now(next.map_or(due, |next| next.min(due)));
        }
        let more = match action {
            Action::Begin(client) => self.begin(client),
            Action::Send(client) => self.send(client),
            Action::Respond(client) => self.respond(client),
            Action::Event(event) => {
                self.quiet_since.1 += 1;
                self.timers_before_their_turn += usize::from(event.of_the_clock && early);
                self.host.process().happen(event.moment);
                String::new()
            }
            Action::Idle(time) | Action::Pass(time) => {
                self.host.process().schedule.set_now(time);
                if matches!(action, Action::Pass(_)) {
                    self.until = None;
                    self.next_act();
                }
                String::new()
            }
            Action::Disconnect(client) | Action::Leave(client) => {
                self.disconnect(client);
                String::new()
            }
            Action::Reconfigure => {
                self.reconfigure();
                String::new()
            }
        };
        if let (Some(story), Some(before)) = (&mut self.story, before) {
            let is_planned = self.choices.made()[decisions..].iter().any(|choice| choice.taken != 0);
            story.push(Step { text: before + &more, is_planned });
        }
    }

    fn begin(&mut self, at: usize) -> String {
        let workers = self.scenario.worker_count();
        let client = &mut self.clients[at];
        let other = self.choices.of(workers);
        client.worker = (client.worker + other) % workers;
        let stream = HttpStream::new(self.host.worker(client.worker), false);
        let Part::Headers { end } = client.next_part(&mut self.choices) else { return String::new() };
        let (core, model) = stream.parts();
        core.request_headers(model, client.request, end);
        client.stream = Some(stream);
        let worker = if workers > 1 { format!(" to worker {}", client.worker) } else { String::new() };
        format!("{worker}{}", words::of_end(end))
    }

    fn send(&mut self, at: usize) -> String {
        let client = &mut self.clients[at];
        let part = client.next_part(&mut self.choices);
        let Some(stream) = &client.stream else { return String::new() };
        let (core, model) = stream.parts();
        let text = words::of_part(&part);
        match part {
            Part::Headers { .. } => {}
            Part::Piece { piece, end } => core.request_body(model, piece, end),
            Part::Trailers(trailers) => core.request_trailers(model, trailers),
            Part::BreakOff => return " no more".to_owned(),
        }
        text
    }

    fn respond(&mut self, at: usize) -> String {
        let now = self.host.process().schedule.now();
        let known = self.known_answer(at).cloned();
        let client = &mut self.clients[at];
        if client.response.is_none()
            && let Some(known) = known
        {
            client.begin_response(known, now);
        }
        let (Some(stream), Some(response)) = (&client.stream, &mut client.response) else {
            return String::new();
        };
        let (core, model) = stream.parts();
        let part = response.sending.next(&mut self.choices);
        response.next = now.max(response.next).saturating_add(response.pause);
        let text = words::of_part(&part);
        match part {
            Part::Headers { end } => core.response_headers(model, response.headers.clone(), end),
            Part::Piece { piece, end } => core.response_body(model, piece, end),
            Part::Trailers(trailers) => core.response_trailers(model, trailers),
            Part::BreakOff => core.origin_closes(model),
        }
        client.is_disturbed |= model.has_ended() && !model.is_forwarded();
        text
    }

    fn disconnect(&mut self, at: usize) {
        let client = &mut self.clients[at];
        client.is_disturbed = true;
        if let Some(stream) = &client.stream {
            let (core, model) = stream.parts();
            core.disconnect(model);
        }
    }

    fn reconfigure(&mut self) {
        self.reconfigured = true;
        let config = self.scenario.configuration().to_vec();
        let configured = self.host.process().without_events(|| self.host.configure_anew(config));
        if let Err(error) = configured {
            self.problem = Some(match error.trap() {
                Some(trap) => Problem::Trap(trap.clone()),
                None => Problem::Claim(format!(
                    "the extension refuses the configuration with which it has started, when it gets it once more: {error}"
                )),
            });
        }
    }

    fn look_for_problems(&mut self) {
        let process = self.host.process();
        if let Some(problem) = process.failure() {
            self.problem.get_or_insert(Problem::Hang(problem));
        }
        if self.scenario.expected_traps().is_empty()
            && let Some(trap) = self.host.trap()
        {
            self.problem = Some(Problem::Trap(trap));
        }
        let quiet = process.schedule.now().saturating_sub(self.quiet_since.0);
        if self.problem.is_none() && (quiet > QUIET_MAX || self.quiet_since.1 > QUIET_EVENTS_MAX) {
            self.problem = self.hang(true);
        }
    }

    /// What does not end, now that nothing more can happen.
    fn what_is_left(&self) -> Option<Problem> {
        self.hang(false).or_else(|| {
            let open = self.host.process().open_callouts().into_iter().next()?;
            Some(Problem::Leak(format!("neither an answer nor a timeout will end {open}")))
        })
    }

    /// A stream that does not end, or, if it is `limited`, what else goes on for ever.
    fn hang(&self, limited: bool) -> Option<Problem> {
        let Some(at) = self.clients.iter().position(Client::is_under_way) else {
            let pending = || self.host.process().pending().join(", ");
            return limited
                .then(|| Problem::Hang(format!("events follow each other without end: {}", pending())));
        };
        let time = self.host.process().schedule.now().saturating_sub(self.quiet_since.0);
        let why = self.clients[at].stream.as_ref()?.why_unfinished(Waited { time, limited });
        Some(Problem::Hang(format!("client {}: {why}", at + 1)))
    }

    fn end(self) -> Played {
        let whole = self.problem.is_none();
        let mut problems =
            observe::at_the_end(&self.host, self.scenario, whole, Vec::from_iter(self.problem));
        let told = self.story.is_some();
        let timelines = if told {
            let streams = self.clients.iter().enumerate().filter_map(|(at, client)| client.timeline(at));
            streams.chain(root_timelines(&self.host)).collect()
        } else {
            Vec::new()
        };
        let misuses = self.clients.iter().enumerate().flat_map(|(at, client)| client.misuses(at));
        let of_roots = self.host.started_workers().flat_map(|worker| worker.core().root_misuses());
        problems.extend(misuses.chain(of_roots).map(Problem::Misuse));
        let mut run = self.callouts.run(&self.host, self.scenario);
        for act in &self.acts {
            let exchanges =
                self.clients[act.clients.clone()].iter().map(|client| client.exchange(told)).collect();
            if act.is_together {
                run.add_together(exchanges, None);
            } else {
                run.exchanges.extend::<Vec<_>>(exchanges);
            }
        }
        Played {
            run,
            seen: self.clients.iter().map(Client::seen).collect(),
            choices: self.choices.into_made(),
            problems,
            steps: self.story.unwrap_or_default(),
            timelines,
        }
    }
}

/// What the upstream has of the request, without what the search has added.
fn forwarded(stream: &Stream) -> Request {
    let mut request = stream.forwarded_request().unwrap_or_else(|| Request::from_headers(HeaderList::new()));
    request.trailers.remove(ADDED_TRAILER);
    request
}

/// How long nobody outside of the proxy may be able to do anything.
const QUIET_MAX: Duration = Duration::from_secs(60 * 60);
const QUIET_EVENTS_MAX: usize = 10_000;
