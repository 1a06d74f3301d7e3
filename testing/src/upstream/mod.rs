//! Upstreams of callouts, as a test makes them up.

mod grpc;
mod http;
mod protocol;
mod rule;

pub use protocol::{Grpc, Http, Protocol};
pub use rule::{Rule, Times};

use crate::matching::Matcher;
use protocol::{Line, Lines};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// An upstream that an extension can call: a cluster of the proxy's, by its name.
///
/// [`Host::upstream`](crate::Host::upstream) makes one, and [`Host::grpc_upstream`](crate::Host::grpc_upstream) one that serves
/// gRPC. What it answers is said by rules; the first whose matcher
/// holds is the one. A call for which there is no rule fails the test, and says which rule came closest. A clone
/// is the same upstream.
///
/// ```
/// use std::time::Duration;
/// use waxwing_testing::matching::{any, header, method, path};
/// use waxwing_testing::{Response, Upstream};
///
/// let authz = Upstream::new("authz");
/// authz
///     .on(method("POST").and(path("/check")).and(header("x-token", "t0")))
///     .named("a known token")
///     .reply(Response::new(200).header("x-user", "ana"))
///     .delay(Duration::from_millis(30));
/// authz.on(any()).reply(Response::new(403));
/// ```
pub struct Upstream<P: Protocol = Http>(Rc<State<P>>);

/// An upstream that serves gRPC; see [`Upstream`].
///
/// ```
/// use waxwing_testing::matching::grpc::{any, message, method};
/// use waxwing_testing::GrpcUpstream;
///
/// let authz = GrpcUpstream::grpc("authz");
/// authz.on(method("Check").and(message("t0"))).named("a known token").reply("ana");
/// authz.on(any()).error(7, "not you");
/// ```
pub type GrpcUpstream = Upstream<Grpc>;

/// A rule of an upstream that serves gRPC; see [`Rule`].
pub type GrpcRule = Rule<Grpc>;

struct State<P: Protocol> {
    name: String,
    healthy: Cell<bool>,
    refusing: Cell<bool>,
    rules: RefCell<Vec<Rule<P>>>,
    calls: RefCell<Vec<Received<P>>>,
}

/// A call that has begun. More of it may come.
pub(crate) type Received<P> = Rc<RefCell<<P as Protocol>::Call>>;

impl Upstream {
    /// An upstream without rules. [`HostBuilder::upstream`](crate::HostBuilder::upstream) gives it to a host that
    /// calls it while it starts; otherwise [`Host::upstream`](crate::Host::upstream) is shorter.
    pub fn new(name: impl Into<String>) -> Self {
        Upstream::of(name.into())
    }

    /// What it does with a request; the error is why the test fails.
    pub(crate) fn receive(&self, request: &crate::Request) -> Result<crate::Answer, String> {
        self.answer(&self.begin(request.clone()))
    }
}

impl Upstream<Grpc> {
    /// An upstream that serves gRPC, without rules. [`HostBuilder::grpc_upstream`](crate::HostBuilder::grpc_upstream) gives it
    /// to a host that calls it while it starts; otherwise [`Host::grpc_upstream`](crate::Host::grpc_upstream) is shorter.
    pub fn grpc(name: impl Into<String>) -> Self {
        Upstream::of(name.into())
    }

    /// Says whether it refuses all connections, as one whose server is down; it does not unless something else is said.
    pub fn set_refusing(&self, refusing: bool) {
        self.0.refusing.set(refusing);
    }

    pub(crate) fn is_refusing(&self) -> bool {
        self.0.refusing.get()
    }
}

impl<P: Protocol> Upstream<P> {
    pub(crate) fn of(name: String) -> Self {
        Upstream(Rc::new(State {
            name,
            healthy: Cell::new(true),
            refusing: Cell::new(false),
            rules: RefCell::default(),
            calls: RefCell::default(),
        }))
    }

    /// The name of the cluster.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Adds a rule, behind the others. It answers 200, without a body, unless something else is said; in gRPC with an
    /// empty message.
    #[track_caller]
    pub fn on(&self, matcher: impl Into<Matcher<P::Call>>) -> Rule<P> {
        let rule = Rule::new(matcher.into());
        self.0.rules.borrow_mut().push(rule.clone());
        rule
    }

    /// Says whether the cluster has a healthy host; it has unless something else is said. Without one, calls
    /// fail at once: nothing is sent, no callback comes, and the host function answers 10 (internal failure).
    pub fn set_healthy(&self, healthy: bool) {
        self.0.healthy.set(healthy);
    }

