//! How properties are kept.

use super::filter_state::Span;
use crate::Result;
use crate::protobuf::{Field, encode};
use crate::view::View;

/// What the value of a property is, for other filters that look into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PropertyKind {
    /// Bytes.
    #[default]
    Bytes,
    /// Text.
    Text,
    /// A table of FlatBuffers, with its schema.
    FlatBuffers,
    /// A message of protocol buffers, with the name of its type as the schema.
    Protobuf,
}

/// How Envoy keeps a property that [`View::set_property`](crate::View::set_property) sets.
///
/// Declare it in [`configure`](crate::RootContext::configure): a stream's own declaration has no effect. Without one, a
/// property is bytes, lasts as long as the filters of the stream, and can be set again.
///
/// ```
/// use waxwing::foreign::{Declaration, Span};
/// use waxwing::prelude::*;
///
/// fn declare(cx: &mut Configure<'_>) -> Result<()> {
///     Declaration::new("tenant").read_only().span(Span::Request).declare(cx)
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "it is not declared until `declare`"]
pub struct Declaration<'a> {
    name: &'a str,
    is_read_only: bool,
    kind: PropertyKind,
    schema: &'a [u8],
    span: Span,
}

impl<'a> Declaration<'a> {
    /// A property of one segment, kept as it is without a declaration.
    pub fn new(name: &'a str) -> Self {
        Declaration {
            name,
            is_read_only: false,
            kind: PropertyKind::default(),
            schema: &[],
            span: Span::default(),
        }
    }

    /// Lets it be set once only; then [`set_property`](crate::View::set_property) fails.
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Sets what its value is.
    pub fn kind(mut self, kind: PropertyKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the schema of a value that has one.
    pub fn schema(mut self, schema: &'a [u8]) -> Self {
        self.schema = schema;
        self
    }

    /// Sets how long it lasts.
    pub fn span(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    /// Declares it.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) with [`BAD_ARGUMENT`](crate::Status::BAD_ARGUMENT) if it is declared
    /// already; else see [`foreign`](crate::foreign#errors).
    #[doc(alias = "proxy_call_foreign_function")]
    pub fn declare<'cb>(self, view: &impl View<'cb>) -> Result<()> {
        let scope = view.cx().scope;
        let kind = match self.kind {
            PropertyKind::Bytes => 0,
            PropertyKind::Text => 1,
            PropertyKind::FlatBuffers => 2,
            PropertyKind::Protobuf => 3,
        };
        let fields = [
            Field::Bytes(1, self.name.as_bytes()),
            Field::Number(2, self.is_read_only.into()),
            Field::Number(3, kind),
            Field::Bytes(4, self.schema),
            Field::Number(5, self.span.number()),
        ];
        super::call(scope, "declare_property", encode(scope, &fields)?).map(drop)
    }
}
