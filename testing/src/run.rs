//! What became of a scenario on a host.

use crate::cluster::Received;
use crate::log::{LogLine, Logs};
use crate::{Exchange, GrpcRequest, Metric, Request};
use std::ops::Index;

/// What a scenario looked like from outside of the proxy.
///
/// An index gives the exchange of a request: `run[0].response()`.
#[derive(Clone, Debug)]
pub struct Run {
    exchanges: Vec<Exchange>,
    /// What each cluster received.
    received: Vec<(String, Received)>,
    logs: Logs,
    metrics: Vec<(String, Option<Metric>)>,
}

impl Run {
    pub(crate) fn new(
        exchanges: Vec<Exchange>,
        received: Vec<(String, Received)>,
        logs: Vec<LogLine>,
        metrics: Vec<(String, Option<Metric>)>,
    ) -> Self {
        Run { exchanges, received, logs: Logs::new(logs), metrics }
    }

    /// One exchange for each request, in order.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// The callouts that this cluster received whole, in the order of their arrival. Those that are under way at
    /// once may arrive in any order at a real server.
    ///
    /// # Panics
    ///
    /// If the scenario has no such cluster.
    #[track_caller]
    pub fn callouts(&self, cluster: &str) -> &[Request] {
        &self.received(cluster).requests
    }

    /// The gRPC calls that this cluster received, in the order of their arrival, with all messages that came.
    ///
    /// # Panics
    ///
    /// If the scenario has no such cluster.
    #[track_caller]
    pub fn grpc_calls(&self, cluster: &str) -> &[GrpcRequest] {
        &self.received(cluster).calls
    }

    #[track_caller]
    fn received(&self, cluster: &str) -> &Received {
        let found = self.received.iter().find(|(name, _)| name == cluster);
        let Some((_, received)) = found else {
            panic!("the scenario has no cluster {cluster:?}; it is added with .cluster({cluster:?}, …)")
        };
        received
    }

    /// What root contexts logged, on the workers, from their start on.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// A metric at the end of the run; `None` if the extension did not define it.
    ///
    /// # Panics
    ///
    /// If the scenario has not asked for it.
    #[track_caller]
    pub fn metric(&self, name: &str) -> Option<Metric> {
        let found = self.metrics.iter().find(|(other, _)| other == name);
        let Some((_, metric)) = found else {
            panic!("the scenario did not ask for the metric {name:?}; it does with .metric({name:?})")
        };
        *metric
    }

    /// All clusters, and what they received.
    pub(crate) fn all_received(&self) -> &[(String, Received)] {
        &self.received
    }

    /// All metrics.
    pub(crate) fn all_metrics(&self) -> &[(String, Option<Metric>)] {
        &self.metrics
    }
}

impl Index<usize> for Run {
    type Output = Exchange;

    #[track_caller]
    fn index(&self, request: usize) -> &Exchange {
        let count = self.exchanges.len();
        self.exchanges.get(request).unwrap_or_else(|| {
            panic!("the scenario has {count} requests, counted from 0, and none with the number {request}")
        })
    }
}
