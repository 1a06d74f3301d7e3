//! Attributes: what the host knows of the request, the connection and itself, with types.
//!
//! An [`Attribute`] is a name with a type, and a view reads it:
//!
//! ```
//! use waxwing::attributes::{connection, source};
//! use waxwing::prelude::*;
//!
//! fn is_internal(request: &RequestHeaders<'_>) -> Result<bool> {
//!     let mtls = request.attribute(connection::MTLS)?.unwrap_or_default();
//!     let address = request.attribute(source::ADDRESS)?.and_then(|address| address.ip());
//!     Ok(mtls && address.is_some_and(|ip| ip.is_loopback()))
//! }
//! ```
//!
//! The modules are the groups of the catalogue. An attribute that is not in it is a [`Path`], which is also how the
//! metadata of filters, and their state, are found.
//!
//! # How hosts encode them
//!
//! The bytes of a property do not say what they are. Envoy and its relatives write numbers, times and durations as
//! eight bytes, a bool as one, text as it is; ngx_wasm_module writes all of them as text. Both are understood. Eight
//! bytes are a number in the first form, unless all of them are decimal digits: as a number of Envoy's they would
//! be one of 19 digits, and no size, port or id is that large. A time of eight bytes is always in the first form.
//!
//! What is neither is an [`Error::Malformed`](crate::Error::Malformed) with the name of the attribute.

mod address;
mod attribute;
mod catalogue;
mod kind;
mod number;
mod path;

pub use address::Address;
pub use attribute::Attribute;
pub use catalogue::{connection, destination, plugin, request, response, source, upstream, xds};
pub use kind::{Addr, Bool, Bytes, Float, Integer, Kind, List, Listed, Map, Period, Text, Time, Undecodable};
pub use number::Number;
pub use path::Path;
