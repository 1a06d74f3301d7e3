//! Conditions on gRPC calls, which can be combined.
//!
//! ```
//! use waxwing_testing::GrpcRequest;
//! use waxwing_testing::matching::grpc::{message, metadata, method, service};
//!
//! let matcher = service("acme.Auth").and(method("Check")).and(metadata("x-user", "ana").or(message("ana")));
//! assert!(matcher.matches(&GrpcRequest::new("acme.Auth", "Check").message("ana")));
//! assert!(!matcher.matches(&GrpcRequest::new("acme.Auth", "Check")));
//! ```

use super::{Matcher, condition, holding};
use crate::GrpcRequest;
use crate::quoted::Quoted;

/// Every call.
pub fn any() -> Matcher<GrpcRequest> {
    Matcher { conditions: Vec::new() }
}

/// A call of this service, with its package.
pub fn service(service: impl Into<String>) -> Matcher<GrpcRequest> {
    let expected = service.into();
    condition(format!("service {expected}"), move |call: &GrpcRequest| {
        let service = call.service();
        (service != expected).then(|| format!("the service is {service}, not {expected}"))
    })
}

/// A call of this method.
pub fn method(method: impl Into<String>) -> Matcher<GrpcRequest> {
    let expected = method.into();
    condition(format!("method {expected}"), move |call: &GrpcRequest| {
        let method = call.method();
        (method != expected).then(|| format!("the method is {method}, not {expected}"))
    })
}

/// A call that has metadata with this name and value.
pub fn metadata(name: impl Into<String>, value: impl AsRef<[u8]>) -> Matcher<GrpcRequest> {
    let (name, expected) = (name.into(), value.as_ref().to_vec());
    condition(format!("{name}: {}", Quoted(&expected)), move |call: &GrpcRequest| {
        let values: Vec<&[u8]> = call.client_metadata().get_all(&name).collect();
        match values[..] {
            [] => Some(format!("there is no metadata {name}, which should be {}", Quoted(&expected))),
            [..] if values.contains(&&*expected) => None,
            [value, ..] => {
                Some(format!("the metadata {name} is {}, not {}", Quoted(value), Quoted(&expected)))
            }
        }
    })
}

/// A call whose first message is this one.
pub fn message(message: impl AsRef<[u8]>) -> Matcher<GrpcRequest> {
    let expected = message.as_ref().to_vec();
    condition(format!("message {}", Quoted(&expected)), move |call: &GrpcRequest| match call.messages() {
        [] => Some(format!("there is no message, which should be {}", Quoted(&expected))),
        [message, ..] if *message == expected => None,
        [message, ..] => Some(format!("the message is {}, not {}", Quoted(message), Quoted(&expected))),
    })
}

/// A call for which this holds, with a name for it in failures.
pub fn when(what: impl Into<String>, holds: impl Fn(&GrpcRequest) -> bool + 'static) -> Matcher<GrpcRequest> {
    holding(what.into(), holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_matcher_says_what_does_not_hold() {
        let call = GrpcRequest::new("acme.Auth", "Check").metadata("x-a", "1").message("m").message("n");
        for (matcher, problem) in [
            (any(), ""),
            (service("acme.Auth"), ""),
            (service("Auth"), "the service is acme.Auth, not Auth"),
            (method("Check"), ""),
            (method("Ask"), "the method is Check, not Ask"),
            (metadata("x-a", "1"), ""),
            (metadata("x-a", "2"), r#"the metadata x-a is "1", not "2""#),
            (metadata("x-b", "2"), r#"there is no metadata x-b, which should be "2""#),
            (message("m"), ""),
            (message("n"), r#"the message is "m", not "n""#),
            (when("two messages", |call| call.messages().len() > 2), r#""two messages" does not hold"#),
            ((|call: &GrpcRequest| call.method() == "").into(), r#""a closure" does not hold"#),
            (any().not(), "any call, which must not be"),
        ] {
            assert_eq!(matcher.problems(&call).join(", "), problem, "{matcher}");
        }
        let without = GrpcRequest::new("a", "b");
        assert_eq!(message("m").problems(&without), [r#"there is no message, which should be "m""#]);
    }
}
