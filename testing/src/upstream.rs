//! Upstreams of callouts, as a test makes them up.

use crate::Request;
use crate::answer::Answer;
use crate::matching::Matcher;
use crate::quoted::Quoted;
use crate::rule::{Received, Rule};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

/// An upstream that an extension can call: a cluster of the proxy's, by its name.
///
/// [`Host::upstream`](crate::Host::upstream) makes one. What it answers is said by rules; the first whose matcher
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
#[derive(Clone)]
pub struct Upstream(Rc<State>);

struct State {
    name: String,
    healthy: Cell<bool>,
    rules: RefCell<Vec<Rule>>,
    calls: RefCell<Vec<Request>>,
}

impl Upstream {
    /// An upstream without rules. [`HostBuilder::upstream`](crate::HostBuilder::upstream) gives it to a host that
    /// calls it while it starts; otherwise [`Host::upstream`](crate::Host::upstream) is shorter.
    pub fn new(name: impl Into<String>) -> Self {
        Upstream(Rc::new(State {
            name: name.into(),
            healthy: Cell::new(true),
            rules: RefCell::default(),
            calls: RefCell::default(),
        }))
    }

    /// The name of the cluster.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Adds a rule, behind the others. It answers 200, without a body, unless something else is said.
    #[track_caller]
    pub fn on(&self, matcher: impl Into<Matcher>) -> Rule {
        let rule = Rule::new(matcher.into(), Location::caller());
        self.0.rules.borrow_mut().push(rule.clone());
        rule
    }

    /// Says whether the cluster has a healthy host; it has unless something else is said. Without one, calls
    /// fail at once: nothing is sent, no callback comes, and the host function answers 10 (internal failure).
    pub fn set_healthy(&self, healthy: bool) {
        self.0.healthy.set(healthy);
    }

    /// What it has received so far, in order.
    pub fn calls(&self) -> Vec<Request> {
        self.0.calls.borrow().clone()
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.0.healthy.get()
    }

    /// What it does with a request; the error is why the test fails.
    pub(crate) fn receive(&self, request: &Request) -> Result<Answer, String> {
        self.0.calls.borrow_mut().push(request.clone());
        // Cloned, so that nothing is borrowed while the test's code runs.
        let rules = self.0.rules.borrow().clone();
        match rules.iter().find(|rule| rule.matcher().matches(request)) {
            Some(rule) => {
                rule.receive(request).map_err(|problem| format!("upstream {:?}: {problem}", self.name()))
            }
            None => Err(self.near_miss(&rules, request)),
        }
    }

    /// Why no rule is for this request.
    fn near_miss(&self, rules: &[Rule], request: &Request) -> String {
        let what = format!("upstream {:?}: no rule is for this call\n{}", self.name(), Lines(request));
        let misses = rules.iter().map(|rule| (rule, rule.matcher().problems(request)));
        // The fewest problems; of those, the most conditions that hold.
        let closest =
            misses.min_by_key(|(rule, problems)| (problems.len(), usize::MAX - rule.matcher().len()));
        match closest {
            Some((rule, problems)) => {
                format!("{what}\nthe closest is {rule}, but {}", problems.join(", and "))
            }
            None => format!("{what}\nit has no rules; `host.upstream({:?}).on(any())` adds one", self.name()),
        }
    }

    /// What the rules expected and did not get.
    fn disappointments(&self) -> Vec<String> {
        let rules = self.0.rules.borrow();
        let problems = rules.iter().filter_map(Rule::disappointment);
        problems
            .map(|problem| format!("upstream {:?}: {problem}{}", self.name(), Received(&self.calls())))
            .collect()
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("name", &self.name())
            .field("calls", &self.0.calls.borrow().len())
            .finish_non_exhaustive()
    }
}

/// The upstreams that a host knows, by name.
#[derive(Debug, Default)]
pub(crate) struct Upstreams(RefCell<BTreeMap<String, Upstream>>);

impl Upstreams {
    /// Makes an upstream known.
    #[track_caller]
    pub(crate) fn add(&self, upstream: Upstream) {
        let name = upstream.name().to_owned();
        let before = self.0.borrow_mut().insert(name.clone(), upstream);
        assert!(before.is_none(), "this host has an upstream {name:?} already");
    }

    pub(crate) fn get(&self, name: &str) -> Option<Upstream> {
        self.0.borrow().get(name).cloned()
    }

    /// The one of that name, which is made if there is none.
    pub(crate) fn get_or_add(&self, name: &str) -> Upstream {
        self.0.borrow_mut().entry(name.to_owned()).or_insert_with(|| Upstream::new(name)).clone()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.borrow().keys().cloned().collect()
    }

    /// What was expected of them and did not come.
    pub(crate) fn disappointments(&self) -> Vec<String> {
        self.0.borrow().values().flat_map(Upstream::disappointments).collect()
    }
}

/// A request as lines, indented.
struct Lines<'a>(&'a Request);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = self.0;
        write!(f, "  {} {}", request.method(), request.path())?;
        for (name, value) in
            request.headers().iter().filter(|(name, _)| ![&b":method"[..], b":path"].contains(name))
        {
            write!(f, "\n  {}: {}", name.escape_ascii(), Quoted(value))?;
        }
        if !request.body_bytes().is_empty() {
            write!(f, "\n  (body) {}", Quoted(&request.body_bytes()))?;
        }
        Ok(())
    }
}
