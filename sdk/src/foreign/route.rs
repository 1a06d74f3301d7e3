//! The route of a request.

use crate::Result;
use crate::view::View;

/// Lets the proxy choose the route of the request anew, by what the request has become.
///
/// Envoy chooses it when the headers have arrived, before any filter. What of a route concerns filters that have run
/// already does not change any more.
///
/// ```
/// use waxwing::attributes::connection;
/// use waxwing::foreign::clear_route_cache;
/// use waxwing::prelude::*;
///
/// fn choose(request: &mut RequestHeaders<'_>) -> Result<()> {
///     if request.attribute(connection::MTLS)? == Some(true) {
///         request.headers_mut().set("x-route", "internal")?;
///         clear_route_cache(request)?;
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
///
/// See [`foreign`](crate::foreign#errors). Envoy does nothing where there is no HTTP stream.
#[doc(alias = "proxy_call_foreign_function")]
pub fn clear_route_cache<'cb>(view: &impl View<'cb>) -> Result<()> {
    super::call(view.cx().scope, "clear_route_cache", &[]).map(drop)
}
