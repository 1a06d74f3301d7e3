//! What a host reads of a scenario.

use super::{FailurePolicy, Scenario};
use crate::cluster::Upstream;
use crate::profile::Profile;
use crate::step::{Step, check_steps};
use crate::{Answer, Request};
use std::sync::Arc;
use waxwing::LogLevel;

impl Scenario {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes of the plugin's configuration.
    pub fn configuration(&self) -> &[u8] {
        &self.config
    }

    /// The bytes of the VM's configuration.
    pub fn vm_configuration(&self) -> &[u8] {
        &self.vm_config
    }

    /// The name, the root id and the id of the VM.
    pub(crate) fn ids(&self) -> (Option<&str>, &str, &str) {
        (self.plugin_name.as_deref(), &self.root_id, &self.vm_id)
    }

    /// What becomes of streams when the VM has trapped.
    pub fn policy_after_trap(&self) -> FailurePolicy {
        self.failure_policy
    }

    /// How many bytes of a body the host holds back, if the scenario says so.
    pub fn body_limit(&self) -> Option<usize> {
        self.buffer_limit
    }

    /// The level of the host's log, if the scenario says so.
    pub fn host_log_level(&self) -> Option<LogLevel> {
        self.log_level
    }

    /// Whether a pause of a headers callback holds back the headers alone.
    pub fn headers_stop_alone(&self) -> bool {
        self.allow_on_headers_stop_iteration
    }

    /// The host that it is for.
    pub fn host_profile(&self) -> Profile {
        self.profile
    }

    /// How many workers the proxy has.
    pub fn worker_count(&self) -> usize {
        self.workers
    }

    /// What the messages of the traps contain, in order.
    pub fn expected_traps(&self) -> &[String] {
        &self.expected_traps
    }

    /// Compares the traps of a run with what was said of them.
    #[track_caller]
    pub(crate) fn check_traps(&self, host: &str, traps: &[String]) {
        let name = &self.name;
        if let Some(trap) = traps.get(self.expected_traps.len()) {
            panic!(
                "scenario {name:?} on {host}: the extension trapped: {trap}\n\
                 A scenario that is about a trap says so, for each: .expect_trap(\"…\")"
            );
        }
        if let Some(text) = self.expected_traps.get(traps.len()) {
            let count = traps.len();
            let others = if count == 0 { "none".to_owned() } else { format!("only {count} before it") };
            panic!("scenario {name:?} on {host}: expected a trap with {text:?}, and there was {others}");
        }
    }

    /// Fails if a step goes to a worker that there is not, and if there are both requests and connections.
    #[track_caller]
    pub(crate) fn check_steps(&self) {
        check_steps(&self.name, self.workers, &self.steps);
    }

    /// What happens, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The requests, in the order in which they are sent.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.steps.iter().flat_map(Step::requests).map(|(_, request)| request)
    }

    /// What the upstream does with a request.
    pub fn respond(&self, request: &Request) -> Answer {
        (self.origin)(request)
    }

    /// What the upstream does, to be called on any thread.
    pub fn upstream(&self) -> Arc<dyn Fn(&Request) -> Answer + Send + Sync> {
        self.origin.clone()
    }

    /// The upstreams of callouts, by name.
    pub(crate) fn clusters(&self) -> &[(String, Upstream)] {
        &self.clusters
    }

    /// How the list of differences calls that of the hosts here, if they differ.
    #[cfg_attr(
        not(all(feature = "wasm", feature = "envoy")),
        expect(dead_code, reason = "for comparisons with Envoy")
    )]
    pub(crate) fn listed_difference(&self) -> Option<&str> {
        self.listed_difference.as_deref()
    }

    /// The metrics that are asked for.
    pub(crate) fn metrics(&self) -> &[String] {
        &self.metrics
    }
}
