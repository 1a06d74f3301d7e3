//! The upstreams of a scenario.

use super::{ORIGIN, Scenario};
use crate::cluster::Upstream;
use crate::{Answer, GrpcAnswer, GrpcRequest, Request};
use std::sync::Arc;

impl Scenario {
    /// Sets what the upstream does: a [`Response`](crate::Response), or an [`Answer`] that takes its time or fails. It may be
    /// called on another thread: a real proxy has a real upstream.
    #[must_use]
    pub fn origin<A: Into<Answer>>(mut self, origin: impl Fn(&Request) -> A + Send + Sync + 'static) -> Self {
        self.origin = Arc::new(move |request| origin(request).into());
        self
    }

    /// Adds an upstream of callouts, by the name that the extension calls it. It may be called on another
    /// thread, and for several requests at once.
    ///
    /// # Panics
    ///
    /// If there is one of that name, `origin` among them.
    #[must_use]
    #[track_caller]
    pub fn cluster(
        self,
        name: impl Into<String>,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.upstream_of_callouts(name.into(), Upstream::Http(Arc::new(answer)))
    }

    /// Adds an upstream that serves gRPC calls, by the name that the extension calls it. It may be called on another
    /// thread, and for several calls at once.
    ///
    /// It is asked when the first message of the client is there, or when the client has ended without one.
    ///
    /// # Panics
    ///
    /// If there is one of that name, `origin` among them.
    #[must_use]
    #[track_caller]
    pub fn grpc_cluster(
        self,
        name: impl Into<String>,
        answer: impl Fn(&GrpcRequest) -> GrpcAnswer + Send + Sync + 'static,
    ) -> Self {
        self.upstream_of_callouts(name.into(), Upstream::Grpc(Arc::new(answer)))
    }

    /// Adds an upstream of callouts, HTTP and gRPC, that refuses all connections, as one whose server is down.
    ///
    /// # Panics
    ///
    /// If there is one of that name, `origin` among them.
    #[must_use]
    #[track_caller]
    pub fn refusing_cluster(self, name: impl Into<String>) -> Self {
        self.upstream_of_callouts(name.into(), Upstream::Refusing)
    }

    #[track_caller]
    fn upstream_of_callouts(mut self, name: String, upstream: Upstream) -> Self {
        let taken = name == ORIGIN || self.clusters.iter().any(|(other, _)| *other == name);
        assert!(!taken, "scenario {:?}: there is a cluster {name:?} already", self.name);
        self.clusters.push((name, upstream));
        self
    }
}
