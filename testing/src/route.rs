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

/// The route that a request with these headers takes; `None` for the one that takes everything.
pub(crate) fn taken<'a>(routes: &'a [Route], headers: &HeaderList) -> Option<&'a Route> {
    routes.iter().find(|route| headers.get(&route.header) == Some(route.value.as_bytes()))
}
