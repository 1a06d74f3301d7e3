//! What can happen next in a run, and in which order without a search.

use super::action::{Action, Rank};
use super::play::Play;
use crate::Answer;
use std::time::Duration;

impl Play<'_> {
    /// What can happen now; the first is what happens without a search.
    pub(super) fn actions(&self) -> Vec<Action> {
        let process = self.host.process();
        let now = process.schedule.now();
        let mut actions: Vec<(Rank, Action)> = Vec::new();
        let under_way: Vec<usize> =
            (0..self.clients.len()).filter(|client| self.clients[*client].is_under_way()).collect();
        for &client in &under_way {
            let at = self.clients[client].next().map(|next| self.act_began + next);
            let rank = at.map_or(Rank::AtOnce, Rank::OfAClient);
            if self.clients[client].sends() {
                actions.push((rank, Action::Send(client)));
            } else if self.clients[client].leaves() {
                actions.push((rank, Action::Leave(client)));
            }
            if let Some(next) = self.clients[client].next_of_response() {
                let rank = if next <= now { Rank::Answered } else { Rank::OfAnUpstream(next) };
                actions.push((rank, Action::Respond(client)));
            }
        }
        let begins = self.begins(under_way.is_empty());
        let time_passes = !under_way.is_empty()
            || self.until.is_some()
            || begins.iter().any(|(rank, _)| matches!(rank, Rank::OfAClient(_)))
            || (begins.is_empty() && !process.open_callouts().is_empty());
        for event in process.ready() {
            let at = event.moment.at();
            match self.until {
                Some(until) if at > until && event.of_the_clock => {}
                Some(until) if at > until => actions.push((Rank::Behind, Action::Event(event))),
                _ if event.of_the_clock && !time_passes => {}
                _ => actions.push((Rank::Event(at), Action::Event(event))),
            }
        }
        if let Some(until) = self.until
            && process.schedule.next().is_none_or(|next| next > until)
        {
            actions.push((Rank::OfAClient(until), Action::Pass(until)));
        }
        let may_begin = !begins.is_empty();
        actions.extend(begins);
        // Without them, where nothing else can happen: time has to pass then.
        if !actions.is_empty() {
            actions
                .extend(self.disturbances(&under_way, may_begin).map(|action| (Rank::Disturbance, action)));
        }
        actions.sort_by_key(|(rank, _)| rank.order());
        let mut actions: Vec<Action> = actions.into_iter().map(|(_, action)| action).collect();
        if self.timers_before_their_turn >= TIMERS_BEFORE_THEIR_TURN {
            let first = actions.first().copied();
            actions.retain(|action| Some(*action) == first || !action.is_of_the_clock());
        }
        actions
    }

    /// The requests that can be begun.
    fn begins(&self, nothing_is_under_way: bool) -> Vec<(Rank, Action)> {
        let Some(act) = self.acts.get(self.act).filter(|_| self.until.is_none()) else { return Vec::new() };
        let open = act.clients.clone().filter(|client| self.clients[*client].stream.is_none());
        let rank = |client: &usize| match self.clients[*client].next() {
            Some(next) => Rank::OfAClient(self.act_began + next),
            None if nothing_is_under_way => Rank::NextRequest,
            None => Rank::OtherRequest,
        };
        let begins = open.map(|client| (rank(&client), Action::Begin(client)));
        match (self.allowed.one_at_a_time, nothing_is_under_way) {
            (false, _) => begins.collect(),
            (true, true) => begins.take(1).collect(),
            (true, false) => Vec::new(),
        }
    }

    /// What only happens if it is chosen.
    fn disturbances(&self, under_way: &[usize], may_begin: bool) -> impl Iterator<Item = Action> {
        let mut actions = Vec::new();
        let schedule = &self.host.process().schedule;
        if let Some(next) = schedule.ready_timer()
            && under_way.is_empty()
            && may_begin
            && next > schedule.now() + MARGIN
        {
            actions.push(Action::Idle(next - MARGIN));
        }
        if self.allowed.disconnects {
            actions.extend(under_way.iter().map(|client| Action::Disconnect(*client)));
        }
        if self.allowed.reconfigurations && !self.reconfigured && !under_way.is_empty() {
            actions.push(Action::Reconfigure);
        }
        if self.allowed.early_answers {
            let early =
                under_way.iter().filter(|at| self.clients[**at].is_answered_early(self.known_answer(**at)));
            actions.extend(early.map(|client| Action::Respond(*client)));
        }
        actions.into_iter()
    }

    /// What the upstream answers in the plain run.
    pub(super) fn known_answer(&self, client: usize) -> Option<&Answer> {
        self.plain?.seen[client].answer.as_ref()
    }

    /// When an action comes that has its time.
    pub(super) fn due(&self, action: Action) -> Option<Duration> {
        match action {
            Action::Begin(client) | Action::Send(client) | Action::Leave(client) => {
                self.clients[client].next().map(|next| self.act_began + next)
            }
            Action::Respond(client) => self.clients[client].next_of_response(),
            _ => None,
        }
    }
}

/// How often a timer comes before something that comes first without a search.
const TIMERS_BEFORE_THEIR_TURN: usize = 3;
/// How long before a timer time stops that passes.
const MARGIN: Duration = Duration::from_micros(1);
