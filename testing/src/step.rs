//! What happens in a scenario.

use crate::{Request, TcpScript};
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
    /// A client opens a TCP connection, and this happens on it.
    Connection(TcpScript),
    /// Time passes.
    Wait(Duration),
}

/// Fails if a step goes to a worker that there is not, and if there are both requests and connections.
#[track_caller]
pub(crate) fn check_steps(scenario: &str, workers: usize, steps: &[Step]) {
    let (mut requests, mut connections) = (false, false);
    for step in steps {
        let (worker, what) = match step {
            Step::Request { worker, request } => {
                requests = true;
                (worker, format!("{} {}", request.method(), request.path()))
            }
            Step::Connection(_) => {
                connections = true;
                continue;
            }
            Step::Wait(_) => continue,
        };
        assert!(
            *worker < workers,
            "scenario {scenario:?}: {what} is for the worker {worker}, counted from 0, of {workers}; \
             .workers(…) adds more"
        );
    }
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