    /// What it has received so far, in order.
    pub fn calls(&self) -> Vec<P::Call> {
        self.0.calls.borrow().iter().map(|call| call.borrow().clone()).collect()
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.0.healthy.get()
    }

    /// A call begins.
    pub(crate) fn begin(&self, call: P::Call) -> Received<P> {
        let received = Rc::new(RefCell::new(call));
        self.0.calls.borrow_mut().push(received.clone());
        received
    }

    /// What it does with a call, as far as that has come; the error is why the test fails.
    pub(crate) fn answer(&self, received: &Received<P>) -> Result<P::Answer, String> {
        let call = received.borrow().clone();
        // Cloned, so that nothing is borrowed while the test's code runs.
        let rules = self.0.rules.borrow().clone();
        match rules.iter().find(|rule| rule.matches(&call)) {
            Some(rule) => {
                rule.answer(received).map_err(|problem| format!("upstream {:?}: {problem}", self.name()))
            }
            None => Err(self.near_miss(&rules, &call)),
        }
    }

    /// Why no rule is for this request.
    fn near_miss(&self, rules: &[Rule<P>], call: &P::Call) -> String {
        let what = format!("upstream {:?}: no rule is for this call\n{}", self.name(), Lines::<P>(call));
        let misses = rules.iter().map(|rule| (rule, rule.matcher().problems(call)));
        // The fewest problems; of those, the most conditions that hold.
        let closest =
            misses.min_by_key(|(rule, problems)| (problems.len(), usize::MAX - rule.matcher().len()));
        match closest {
            Some((rule, problems)) => {
                let problems = match (&problems[..], rule.matcher().len()) {
                    ([problem], _) => problem.clone(),
                    (problems, all) => format!(
                        "{} of its {all} conditions do not hold:\n  - {}",
                        problems.len(),
                        problems.join("\n  - ")
                    ),
                };
                format!("{what}\nthe closest is {rule}, but {problems}")
            }
            None => format!(
                "{what}\nit has no rules; `host.{}({:?}).on(any())` adds one",
                P::UPSTREAM,
                self.name()
            ),
        }
    }

    /// What the rules expected and did not get.
    fn disappointments(&self) -> Vec<String> {
        let rules = self.0.rules.borrow();
        let problems = rules.iter().filter_map(Rule::disappointment);
        problems
            .map(|problem| format!("upstream {:?}: {problem}{}", self.name(), All::<P>(&self.calls())))
            .collect()
    }
}

impl<P: Protocol> Clone for Upstream<P> {
    fn clone(&self) -> Self {
        Upstream(self.0.clone())
    }
}

impl<P: Protocol> fmt::Debug for Upstream<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("name", &self.name())
            .field("calls", &self.0.calls.borrow().len())
            .finish_non_exhaustive()
    }
}

/// The upstreams that a host knows, by name.
#[derive(Clone, Debug)]
pub(crate) struct Upstreams<P: Protocol = Http>(RefCell<BTreeMap<String, Upstream<P>>>);

impl<P: Protocol> Default for Upstreams<P> {
    fn default() -> Self {
        Upstreams(RefCell::default())
    }
}

impl<P: Protocol> Upstreams<P> {
    /// Makes an upstream known.
    #[track_caller]
    pub(crate) fn add(&self, upstream: Upstream<P>) {
        let name = upstream.name().to_owned();
        let before = self.0.borrow_mut().insert(name.clone(), upstream);
        assert!(before.is_none(), "this host has an upstream {name:?} already");
    }

    pub(crate) fn get(&self, name: &str) -> Option<Upstream<P>> {
        self.0.borrow().get(name).cloned()
    }

    /// The one of that name, which is made if there is none.
    pub(crate) fn get_or_add(&self, name: &str) -> Upstream<P> {
        self.0.borrow_mut().entry(name.to_owned()).or_insert_with(|| Upstream::of(name.to_owned())).clone()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.borrow().keys().cloned().collect()
    }

    /// What was expected of them and did not come.
    pub(crate) fn disappointments(&self) -> Vec<String> {
        self.0.borrow().values().flat_map(Upstream::disappointments).collect()
    }
}

/// The calls that came, one a line.
struct All<'a, P: Protocol>(&'a [P::Call]);

impl<P: Protocol> fmt::Display for All<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("\nit received nothing");
        }
        f.write_str("\nit received")?;
        self.0.iter().try_for_each(|call| write!(f, "\n  {}", Line::<P>(call)))
    }
}
