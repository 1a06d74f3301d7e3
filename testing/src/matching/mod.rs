//! Conditions on requests, which can be combined. Those on gRPC calls are in [`grpc`].
//!
//! ```
//! use waxwing_testing::Request;
//! use waxwing_testing::matching::{header, method, path_prefix};
//!
//! let matcher = method("POST").and(path_prefix("/orders/")).and(header("x-token", "t0").or(header("x-user", "ana")));
//! assert!(matcher.matches(&Request::post("/orders/7").header("x-user", "ana")));
//! assert!(!matcher.matches(&Request::post("/orders/7")));
//! ```

pub mod grpc;

use crate::quoted::Quoted;
use crate::{GrpcRequest, Request};
use std::fmt;
use std::rc::Rc;

/// A condition on a request, or on a gRPC call, or several that all have to hold.
///
/// A closure is one as well: where a matcher is wanted, `|request: &Request| …` can be given.
pub struct Matcher<T = Request> {
    conditions: Vec<Condition<T>>,
}

/// What is wrong with a request; `None` if it is as it should be.
type Problem<T> = Rc<dyn Fn(&T) -> Option<String>>;

struct Condition<T> {
    what: String,
    problem: Problem<T>,
}

/// What matchers are about: a [`Request`] or a [`GrpcRequest`].
pub trait Subject: sealed::Sealed + 'static {
    /// What a message calls it.
    #[doc(hidden)]
    const NAME: &'static str;
}

impl Subject for Request {
    const NAME: &'static str = "request";
}

impl Subject for GrpcRequest {
    const NAME: &'static str = "call";
}

mod sealed {
    #[expect(unnameable_types, reason = "part of a sealed trait")]
    pub trait Sealed {}
    impl Sealed for crate::Request {}
    impl Sealed for crate::GrpcRequest {}
}

/// Every request.
pub fn any() -> Matcher {
    Matcher { conditions: Vec::new() }
}

/// A request with this method.
pub fn method(method: impl Into<String>) -> Matcher {
    let expected = method.into();
    condition(format!("method {expected}"), move |request: &Request| {
        let method = request.method();
        (method != expected).then(|| format!("the method is {method}, not {expected}"))
    })
}

/// A request with this path, its query included.
pub fn path(path: impl Into<String>) -> Matcher {
    let expected = path.into();
    condition(format!("path {expected}"), move |request: &Request| {
        let path = request.path();
        (path != expected).then(|| format!("the path is {path}, not {expected}"))
    })
}

/// A request whose path begins so.
pub fn path_prefix(prefix: impl Into<String>) -> Matcher {
    let expected = prefix.into();
    condition(format!("path {expected}…"), move |request: &Request| {
        let path = request.path();
        (!path.starts_with(&expected))
            .then(|| format!("the path is {path}, and does not begin with {expected}"))
    })
}

/// A request that has a header with this name and value.
pub fn header(name: impl Into<String>, value: impl AsRef<[u8]>) -> Matcher {
    let (name, expected) = (name.into(), value.as_ref().to_vec());
    condition(format!("{name}: {}", Quoted(&expected)), move |request: &Request| {
        let values: Vec<&[u8]> = request.headers().get_all(&name).collect();
        match values[..] {
            [] => Some(format!("there is no header {name}, which should be {}", Quoted(&expected))),
            [..] if values.contains(&&*expected) => None,
            [value, ..] => Some(format!("the header {name} is {}, not {}", Quoted(value), Quoted(&expected))),
        }
    })
}

/// A request that has a header with this name.
pub fn has_header(name: impl Into<String>) -> Matcher {
    let name = name.into();
    condition(format!("a header {name}"), move |request: &Request| {
        request.headers().get(&name).is_none().then(|| format!("there is no header {name}"))
    })
}

/// A request with this body.
pub fn body(body: impl AsRef<[u8]>) -> Matcher {
    let expected = body.as_ref().to_vec();
    condition(format!("body {}", Quoted(&expected)), move |request: &Request| {
        let body = request.body_bytes();
        (body != expected).then(|| format!("the body is {}, not {}", Quoted(&body), Quoted(&expected)))
    })
}

/// A request for which this holds, with a name for it in failures.
pub fn when(what: impl Into<String>, holds: impl Fn(&Request) -> bool + 'static) -> Matcher {
    holding(what.into(), holds)
}

