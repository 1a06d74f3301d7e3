//! What happens in a scenario.

use crate::{Client, Request, TcpScript};
use std::time::Duration;

/// What happens in a scenario, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A client sends a request and waits for its response.
    Request {
        /// Which worker takes it, from 0.
        worker: usize,
        /// What it sends.
        request: Request,
    },
    /// Clients send requests, each in its own time, all at once. The step is over when each has its response or has gone
    /// away.
    Together(Vec<Client>),
    /// A client opens a TCP connection, and this happens on it.
    Connection(TcpScript),
    /// The extension gets another configuration.
    Reconfigure(Vec<u8>),
    /// Time passes.
    Wait(Duration),
}

impl Step {
    /// The requests in it, each with the worker that takes it.
    pub(crate) fn requests(&self) -> Vec<(usize, &Request)> {
        match self {
            Step::Request { worker, request } => vec![(*worker, request)],
            Step::Together(clients) => {
                clients.iter().map(|client| (client.worker(), client.request())).collect()
            }
            Step::Connection(_) | Step::Reconfigure(_) | Step::Wait(_) => Vec::new(),
        }
    }
}

/// Fails if a step goes to a worker that there is not, if a client cannot do what it is to do, and if there are both
/// requests and connections.
#[track_caller]
pub(crate) fn check_steps(scenario: &str, workers: usize, steps: &[Step]) {
    for step in steps {
        for (worker, request) in step.requests() {
            assert!(
                worker < workers,
                "scenario {scenario:?}: {} is for the worker {worker}, counted from 0, of {workers}; \
                 .workers(…) adds more",
                request.line(),
            );
        }
        if let Step::Together(clients) = step {
            for client in clients {
                if let Some(problem) = client.problem() {
                    let request = client.request();
                    panic!("scenario {scenario:?}, {}: {problem}", request.line());
                }
            }
        }
    }
    let requests = steps.iter().any(|step| !step.requests().is_empty());
    let connections = steps.iter().any(|step| matches!(step, Step::Connection(_)));
    assert!(
        !(requests && connections),
        "scenario {scenario:?}: an extension is in the way of requests or of connections, and here are both; \
         make it two scenarios"
    );
    assert!(
        !connections || workers == 1,
        "scenario {scenario:?}: a connection goes to any worker, so a scenario of connections has one, not {workers}"
    );
}
