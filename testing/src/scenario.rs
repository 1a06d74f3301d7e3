//! One test, on several hosts.

use crate::config::IntoConfig;
use crate::exchange::Exchange;
use crate::{Request, Response, difference};
use std::fmt;
use std::sync::Arc;

/// What becomes of streams when the VM has trapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FailurePolicy {
    /// They are answered with 503, or reset if their response has begun. Envoy's default.
    #[default]
    Closed,
    /// New ones go on as if the extension was not there. Those that were open fail all the same.
    Open,
}

/// Requests to an extension with a configuration, and an upstream: a value that any host can run.
///
/// ```no_run
/// use waxwing_testing::{Native, Request, Response, Runner, Scenario, json};
/// # fn run<E: waxwing::Extension>() {
///
/// let scenario = Scenario::new("adds the header")
///     .config(json!({ "name": "x-tag", "value": "blue" }))
///     .request(Request::get("/cart"))
///     .request(Request::post("/cart").body("apples"))
///     .origin(|request| Response::new(200).body(request.path()));
///
/// let exchanges = Native::<E>::new().run(&scenario);
/// exchanges[0].response().assert_header("x-tag", "blue");
/// # }
/// ```
#[derive(Clone)]
pub struct Scenario {
    name: String,
    config: Vec<u8>,
    failure_policy: FailurePolicy,
    expected_trap: Option<String>,
    requests: Vec<Request>,
    origin: Arc<dyn Fn(&Request) -> Response + Send + Sync>,
}

impl Scenario {
    /// A scenario of that name, without configuration and requests, failing closed, whose upstream
    /// [echoes](crate::echo).
    pub fn new(name: impl Into<String>) -> Self {
        Scenario {
            name: name.into(),
            config: Vec::new(),
            failure_policy: FailurePolicy::Closed,
            expected_trap: None,
            requests: Vec::new(),
            origin: Arc::new(crate::echo),
        }
    }

    /// Sets the configuration of the plugin.
    #[must_use]
    pub fn config(mut self, config: impl IntoConfig) -> Self {
        self.config = config.into_config();
        self
    }

    /// Lets new streams go on without the extension after a trap.
    #[must_use]
    pub fn fail_open(mut self) -> Self {
        self.failure_policy = FailurePolicy::Open;
        self
    }

    /// Says that the extension traps, with `text` in its message. A trap that was not said makes a run fail,
    /// and so does one that was and does not come.
    ///
    /// Envoy tells of a trap, but not its message.
    #[must_use]
    pub fn expect_trap(mut self, text: impl Into<String>) -> Self {
        self.expected_trap = Some(text.into());
        self
    }

    /// Adds a request, which is sent when the one before it has been answered.
    #[must_use]
    pub fn request(mut self, request: Request) -> Self {
        self.requests.push(request);
        self
    }

    /// Sets what the upstream answers. It may be called on another thread: a real proxy has a real upstream.
    #[must_use]
    pub fn origin(mut self, origin: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        self.origin = Arc::new(origin);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes of the configuration.
    pub fn configuration(&self) -> &[u8] {
        &self.config
    }

    /// What becomes of streams when the VM has trapped.
    pub fn failure_policy(&self) -> FailurePolicy {
        self.failure_policy
    }

    /// What the message of the trap contains, if the extension is to trap.
    pub fn expected_trap(&self) -> Option<&str> {
        self.expected_trap.as_deref()
    }

    /// Compares the trap of a run, if it had one, with what was said of it.
    #[track_caller]
    pub(crate) fn check_trap(&self, host: &str, trap: Option<&str>) {
        let name = &self.name;
        match (&self.expected_trap, trap) {
            (None, Some(trap)) => panic!(
                "scenario {name:?} on {host}: the extension trapped: {trap}\n\
                 A scenario that is about a trap says so: .expect_trap(\"…\")"
            ),
            (Some(text), None) => {
                panic!("scenario {name:?} on {host}: expected a trap with {text:?}, and there was none")
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
    }

    /// The requests, in the order in which they are sent.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// What the upstream answers to a request.
    pub fn respond(&self, request: &Request) -> Response {
        (self.origin)(request)
    }

    /// What the upstream does, to be called on any thread.
    pub fn upstream(&self) -> Arc<dyn Fn(&Request) -> Response + Send + Sync> {
        self.origin.clone()
    }

    /// Runs it on each host and asserts that the exchanges are the same; returns those of the first.
    ///
    /// Compared are the request that the upstream received and the response that the client received, with
    /// their bodies (however they were cut into pieces) and trailers, and the log lines. Headers have to come in
    /// the same order, pseudo-headers aside.
    ///
    /// # Panics
    ///
    /// If a host's exchanges differ from those of the first host, with all differences; and if there is nothing
    /// to compare, because the scenario has no requests or there are no hosts.
    #[track_caller]
    pub fn compare(&self, runners: &[&dyn Runner]) -> Vec<Exchange> {
        let Some((first, others)) = runners.split_first() else {
            panic!("scenario {:?}: there is no host to run it on", self.name);
        };
        assert!(!self.requests.is_empty(), "scenario {:?}: it has no requests to compare", self.name);
        let expected = first.run(self);
        let mut differences = String::new();
        for other in others {
            let actual = other.run(self);
            differences += &difference::exchanges((first.name(), &expected), (other.name(), &actual));
        }
        assert!(differences.is_empty(), "scenario {:?}: the hosts differ\n{differences}", self.name);
        expected
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .field("failure_policy", &self.failure_policy)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}

/// A host that runs scenarios.
pub trait Runner {
    /// What it is called in a report of differences.
    fn name(&self) -> &str;

    /// Runs the scenario on a fresh VM: one exchange for each of its requests, in order.
    ///
    /// # Panics
    ///
    /// If the host refuses the configuration, or cannot run at all.
    fn run(&self, scenario: &Scenario) -> Vec<Exchange>;
}
