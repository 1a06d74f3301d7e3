//! The next event, chosen from outside: for a search through the orders in which events can come.

use super::process::Process;
use super::schedule::{Moment, Ready};
use super::stream::Stream;

impl Process {
    /// The events that could come next in a real proxy, in the order in which they come here.
    pub(crate) fn ready(&self) -> Vec<Ready> {
        self.schedule.ready()
    }

    /// Does something without what follows from it: whoever chooses the next event lets that happen.
    pub(crate) fn without_events<T>(&self, act: impl FnOnce() -> T) -> T {
        let _settling = self.start_settling();
        act()
    }

    /// Says whether what a server sends at one moment comes one by one, each as an event of its own.
    pub(crate) fn set_one_by_one(&self, one_by_one: bool) {
        self.one_by_one.set(one_by_one);
    }

    /// Lets this event happen, wherever it stands, and nothing that follows from it.
    pub(crate) fn happen(&self, moment: Moment) {
        let Some(_settling) = self.start_settling() else { return };
        let Some((vm, due)) = self.schedule.take(moment) else { return };
        if let Some(vm) = self.vm(vm) {
            vm.happen(due);
        }
    }

    /// Lets the requests of callouts arrive that are on their way, of which guests notice nothing: the upstreams decide
    /// what comes of them.
    pub(crate) fn deliver_requests(&self) {
        while let Some(moment) = self.schedule.next_arrival() {
            self.happen(moment);
        }
    }

    /// An event in words.
    pub(crate) fn describe(&self, moment: Moment) -> String {
        let Some((vm, due)) = self.schedule.get(moment) else { return "nothing".to_owned() };
        self.vm(vm).map(|vm| vm.describe(&due)).unwrap_or_default()
    }
}

impl Stream {
    /// Whether the upstream can still say something: it has seen the headers of the request, and nobody else has answered.
    pub(crate) fn takes_a_response(&self) -> bool {
        let state = self.state();
        !state.ended && state.local.is_none() && state.request.forwarded.headers.is_some()
    }

    /// Whether the upstream has the whole request.
    pub(crate) fn is_forwarded(&self) -> bool {
        self.state().request.forwarded.ended
    }
}
