//! The bytes that a callback of a body, or of TCP data, can see and change.

use core::ops::{Bound, RangeBounds};

/// Reading and changing the buffer of a view that has a `cx` and a `size`.
macro_rules! buffer {
    ($view:ident, $buffer:ident) => {
        impl<'cb> $view<'cb> {
            /// The number of bytes that are visible in this callback, changes included.
            #[inline(always)]
            pub fn size(&self) -> usize {
                self.size
            }

            /// The number of bytes that are visible, as the host says it when it is asked.
            ///
            /// It is what [`size`](Self::size) knows without asking. The hosts that have the call are Envoy and its
            /// relatives; a module that uses it does not load in ngx_wasm_module, APISIX and MOSN.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_get_buffer_status")]
            pub fn buffered(&self) -> crate::Result<usize> {
                crate::abi::call::buffer_status(crate::abi::wire::BufferType::$buffer)
            }

            /// All bytes that are visible in this callback.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_get_buffer_bytes")]
            #[inline]
            pub fn bytes(&self) -> crate::Result<&'cb [u8]> {
                self.range(..)
            }

            /// A range of the bytes that are visible in this callback; where it exceeds them, less.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_get_buffer_bytes")]
            #[inline]
            pub fn range(&self, range: impl core::ops::RangeBounds<usize>) -> crate::Result<&'cb [u8]> {
                let (start, len) = super::buffer::start_and_len(range, self.size);
                if len == 0 {
                    return Ok(&[]);
                }
                crate::abi::call::buffer_bytes(
                    self.cx.scope,
                    crate::abi::wire::BufferType::$buffer,
                    start,
                    len,
                )
            }

            /// Puts these bytes in place of all that are visible in this callback.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_set_buffer_bytes")]
            #[inline]
            pub fn replace(&mut self, bytes: impl AsRef<[u8]>) -> crate::Result<()> {
                let bytes = bytes.as_ref();
                crate::abi::call::set_buffer_bytes(
                    crate::abi::wire::BufferType::$buffer,
                    0,
                    crate::abi::wire::ALL_BYTES,
                    bytes,
                )?;
                self.size = bytes.len();
                Ok(())
            }

            /// Puts these bytes before those that are visible in this callback.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_set_buffer_bytes")]
            #[inline]
            pub fn prepend(&mut self, bytes: impl AsRef<[u8]>) -> crate::Result<()> {
                self.insert(0, bytes.as_ref())
            }

            /// Puts these bytes behind those that are visible in this callback.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_set_buffer_bytes")]
            #[inline]
            pub fn append(&mut self, bytes: impl AsRef<[u8]>) -> crate::Result<()> {
                self.insert(self.size, bytes.as_ref())
            }

            /// Removes the first `len` of the bytes that are visible in this callback; all, if there are fewer.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_set_buffer_bytes")]
            #[inline]
            pub fn drain(&mut self, len: usize) -> crate::Result<()> {
                let len = len.min(self.size);
                crate::abi::call::set_buffer_bytes(crate::abi::wire::BufferType::$buffer, 0, len, &[])?;
                self.size = self.size.saturating_sub(len);
                Ok(())
            }

            fn insert(&mut self, at: usize, bytes: &[u8]) -> crate::Result<()> {
                crate::abi::call::set_buffer_bytes(crate::abi::wire::BufferType::$buffer, at, 0, bytes)?;
                self.size = self.size.saturating_add(bytes.len());
                Ok(())
            }
        }
    };
}

pub(super) use buffer;

/// The range as the ABI has it, not beyond `size`.
#[inline]
pub(super) fn start_and_len(range: impl RangeBounds<usize>, size: usize) -> (usize, usize) {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(start) => start.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(end) => end.saturating_add(1),
        Bound::Excluded(end) => *end,
        Bound::Unbounded => size,
    };
    (start, end.min(size).saturating_sub(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_with_the_buffer() {
        assert_eq!(start_and_len(.., 10), (0, 10));
        assert_eq!(start_and_len(3.., 10), (3, 7));
        assert_eq!(start_and_len(3..=4, 10), (3, 2));
        assert_eq!(start_and_len(..20, 10), (0, 10));
        assert_eq!(start_and_len(12.., 10), (12, 0));
        assert_eq!(start_and_len(..=usize::MAX, 10), (0, 10));
        assert_eq!(start_and_len((Bound::Excluded(usize::MAX), Bound::Unbounded), 10), (usize::MAX, 0));
    }
}