fn holding<T>(what: String, holds: impl Fn(&T) -> bool + 'static) -> Matcher<T> {
    let problem = format!("{what:?} does not hold");
    condition(what, move |request| (!holds(request)).then(|| problem.clone()))
}

impl<T: Subject> Matcher<T> {
    /// Whether all of it holds.
    pub fn matches(&self, request: &T) -> bool {
        self.conditions.iter().all(|condition| (condition.problem)(request).is_none())
    }

    /// Both have to hold.
    #[must_use]
    pub fn and(mut self, other: impl Into<Matcher<T>>) -> Matcher<T> {
        self.conditions.extend(other.into().conditions);
        self
    }

    /// One of the two has to hold.
    #[must_use]
    pub fn or(self, other: impl Into<Matcher<T>>) -> Matcher<T> {
        let other = other.into();
        condition(format!("({self} or {other})"), move |request: &T| {
            let problems = [self.problems(request), other.problems(request)];
            let none_holds = problems.iter().all(|problems| !problems.is_empty());
            none_holds.then(|| problems.map(|problems| problems.join(", ")).join("; and "))
        })
    }

    /// It must not hold.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`!method(\"GET\")` would read worse")]
    pub fn not(self) -> Matcher<T> {
        condition(format!("not ({self})"), move |request: &T| {
            self.matches(request).then(|| format!("{self}, which must not be"))
        })
    }

    /// What does not hold.
    pub(crate) fn problems(&self, request: &T) -> Vec<String> {
        self.conditions.iter().filter_map(|condition| (condition.problem)(request)).collect()
    }

    /// How many conditions there are.
    pub(crate) fn len(&self) -> usize {
        self.conditions.len()
    }
}

impl<T: Subject, F: Fn(&T) -> bool + 'static> From<F> for Matcher<T> {
    fn from(holds: F) -> Self {
        holding("a closure".to_owned(), holds)
    }
}

impl<T> Clone for Matcher<T> {
    fn clone(&self) -> Self {
        Matcher { conditions: self.conditions.clone() }
    }
}

impl<T> Clone for Condition<T> {
    fn clone(&self) -> Self {
        Condition { what: self.what.clone(), problem: self.problem.clone() }
    }
}

impl<T: Subject> fmt::Display for Matcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.conditions.is_empty() {
            return write!(f, "any {}", T::NAME);
        }
        let conditions: Vec<&str> = self.conditions.iter().map(|condition| condition.what.as_str()).collect();
        f.write_str(&conditions.join(" and "))
    }
}

impl<T: Subject> fmt::Debug for Matcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matcher({self})")
    }
}

fn condition<T>(what: String, problem: impl Fn(&T) -> Option<String> + 'static) -> Matcher<T> {
    Matcher { conditions: vec![Condition { what, problem: Rc::new(problem) }] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_matcher_says_what_does_not_hold() {
        let request = Request::post("/a?b").header("x-a", "1").header("x-a", "2").body("abc");
        for (matcher, problem) in [
            (any(), ""),
            (method("POST"), ""),
            (method("GET"), "the method is POST, not GET"),
            (path("/a?b"), ""),
            (path("/a"), "the path is /a?b, not /a"),
            (path_prefix("/a"), ""),
            (path_prefix("/b"), "the path is /a?b, and does not begin with /b"),
            (header("X-A", "2"), ""),
            (header("x-a", "3"), r#"the header x-a is "1", not "3""#),
            (header("x-b", "3"), r#"there is no header x-b, which should be "3""#),
            (has_header("x-a"), ""),
            (has_header("x-b"), "there is no header x-b"),
            (body("abc"), ""),
            (body("ab"), r#"the body is "abc", not "ab""#),
            (when("a long body", |request| request.body_bytes().len() > 3), r#""a long body" does not hold"#),
            ((|request: &Request| request.path() == "/").into(), r#""a closure" does not hold"#),
            (method("GET").or(method("PUT")), "the method is POST, not GET; and the method is POST, not PUT"),
            (method("GET").or(path("/a?b")), ""),
            (method("POST").not(), "method POST, which must not be"),
            (any().not(), "any request, which must not be"),
            (method("GET").and(path("/")).not(), ""),
        ] {
            assert_eq!(matcher.problems(&request).join(", "), problem, "{matcher}");
            assert_eq!(matcher.matches(&request), problem.is_empty());
        }
        let both = method("GET").and(path("/"));
        assert_eq!(both.problems(&request).len(), 2);
        assert_eq!(both.to_string(), "method GET and path /");
    }
}
