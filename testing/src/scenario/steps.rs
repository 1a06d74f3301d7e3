//! What happens in a scenario, one after the other.

use super::Scenario;
use crate::client::Client;
use crate::config::IntoConfig;
use crate::step::Step;
use crate::{Request, TcpScript};
use std::time::Duration;

impl Scenario {
    /// Adds a request, which is sent when the one before it has been answered. The first worker takes it.
    #[must_use]
    pub fn request(self, request: Request) -> Self {
        self.request_to(0, request)
    }

    /// Adds a request that this worker takes; they are counted from 0.
    #[must_use]
    pub fn request_to(mut self, worker: usize, request: Request) -> Self {
        self.steps.push(Step::Request { worker, request });
        self
    }

    /// Adds a client that sends a request in its own time, or goes away.
    #[must_use]
    pub fn client(self, client: impl Into<Client>) -> Self {
        self.together([client.into()])
    }

    /// Adds clients whose requests are in flight at once, one exchange for each, in this order. They begin one after the
    /// other, unless they say [when](Client::starts_after).
    ///
    /// In Envoy, the log lines of streams that are in flight at once cannot be told apart: each exchange has those of all, and
    /// hosts are compared by the lines of all, in any order.
    ///
    /// ```
    /// use waxwing_testing::{Client, Request, Scenario};
    ///
    /// let scenario = Scenario::new("two at once").workers(2).together([
    ///     Client::new(Request::get("/first")),
    ///     Client::new(Request::get("/second")).on_worker(1),
    /// ]);
    /// ```
    #[must_use]
    pub fn together<C: Into<Client>>(mut self, clients: impl IntoIterator<Item = C>) -> Self {
        self.steps.push(Step::Together(clients.into_iter().map(Into::into).collect()));
        self
    }

    /// Adds a TCP connection, for an extension of connections.
    ///
    /// A scenario has requests or connections, not both, and one worker if it has connections: a real proxy gives them to
    /// any.
    #[must_use]
    pub fn connection(mut self, script: TcpScript) -> Self {
        self.steps.push(Step::Connection(script));
        self
    }

    /// Gives the extension another configuration before what comes next, as an operator does while the proxy runs.
    ///
    /// Envoy tries it first, in a VM of its own. If the extension refuses it, the one before stays; what is served tells.
    /// Otherwise each worker makes a new root context, for the streams that begin from now on. The old one ends with the last
    /// of its streams.
    #[must_use]
    pub fn reconfigure(mut self, config: impl IntoConfig) -> Self {
        self.steps.push(Step::Reconfigure(config.into_config()));
        self
    }

    /// Lets time pass before what comes next: virtual time in the model, real time in Envoy.
    ///
    /// In Envoy, requests take some milliseconds as well. What is to happen in a wait, or not to happen, should
    /// be that far from its ends.
    #[must_use]
    pub fn wait(mut self, time: Duration) -> Self {
        self.steps.push(Step::Wait(time));
        self
    }
}
