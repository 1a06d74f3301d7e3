//! What is left when all is over.

use super::HostCore;

impl HostCore {
    /// What should have ended with the streams, in words: those themselves, and the callouts and gRPC calls of those
    /// that have, but for the tokens that were given up as far as it is up to the guest.
    pub(crate) fn left_behind(&self, given_up: &[u32]) -> Vec<String> {
        if self.vm.is_dead() {
            return Vec::new();
        }
        let open = [(self.streams.borrow().len(), "stream"), (self.connections.borrow().len(), "connection")];
        let mut left = Vec::new();
        for (count, what) in open {
            match count {
                0 => {}
                1 => left.push(format!("a {what} has not ended")),
                _ => left.push(format!("{count} {what}s have not ended")),
            }
        }
        let is_gone = |context: u32| !self.is_live_root(context) && self.own_journal(context).is_none();
        for (context, has_ended, token, call) in self.grpc_places() {
            if given_up.contains(&token) {
                continue;
            }
            // One that the other side has ended keeps its place until the guest gives it up, whoever made it.
            if has_ended {
                left.push(format!("{call} has ended, and was never closed"));
            } else if is_gone(context) {
                left.push(format!("{call} is open, and #{context}, which made it, has ended"));
            }
        }
        left
    }

    /// What keeps the root context, which has been asked to go; `None` if nothing does.
    pub(crate) fn not_gone(&self) -> Option<String> {
        let root = self.parked_root().filter(|_| !self.vm.is_dead())?;
        Some(format!(
            "the root context #{root} was not done when it was asked, and nothing is pending that leads to `proxy_done`"
        ))
    }
}
