//! What became of a scenario on a host.

use crate::cluster::Received;
use crate::log::{LogLine, Logs};
use crate::timeline::Timeline;
use crate::{Exchange, GrpcRequest, Metric, Request, TcpExchange, log};
use std::ops::{Index, Range};

/// What a scenario looked like from outside of the proxy.
///
/// An index gives the exchange of a request: `run[0].response()`.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub(crate) exchanges: Vec<Exchange>,
    /// Which of them were in flight at once, and what the extension logged for these, in any order.
    pub(crate) together: Vec<(Range<usize>, Vec<LogLine>)>,
    pub(crate) connections: Vec<TcpExchange>,
    /// What each cluster received.
    pub(crate) received: Vec<(String, Received)>,
    /// Those of root contexts.
    pub(crate) logs: Logs,
    pub(crate) metrics: Vec<(String, Option<Metric>)>,
    /// What happened in each context, if the host is a model.
    #[cfg_attr(
        not(all(feature = "wasm", feature = "envoy")),
        expect(dead_code, reason = "for the report of comparisons")
    )]
    pub(crate) timelines: Vec<(String, Timeline)>,
}

impl Run {
    /// One exchange for each request, in order.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// What became of each TCP connection, in order.
    pub fn connections(&self) -> &[TcpExchange] {
        &self.connections
    }

    /// The callouts that this cluster received whole, in the order of their arrival. Those that are under way at
    /// once may arrive in any order at a real server.
    ///
    /// # Panics
    ///
    /// If the scenario has no such cluster.
    #[track_caller]
    pub fn callouts(&self, cluster: &str) -> &[Request] {
        &self.received_by(cluster).requests
    }

    /// The gRPC calls that this cluster received, in the order of their arrival, with all messages that came.
    ///
    /// # Panics
    ///
    /// If the scenario has no such cluster.
    #[track_caller]
    pub fn grpc_calls(&self, cluster: &str) -> &[GrpcRequest] {
        &self.received_by(cluster).calls
    }

    #[track_caller]
    fn received_by(&self, cluster: &str) -> &Received {
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
}

impl Run {
    /// Adds exchanges of clients that were there at once; with the lines of all, if they cannot be told apart.
    pub(crate) fn add_together(&mut self, exchanges: Vec<Exchange>, lines: Option<Vec<LogLine>>) {
        let start = self.exchanges.len();
        self.exchanges.extend(exchanges);
        let range = start..self.exchanges.len();
        if range.len() > 1 {
            let of_each = || self.exchanges[range.clone()].iter().flat_map(|one| one.logs().lines().to_vec());
            let mut lines = lines.unwrap_or_else(|| of_each().collect());
            log::sort(&mut lines);
            self.together.push((range, lines));
        }
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
