//! Routes of a proxy beside the one that takes everything.

/// The header by which an upstream sees which of them a request has taken.
pub(crate) const TAKEN: &str = "x-taken-route";

/// A route for requests with this header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) name: String,
    pub(crate) header: String,
    pub(crate) value: String,
}
