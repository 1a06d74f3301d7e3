//! Envoy's filter state.

use crate::Result;
use crate::protobuf::{Field, encode};
use crate::view::View;
use core::fmt;

/// How long something in Envoy's filter state lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Span {
    /// As long as the filters of this stream, internal redirects excluded.
    #[default]
    FilterChain,
    /// As long as the request, internal redirects included.
    Request,
    /// As long as the client's connection.
    Connection,
}

impl Span {
    pub(super) fn number(self) -> u32 {
        match self {
            Span::FilterChain => 0,
            Span::Request => 1,
            Span::Connection => 2,
        }
    }
}

/// An object of Envoy's filter state, by which other filters and the router go.
///
/// Envoy makes the object from text, and has to know how: the name is that of a kind of objects, such as
/// `envoy.string`, `envoy.tcp_proxy.cluster` or `envoy.upstream.dynamic_port`. What an extension keeps for itself is
/// set with [`View::set_property`](crate::View::set_property).
///
/// ```
/// use waxwing::foreign::{FilterState, Span};
/// use waxwing::prelude::*;
///
/// fn name_the_tenant(request: &RequestHeaders<'_>, tenant: &str) -> Result<()> {
///     FilterState::new("envoy.string", tenant).span(Span::Request).set(request)
/// }
/// ```
///
/// Its [`Path::filter_state`](crate::attributes::Path::filter_state) reads it.
#[derive(Clone, Copy)]
#[must_use = "it is not set until `set`"]
pub struct FilterState<'a> {
    name: &'a str,
    value: &'a str,
    span: Span,
}

impl<'a> FilterState<'a> {
    /// An object of this name, made from this text.
    pub fn new(name: &'a str, value: &'a str) -> Self {
        FilterState { name, value, span: Span::default() }
    }

    /// Sets how long it lasts. Versions of Envoy before 1.33 do not know it, and have [`Span::FilterChain`] always.
    pub fn span(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    /// Sets it, for the stream whose callback this is.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownFunction`](crate::Error::UnknownFunction) also if Envoy has no such kind of objects, and where
    /// there is no stream; [`Error::Host`](crate::Error::Host) if it cannot make the object from the text; else see
    /// [`foreign`](crate::foreign#errors).
    #[doc(alias = "proxy_call_foreign_function")]
    pub fn set<'cb>(self, view: &impl View<'cb>) -> Result<()> {
        let scope = view.cx().scope;
        let fields = [
            Field::Bytes(1, self.name.as_bytes()),
            Field::Bytes(2, self.value.as_bytes()),
            Field::Number(3, self.span.number()),
        ];
        super::call(scope, "set_envoy_filter_state", encode(scope, &fields)?).map(drop)
    }
}

impl fmt::Debug for FilterState<'_> {
    /// Not the value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterState")
            .field("name", &self.name)
            .field("span", &self.span)
            .finish_non_exhaustive()
    }
}
