//! Scenarios made of others.

use super::Scenario;
use crate::cluster::Upstream;
use crate::step::Step;
use crate::{Answer, Client, GrpcAnswer, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

impl Scenario {
    /// The same with other things happening in it.
    pub(crate) fn with_steps(&self, steps: impl IntoIterator<Item = Step>) -> Scenario {
        Scenario { steps: steps.into_iter().collect(), ..self.clone() }
    }

    /// The same with what becomes of each request, wherever it is.
    pub(crate) fn with_requests(&self, change: impl Fn(Request) -> Request) -> Scenario {
        let steps = self.steps.iter().cloned().map(|step| match step {
            Step::Request { worker, request } => Step::Request { worker, request: change(request) },
            Step::Together(clients) => {
                Step::Together(clients.into_iter().map(|client| client.with_request(&change)).collect())
            }
            other => other,
        });
        self.with_steps(steps.collect::<Vec<_>>())
    }

    /// The requests, each with its worker, in the order in which they begin.
    pub(crate) fn requests_by_worker(&self) -> Vec<(usize, Request)> {
        let requests = self.steps.iter().flat_map(Step::requests);
        requests.map(|(worker, request)| (worker, request.clone())).collect()
    }

    /// The same requests, each by a client of its own, at once.
    pub(crate) fn with_clients(&self, client: impl Fn(Client) -> Client) -> Scenario {
        let clients = self.requests_by_worker().into_iter().map(|(worker, request)| {
            let own = Client::new(request).on_worker(worker);
            client(own)
        });
        self.with_steps([Step::Together(clients.collect())])
    }

    /// Whether it has clusters whose answers [`with_answers`](Scenario::with_answers) changes.
    pub(crate) fn has_answers(&self) -> bool {
        self.clusters.iter().any(|(_, upstream)| !matches!(upstream, Upstream::Refusing))
    }

    /// The same with other answers of the clusters: of those that serve HTTP, and of those that serve gRPC.
    pub(crate) fn with_answers(
        &self,
        http: impl Fn(Answer) -> Answer + Send + Sync + 'static,
        grpc: impl Fn(GrpcAnswer) -> GrpcAnswer + Send + Sync + 'static,
    ) -> Scenario {
        let (http, grpc) = (Arc::new(http), Arc::new(grpc));
        let mut scenario = self.clone();
        for (_, upstream) in &mut scenario.clusters {
            match upstream {
                Upstream::Http(answer) => {
                    let (answer, change) = (answer.clone(), http.clone());
                    *upstream = Upstream::Http(Arc::new(move |request| change(answer(request))));
                }
                Upstream::Grpc(answer) => {
                    let (answer, change) = (answer.clone(), grpc.clone());
                    *upstream = Upstream::Grpc(Arc::new(move |call| change(answer(call))));
                }
                Upstream::Refusing => {}
            }
        }
        scenario
    }

    /// The same with each answer of a cluster so much later; the time depends on how many were answered before.
    pub(crate) fn with_late_answers(
        &self,
        time: impl Fn(u32) -> Duration + Send + Sync + 'static,
    ) -> Scenario {
        let answered = AtomicU32::new(0);
        let time = Arc::new(move || time(answered.fetch_add(1, Ordering::Relaxed)));
        let of_grpc = time.clone();
        self.with_answers(move |answer| answer.after(time()), move |answer| answer.after(of_grpc()))
    }

    /// The same without clusters: what calls them is refused.
    pub(crate) fn without_clusters(&self) -> Scenario {
        Scenario { clusters: Vec::new(), ..self.clone() }
    }

    /// Whether its extension calls clusters.
    pub(crate) fn has_clusters(&self) -> bool {
        !self.clusters.is_empty()
    }

    /// The same with other answers of the origin.
    pub(crate) fn with_origin(
        &self,
        change: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static,
    ) -> Scenario {
        let origin = self.origin.clone();
        Scenario { origin: Arc::new(move |request| change(request, origin(request))), ..self.clone() }
    }

    /// The same with another configuration.
    pub(crate) fn with_config(&self, config: &[u8]) -> Scenario {
        Scenario { config: config.to_vec(), ..self.clone() }
    }
}
