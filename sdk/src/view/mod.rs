//! What a callback can see and do: one view per phase.
//!
//! A view lives as long as its callback, and has the methods that the host serves in that phase, and no
//! others.

mod body;
mod buffer;
mod connection;
mod control;
#[cfg(feature = "envoy-dns")]
mod dns;
mod headers;
mod host;
mod log;
mod root;
mod stream;
mod timer;

pub use body::{RequestBody, ResponseBody};
pub use connection::{
    ConnectionLog, ConnectionView, DownstreamClose, DownstreamData, NewConnection, UpstreamClose,
    UpstreamData,
};
pub use headers::{RequestHeaders, RequestTrailers, ResponseHeaders, ResponseTrailers};
pub use host::HostView;
pub use log::{StreamDone, StreamLog};
pub(crate) use root::vm_configuration;
pub use root::{RootView, VmStart};
pub use stream::StreamView;

use crate::abi::arena::Scope;
use crate::abi::call;
use crate::attributes::{Attribute, Kind};
use crate::dispatcher::Vm;
use crate::pairs::put;
use crate::{Error, LogLevel, Result, SharedData};
use core::time::Duration;

/// What every view carries: the VM's state, and the memory of the running callback.
#[expect(unnameable_types, reason = "part of a sealed trait")]
#[derive(Clone, Copy, Debug)]
pub struct Cx<'cb> {
    pub(crate) vm: &'cb Vm,
    /// Whose callback it is.
    pub(crate) context: u32,
    pub(crate) scope: Scope<'cb>,
}

pub(crate) mod sealed {
    /// A view.
    #[expect(unnameable_types, reason = "views are made by the SDK only")]
    pub trait Sealed<'cb> {
        fn cx(&self) -> super::Cx<'cb>;
    }
}

/// The memory of the running callback, for an extension that goes past the views to the host calls themselves.
#[doc(hidden)]
pub fn scope<'cb>(view: &impl View<'cb>) -> Scope<'cb> {
    view.cx().scope
}

