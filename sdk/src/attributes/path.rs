//! Paths that are made at run time.

use super::Attribute;
use super::kind::Kind;
use alloc::vec::Vec;
use core::fmt;

/// The path of an attribute that is not in the catalogue: the metadata of a filter, its state, a single header.
///
/// Make it once, in [`configure`](crate::RootContext::configure), and read it as often as it is needed: reading joins
/// and allocates nothing.
///
/// ```
/// use waxwing::attributes::{Path, Text};
/// use waxwing::prelude::*;
///
/// struct Subject {
///     path: Path,
/// }
///
/// impl Subject {
///     fn new() -> Self {
///         Subject { path: Path::metadata("envoy.filters.http.jwt_authn").then("payload").then("sub") }
///     }
///
///     fn read<'cb>(&self, request: &RequestHeaders<'cb>) -> Result<Option<&'cb str>> {
///         request.attribute(self.path.of::<Text>())
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Path(Vec<u8>);

impl Path {
    /// The path of these segments. A NUL in one of them ends it there, and begins another.
    ///
    /// ```
    /// use waxwing::attributes::Path;
    ///
    /// assert_eq!(Path::new(["request", "headers", "x-a"]).as_bytes(), b"request\0headers\0x-a");
    /// ```
    pub fn new<S: AsRef<[u8]>>(segments: impl IntoIterator<Item = S>) -> Self {
        segments.into_iter().fold(Path(Vec::new()), Path::then)
    }

    /// The dynamic metadata of a filter, in its namespace. [`then`](Path::then) comes a key.
    ///
    /// In Envoy and its relatives. Numbers are [`Float`](super::Float)s there, whatever they look like; null is
    /// absent.
    pub fn metadata(namespace: impl AsRef<[u8]>) -> Self {
        Path::new(["metadata", "filter_metadata"]).then(namespace)
    }

    /// The state that a filter keeps under this name.
    ///
    /// In Envoy and its relatives. What [`set_property`](crate::View::set_property) has set is not there, but under
    /// the name itself: `Path::new(["name"])`.
    pub fn filter_state(name: impl AsRef<[u8]>) -> Self {
        Path::new(["filter_state"]).then(name)
    }

    /// The same with another segment behind it.
    #[must_use]
    pub fn then(mut self, segment: impl AsRef<[u8]>) -> Self {
        if !self.0.is_empty() {
            self.0.push(0);
        }
        self.0.extend_from_slice(segment.as_ref());
        self
    }

    /// The attribute that has this path and this type. Null is absent.
    pub fn of<T: Kind>(&self) -> Attribute<'_, T> {
        Attribute::new("proxy_get_property", &self.0).or_null()
    }

    /// The path as the host reads it: the segments with NUL between them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({})", self.0.escape_ascii())
    }
}
