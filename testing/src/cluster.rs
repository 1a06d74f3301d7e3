//! The upstreams of a scenario's callouts.

use crate::scenario::ORIGIN;
use crate::{Answer, GrpcAnswer, GrpcRequest, Request};
use std::sync::Arc;

/// An upstream of callouts. Its closure may run on any thread.
#[derive(Clone)]
pub(crate) enum Upstream {
    /// It does this with each request.
    Http(Arc<dyn Fn(&Request) -> Answer + Send + Sync>),
    /// It does this with each gRPC call.
    Grpc(Arc<dyn Fn(&GrpcRequest) -> GrpcAnswer + Send + Sync>),
    /// It refuses all connections.
    Refusing,
}

/// What a cluster received.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    pub(crate) requests: Vec<Request>,
    pub(crate) calls: Vec<GrpcRequest>,
}

/// Fails if an answer refuses a connection, which no server can whom a request has reached.
#[track_caller]
pub(crate) fn check_answer(cluster: &str, answer: &Answer) {
    let mut last = answer;
    while let Answer::After(_, then) = last {
        last = then;
    }
    if cluster == ORIGIN {
        assert!(
            *last != Answer::Refuse,
            "the origin refuses the connection of a request that has arrived, which no server can; \
             `Answer::Reset` closes it"
        );
        return;
    }
    assert!(
        *last != Answer::Refuse,
        "the cluster {cluster:?} refuses the connection of a request that has arrived, which no server can; \
         .refusing_cluster({cluster:?}) refuses all of them"
    );
}
