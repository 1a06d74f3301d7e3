//! Foreign functions: what a host offers beyond the ABI, by name.
//!
//! [`View::call_foreign_function`](crate::View::call_foreign_function) calls any of them, with bytes; those that Envoy
//! has are here with types. Istio and other relatives of Envoy have more.
//!
//! | | Envoy's name | |
//! |---|---|---|
//! | [`clear_route_cache`] | `clear_route_cache` | lets a changed request take another route |
//! | [`FilterState`] | `set_envoy_filter_state` | sets what other filters go by |
//! | [`Declaration`] | `declare_property` | says how a property is kept |
//! | [`compress`], [`uncompress`] | `compress`, `uncompress` | zlib |
//! | [`Expression`] | `expr_create`, `expr_evaluate`, `expr_delete` | evaluates CEL |
//! | [`PublicKey`], [`PrivateKey`] | `verify_signature`, `sign` | signatures |
//!
//! ngx_wasm_module has a few of its own, and calls functions of the extension, which come to
//! [`on_foreign_function`](crate::HttpContext::on_foreign_function). APISIX and MOSN have none.
//!
//! # Errors
//!
//! Each fails with [`Error::UnknownFunction`] if the host has no function of that name, and with
//! [`Error::Host`], with its name, if that refuses.

mod compression;
mod declaration;
mod expression;
mod filter_state;
mod route;
mod signature;

pub use compression::{compress, uncompress};
pub use declaration::{Declaration, PropertyKind};
pub use expression::Expression;
pub use filter_state::{FilterState, Span};
pub use route::clear_route_cache;
pub use signature::{PrivateKey, PublicKey};

use crate::abi::arena::Scope;
use crate::abi::call;
use crate::{Error, Result, Status};

/// Calls a function by its name, which errors then say.
fn call<'cb>(scope: Scope<'cb>, name: &'static str, argument: &[u8]) -> Result<&'cb [u8]> {
    call::call_foreign_function(scope, name.as_bytes(), argument).map_err(|error| refused(name, error))
}

/// Why a function gave no answer.
#[cold]
pub(crate) fn refused(name: &'static str, error: Error) -> Error {
    match error {
        Error::Host { status: Status::NOT_FOUND, .. } => Error::UnknownFunction {
            text: "the host has no such foreign function, or nothing for it to work on",
        },
        Error::Host { status, .. } => Error::Host { call: name, status },
        other => other,
    }
}
