//! The upstreams of callouts.

use std::any::Any;
use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use super::addition;
use super::grpc;
use super::upstream::Service;
use crate::cluster::{self, Received, Upstream};
use crate::{Answer, GrpcAnswer, GrpcRequest, Request};

/// A cluster, and what it has received.
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) name: String,
    upstream: Upstream,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    received: Received,
    /// How many gRPC calls wait for what the extension does next.
    waiting: u64,
    /// Of the closure that answers, which belongs to the test.
    panic: Option<Box<dyn Any + Send>>,
}

impl Cluster {
    pub(super) fn new(name: String, upstream: Upstream) -> Self {
        Cluster { name, upstream, seen: Arc::default() }
    }

    /// Where nothing listens, if that is how it is.
    pub(super) fn refusing_address(&self) -> Option<SocketAddr> {
        match self.upstream {
            Upstream::Http(_) | Upstream::Grpc(_) => None,
            // A port that no server has in these days, and that a client does not get by chance.
            Upstream::Refusing => Some(SocketAddr::from(([127, 0, 0, 1], 1))),
        }
    }

    /// What it has received.
    pub(super) fn received(&self) -> Received {
        self.with_seen(|seen| seen.received.clone())
    }

    /// Goes on with the panic of the test's closure, if there was one, on the test's thread.
    pub(super) fn resume_panic(&self) {
        if let Some(panic) = self.with_seen(|seen| seen.panic.take()) {
            panic::resume_unwind(panic);
        }
    }

    /// Whether it serves gRPC.
    pub(super) fn is_grpc(&self) -> bool {
        matches!(self.upstream, Upstream::Grpc(_))
    }

    /// A gRPC call has begun; the answer is its number.
    pub(super) fn begin_call(&self, call: GrpcRequest) -> usize {
        self.with_seen(|seen| {
            seen.received.calls.push(call);
            seen.received.calls.len() - 1
        })
    }

    /// A message of a gRPC call has arrived.
    pub(super) fn receive_message(&self, call: usize, message: Vec<u8>) {
        self.with_seen(|seen| seen.received.calls[call].messages.push(message));
    }

    /// What to do with a gRPC call.
    pub(super) fn answer_call(&self, call: usize) -> GrpcAnswer {
        let request = self.with_seen(|seen| seen.received.calls[call].clone());
        self.guarded(GrpcAnswer::reset(), || match &self.upstream {
            Upstream::Grpc(answer) => {
                let answer = answer(&request);
                grpc::check(&answer);
                answer
            }
            Upstream::Http(_) | Upstream::Refusing => GrpcAnswer::reset(),
        })
    }

    /// Notes that a gRPC call waits for what the extension does next, or does not any more.
    pub(super) fn note_waiting(&self, waits: bool) {
        self.with_seen(|seen| if waits { seen.waiting += 1 } else { seen.waiting -= 1 });
    }

    /// How many gRPC calls wait for what the extension does next.
    pub(super) fn waiting(&self) -> u64 {
        self.with_seen(|seen| seen.waiting)
    }

    /// Runs a closure of the test's; if it panics, the answer is the other one.
    fn guarded<T>(&self, otherwise: T, answer: impl FnOnce() -> T) -> T {
        panic::catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|panic| {
            self.with_seen(|seen| seen.panic = Some(panic));
            otherwise
        })
    }

    fn with_seen<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Service for Cluster {
    fn answer(&self, mut request: Request, _from: Option<u16>) -> Answer {
        addition::remove_from_callout(&mut request);
        self.with_seen(|seen| seen.received.requests.push(request.clone()));
        self.guarded(Answer::Reset, || match &self.upstream {
            Upstream::Http(answer) => {
                let answer = answer(&request);
                cluster::check_answer(&self.name, &answer);
                answer
            }
            // They have no server of this kind.
            Upstream::Grpc(_) | Upstream::Refusing => Answer::Reset,
        })
    }

    fn broken_off(&self, _part: Request, _from: Option<u16>) {}
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("name", &self.name).finish_non_exhaustive()
    }
}