/// What is possible in every callback, whatever its phase.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view",
    label = "needs the view of a callback",
    note = "the host is asked in callbacks, with the view that each gets; in `new` there is no stream yet: ask in its \
            first callback"
)]
pub trait View<'cb>: sealed::Sealed<'cb> {
    /// An attribute of the request, the connection or the proxy, as its type; see [`attributes`](crate::attributes).
    ///
    /// `None` if the host has none, or none now: what belongs to the headers of the request has gone with them, so
    /// keep in [`on_request_headers`](crate::HttpContext::on_request_headers) what a later callback needs. Where hosts
    /// have it by different names, all of them are tried.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], with the attribute's name, if the host's answer is not of its type, and [`Error::Host`]
    /// if the host cannot encode it.
    ///
    /// ```
    /// use waxwing::attributes::{request, source};
    /// use waxwing::prelude::*;
    ///
    /// fn describe(headers: &RequestHeaders<'_>) -> Result<String> {
    ///     let method = headers.attribute(request::METHOD)?.unwrap_or("-");
    ///     match headers.attribute(source::ADDRESS)? {
    ///         Some(address) => Ok(format!("{method} from {address}")),
    ///         None => Ok(method.to_owned()),
    ///     }
    /// }
    /// ```
    #[doc(alias = "proxy_get_property")]
    #[inline]
    fn attribute<T: Kind>(&self, attribute: Attribute<'_, T>) -> Result<Option<T::Value<'cb>>> {
        attribute.read(self.cx().scope)
    }

    /// The same as the bytes that the host gave, whatever they are: text that need not be UTF-8, say.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host cannot encode it.
    #[doc(alias = "proxy_get_property")]
    fn attribute_bytes<T: Kind>(&self, attribute: Attribute<'_, T>) -> Result<Option<&'cb [u8]>> {
        attribute.bytes(self.cx().scope)
    }

    /// The value of a property by its path, as bytes: an attribute without its type, or what only some host has.
    ///
    /// `None` if the host has none under that path. The bytes have no type: Envoy encodes integers as eight
    /// bytes, little-endian, and text as it is; ngx_wasm_module gives everything as text. A few properties
    /// of the request's headers are there only while the headers are, so keep in
    /// [`on_request_headers`](crate::HttpContext::on_request_headers) what a later callback needs.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host cannot encode the value: Envoy answers "serialization failure" for a
    /// certificate field that the certificate does not have.
    ///
    /// ```
    /// use waxwing::prelude::*;
    ///
    /// fn client_address(request: &RequestHeaders<'_>) -> Result<Option<String>> {
    ///     let address = request.property(&["source", "address"])?;
    ///     Ok(address.map(|address| String::from_utf8_lossy(address).into_owned()))
    /// }
    /// ```
    #[doc(alias = "proxy_get_property")]
    fn property(&self, path: &[&str]) -> Result<Option<&'cb [u8]>> {
        let scope = self.cx().scope;
        call::property(scope, encode_path(scope, path)?)
    }

    /// Sets the value of a property of the stream, for later callbacks and later filters.
    ///
    /// Envoy keeps it in the filter state, as `wasm.` and the path. Use a path of one segment: others
    /// cannot be read back there.
    ///
    /// # Errors
    ///
    /// [`Error::Host`]: in Envoy "not found" where there is no stream, and "bad argument" for a property
    /// that was declared to be read-only.
    #[doc(alias = "proxy_set_property")]
    fn set_property(&self, path: &[&str], value: impl AsRef<[u8]>) -> Result<()> {
        call::set_property(encode_path(self.cx().scope, path)?, value.as_ref())
    }

    /// Calls a function of the host's that is not of the ABI, by its name, with an argument that it understands.
    ///
    /// Those that Envoy has are in [`foreign`](crate::foreign), with types.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownFunction`] if the host has no function of that name, and [`Error::Host`] if that refuses, or the
    /// host has no such functions at all.
    ///
    /// ```
    /// use waxwing::prelude::*;
    ///
    /// fn zone(request: &RequestHeaders<'_>) -> Result<Vec<u8>> {
    ///     match request.call_foreign_function("zone_of", "10.0.0.7") {
    ///         Ok(zone) => Ok(zone.to_vec()),
    ///         Err(Error::UnknownFunction { .. }) => Ok(b"unknown".to_vec()),
    ///         Err(error) => Err(error),
    ///     }
    /// }
    /// ```
    #[doc(alias = "proxy_call_foreign_function")]
    fn call_foreign_function(&self, name: &str, argument: impl AsRef<[u8]>) -> Result<&'cb [u8]> {
        call::call_foreign_function(self.cx().scope, name.as_bytes(), argument.as_ref())
            .map_err(|error| crate::foreign::refused("proxy_call_foreign_function", error))
    }

    /// The wall clock: the time since the Unix epoch.
    ///
    /// Google Service Extensions stop it for the length of a callback.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host has no clock.
    #[doc(alias = "proxy_get_current_time_nanoseconds")]
    fn current_time(&self) -> Result<Duration> {
        call::current_time_nanoseconds().map(Duration::from_nanos)
    }

    /// The data that the workers of the proxy share.
    fn shared_data(&self) -> SharedData<'cb> {
        SharedData::new(self.cx().scope)
    }

    /// Writes a line to the host's log, unless the extension's log level is above it.
    ///
    /// With the feature `log`, the macros of the `log` crate do the same with formatting.
    #[doc(alias = "proxy_log")]
    fn log(&self, level: LogLevel, message: &str) {
        self.cx().vm.log(level, message);
    }
}

impl<'cb, T: sealed::Sealed<'cb>> View<'cb> for T {}

/// Joins the segments of a path with NUL.
fn encode_path<'a>(scope: Scope<'a>, path: &[&'a str]) -> Result<&'a [u8]> {
    if let [segment] = path {
        return Ok(segment.as_bytes());
    }
    let mut size = path.len().saturating_sub(1);
    for segment in path {
        size = size.checked_add(segment.len()).ok_or(Error::OutOfMemory)?;
    }
    let encoded = scope.build(size, |mut rest| {
        for (index, segment) in path.iter().enumerate() {
            if index != 0 {
                put(&mut rest, &[0]);
            }
            put(&mut rest, segment.as_bytes());
        }
    });
    encoded.ok_or(Error::OutOfMemory)
}
