//! CEL expressions, evaluated by the host.

use crate::abi::call;
use crate::attributes::Kind;
use crate::view::View;
use crate::{Error, Result, Status};

/// A CEL expression over attributes, which the host has compiled; it is deleted there when it is dropped.
///
/// It belongs to the root context in whose callback, or in the callback of whose stream, it was made. Make it once,
/// in [`configure`](crate::RootContext::configure), and give it to the streams in an
/// [`Rc`](alloc::rc::Rc).
///
/// ```
/// use waxwing::attributes::Bool;
/// use waxwing::foreign::Expression;
/// use waxwing::prelude::*;
///
/// fn compile(cx: &mut Configure<'_>) -> Result<Expression> {
///     Expression::new(cx, "request.method == 'GET' && source.port > 1024")
/// }
///
/// fn is_met(expression: &Expression, request: &RequestHeaders<'_>) -> Result<bool> {
///     Ok(expression.evaluate::<Bool>(request)?.unwrap_or(false))
/// }
/// ```
#[derive(Debug)]
pub struct Expression {
    token: u32,
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] with [`BAD_ARGUMENT`](Status::BAD_ARGUMENT) if it is not one: Envoy logs why, at the level
    /// `info`. [`Error::UnknownFunction`] if the host was built without CEL.
    #[doc(alias = "proxy_call_foreign_function")]
    pub fn new<'cb>(view: &impl View<'cb>, source: &str) -> Result<Self> {
        let answer = super::call(view.cx().scope, "expr_create", source.as_bytes())?;
        match answer.try_into() {
            Ok(token) => Ok(Expression { token: u32::from_le_bytes(token) }),
            Err(_) => Err(malformed("the token of the expression has not four bytes")),
        }
    }

    /// Its value for the stream whose callback this is, as a type that attributes have; `None` if that is null.
    ///
    /// In a callback that the host calls for the root context, an answer to a callout among them, there is no stream
    /// for it: then attributes of the stream are unknown to it.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] with [`INTERNAL_FAILURE`](Status::INTERNAL_FAILURE) if it has no value, because an attribute is
    /// absent or of another type than it expects; [`Error::Malformed`] if the value is not of the type `T`.
    #[doc(alias = "proxy_call_foreign_function")]
    pub fn evaluate<'cb, T: Kind>(&self, view: &impl View<'cb>) -> Result<Option<T::Value<'cb>>> {
        match super::call(view.cx().scope, "expr_evaluate", &self.token.to_le_bytes()) {
            Ok(value) => T::decode(value).map(Some).map_err(|error| malformed(error.problem())),
            Err(Error::Host { status: Status::SERIALIZATION_FAILURE, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Expression {
    fn drop(&mut self) {
        // Where the root context has ended already, the host has deleted it.
        let _ = call::tell_foreign_function(b"expr_delete", &self.token.to_le_bytes());
    }
}

#[cold]
fn malformed(problem: &'static str) -> Error {
    Error::Malformed { call: "proxy_call_foreign_function", problem }
}
