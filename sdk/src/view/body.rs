//! Bodies of requests and responses.

use super::{Cx, sealed::Sealed};
use crate::Result;
use crate::abi::call;
use crate::abi::wire::{ALL_BYTES, BufferType};
use core::ops::{Bound, RangeBounds};

/// A view of the body of one direction.
macro_rules! body_view {
    (
        $(#[$doc:meta])*
        $view:ident: $buffer:ident of $stream:ident, $resume:ident = $other:ident, $other_name:literal
    ) => {
        $(#[$doc])*
        ///
        /// What is visible is the piece that has just arrived; after a callback of this body paused, it is
        /// all that was held back and the piece that has just arrived. Where one piece ends and the next
        /// begins is up to the proxy and the network, and changes from one run to the next.
        ///
        /// Changing the size of a body makes a `content-length` header wrong: remove it in the callback of
        /// the headers.
        #[derive(Debug)]
        pub struct $view<'cb> {
            cx: Cx<'cb>,
            size: usize,
            end_of_stream: bool,
        }

        impl<'cb> $view<'cb> {
            #[inline(always)]
            pub(crate) fn new(cx: Cx<'cb>, size: usize, end_of_stream: bool) -> Self {
                $view { cx, size, end_of_stream }
            }

            /// The number of bytes that are visible in this callback, changes included.
            #[inline(always)]
            pub fn size(&self) -> usize {
                self.size
            }

            /// Whether the message ends with these bytes. Not so if trailers follow.
            ///
            /// The last piece may be empty.
            #[inline(always)]
            pub fn end_of_stream(&self) -> bool {
                self.end_of_stream
            }

            /// All bytes that are visible in this callback.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_get_buffer_bytes")]
            #[inline]
            pub fn bytes(&self) -> Result<&'cb [u8]> {
                self.range(..)
            }

            /// A range of the bytes that are visible in this callback; where it exceeds them, less.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_get_buffer_bytes")]
            #[inline]
            pub fn range(&self, range: impl RangeBounds<usize>) -> Result<&'cb [u8]> {
                let (start, len) = start_and_len(range, self.size);
                if len == 0 {
                    return Ok(&[]);
                }
                call::buffer_bytes(self.cx.scope, BufferType::$buffer, start, len)
            }

            /// Puts these bytes in place of all that are visible in this callback.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_set_buffer_bytes")]
            #[inline]
            pub fn replace(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
                let bytes = bytes.as_ref();
                call::set_buffer_bytes(BufferType::$buffer, 0, ALL_BYTES, bytes)?;
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
            pub fn prepend(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
                self.insert(0, bytes.as_ref())
            }

            /// Puts these bytes behind those that are visible in this callback.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host refuses.
            #[doc(alias = "proxy_set_buffer_bytes")]
            #[inline]
            pub fn append(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
                self.insert(self.size, bytes.as_ref())
            }

            fn insert(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
                call::set_buffer_bytes(BufferType::$buffer, at, 0, bytes)?;
                self.size = self.size.saturating_add(bytes.len());
                Ok(())
            }
        }

        super::control::resume! { $view, $resume = $other, $other_name }
        super::control::reset! { $view of $stream }

        impl<'cb> Sealed<'cb> for $view<'cb> {
            #[inline(always)]
            fn cx(&self) -> Cx<'cb> {
                self.cx
            }
        }
    };
}

body_view! {
    /// A part of the body of a request.
    RequestBody: HTTP_REQUEST_BODY of HTTP_REQUEST, resume_response = HTTP_RESPONSE, "response"
}
body_view! {
    /// A part of the body of a response.
    ResponseBody: HTTP_RESPONSE_BODY of HTTP_RESPONSE, resume_request = HTTP_REQUEST, "request"
}

/// The range as the ABI has it, not beyond `size`.
#[inline]
fn start_and_len(range: impl RangeBounds<usize>, size: usize) -> (usize, usize) {
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
    fn ranges_end_with_the_body() {
        assert_eq!(start_and_len(.., 10), (0, 10));
        assert_eq!(start_and_len(3.., 10), (3, 7));
        assert_eq!(start_and_len(3..=4, 10), (3, 2));
        assert_eq!(start_and_len(..20, 10), (0, 10));
        assert_eq!(start_and_len(12.., 10), (12, 0));
        assert_eq!(start_and_len(..=usize::MAX, 10), (0, 10));
        assert_eq!(start_and_len((Bound::Excluded(usize::MAX), Bound::Unbounded), 10), (usize::MAX, 0));
    }
}
