//! Routes of a proxy beside the one that takes everything.

use crate::HeaderList;

/// The header by which an upstream sees which of them a request has taken.
pub(crate) const TAKEN: &str = "x-taken-route";

/// A route for requests with this header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) name: String,
    pub(crate) header: String,
    pub(crate) value: String,
}

/// The name of the route that a request with these headers takes; the one that takes everything has none. Of a header that
/// is there several times, each value counts.
pub(crate) fn name<'a>(routes: &'a [Route], headers: &HeaderList) -> &'a str {
    let takes = |route: &Route| headers.get_all(&route.header).any(|value| value == route.value.as_bytes());
    routes.iter().find(|route| takes(route)).map_or("", |route| &route.name)
}
