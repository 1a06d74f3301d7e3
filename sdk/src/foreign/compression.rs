//! Compression by the host.

use crate::Result;
use crate::view::View;

/// Compresses bytes into a zlib stream.
///
/// # Errors
///
/// See [`foreign`](crate::foreign#errors).
#[doc(alias = "proxy_call_foreign_function")]
pub fn compress<'cb>(view: &impl View<'cb>, bytes: impl AsRef<[u8]>) -> Result<&'cb [u8]> {
    super::call(view.cx().scope, "compress", bytes.as_ref())
}

/// The bytes that a zlib stream was made of.
///
/// There is no limit: a few kilobytes may become gigabytes, which the host and the extension have to hold. Do not
/// use it for what a client sends.
///
/// # Errors
///
/// [`Error::Host`](crate::Error::Host) with [`SERIALIZATION_FAILURE`](crate::Status::SERIALIZATION_FAILURE) if they
/// are not a zlib stream; else see [`foreign`](crate::foreign#errors).
#[doc(alias = "proxy_call_foreign_function")]
pub fn uncompress<'cb>(view: &impl View<'cb>, stream: impl AsRef<[u8]>) -> Result<&'cb [u8]> {
    super::call(view.cx().scope, "uncompress", stream.as_ref())
}
