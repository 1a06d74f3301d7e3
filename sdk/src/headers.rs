//! Header and trailer maps.

use crate::abi::arena::Scope;
use crate::abi::call;
use crate::abi::wire::MapType;
use crate::error::InvalidHeader;
use crate::pairs::{self, Pairs};
use crate::{Error, Result};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

/// Reads a header or trailer map.
///
/// What it gives lives as long as the callback, and not only as long as the view that it came from: reading
/// a header and then setting another compiles. To keep a value for a later callback, own it (`to_vec`,
/// `to_owned`).
///
/// Names are found without regard to case, duplicates and their order are kept, a header with an empty value
/// is not an absent one, and values are bytes: nothing assumes UTF-8. Envoy lists the pseudo-headers
/// (`:method`, `:path`, `:authority`, `:scheme`, `:status`) first.
///
/// # Errors
///
/// Each call asks the host. It fails with [`Error::Host`] if the host refuses, and with
/// [`Error::Malformed`] if the host's answer is not a header map.
///
/// ```
/// use waxwing::prelude::*;
///
/// fn accepts_html(request: &RequestHeaders<'_>) -> Result<bool> {
///     let values = request.headers().get_all("accept")?;
///     Ok(values.into_iter().any(|value| value.starts_with(b"text/html")))
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Headers<'cb> {
    scope: Scope<'cb>,
    map: MapType,
}

impl<'cb> Headers<'cb> {
    #[inline]
    pub(crate) fn new(scope: Scope<'cb>, map: MapType) -> Self {
        Headers { scope, map }
    }

    /// The value of the first header of that name; `None` if there is none.
    #[doc(alias = "proxy_get_header_map_value")]
    #[inline]
    pub fn get(&self, name: impl AsRef<[u8]>) -> Result<Option<&'cb [u8]>> {
        call::header_map_value(self.scope, self.map, name.as_ref())
    }

    /// The same as text; [`Error::NotText`] if the value is not UTF-8.
    #[inline]
    pub fn get_str(&self, name: impl AsRef<[u8]>) -> Result<Option<&'cb str>> {
        match self.get(name)? {
            Some(value) => core::str::from_utf8(value).map(Some).map_err(|_| Error::NotText),
            None => Ok(None),
        }
    }

    /// The values of all headers of that name, in order.
    #[inline]
    pub fn get_all<'n>(&self, name: &'n (impl AsRef<[u8]> + ?Sized)) -> Result<Values<'cb, 'n>> {
        Ok(Values { pairs: self.iter()?, name: name.as_ref() })
    }

    /// All headers, in order, as names and values. No header costs an allocation.
    #[doc(alias = "proxy_get_header_map_pairs")]
    #[inline]
    pub fn iter(&self) -> Result<Pairs<'cb>> {
        read_pairs(call::header_map_pairs(self.scope, self.map)?)
    }

    /// The number of headers, duplicates included.
    pub fn len(&self) -> Result<usize> {
        Ok(self.iter()?.len())
    }

    /// The bytes of all names and values together, as the host counts them, without what separates them.
    ///
    /// The hosts that have the call are Envoy and its relatives; a module that uses it does not load in
    /// ngx_wasm_module, APISIX and MOSN. Envoy counts the maps of messages only, not those of callouts. In the last
    /// callback of a body of a message that has no trailers, asking for the size of the trailers makes empty ones.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host refuses: Envoy answers "bad argument" where the map is not there.
    #[doc(alias = "proxy_get_header_map_size")]
    pub fn byte_size(&self) -> Result<usize> {
        call::header_map_size(self.map)
    }

    /// Whether there is no header.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.iter()?.is_empty())
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Headers").field(&self.map).finish()
    }
}

/// The pairs of a block that the host gave.
#[inline]
pub(crate) fn read_pairs(block: &[u8]) -> Result<Pairs<'_>> {
    Pairs::parse(block).map_err(|malformed| Error::Malformed {
        call: "proxy_get_header_map_pairs",
        problem: malformed.problem(),
    })
}

/// The values of one header, in order.
#[derive(Clone)]
pub struct Values<'cb, 'n> {
    pairs: Pairs<'cb>,
    name: &'n [u8],
}

impl<'cb, 'n> Values<'cb, 'n> {
    pub(crate) fn new(pairs: Pairs<'cb>, name: &'n [u8]) -> Self {
        Values { pairs, name }
    }
}

impl<'cb> Iterator for Values<'cb, '_> {
    type Item = &'cb [u8];

    #[inline]
    fn next(&mut self) -> Option<&'cb [u8]> {
        self.pairs.find(|(name, _)| name.eq_ignore_ascii_case(self.name)).map(|(_, value)| value)
    }
}

impl fmt::Debug for Values<'_, '_> {
    /// No value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").finish_non_exhaustive()
    }
}

/// Changes a header or trailer map.
///
/// Names and values are checked before the host sees them: an empty name, white space, a control byte or a
/// colon in a name (but for the first of a pseudo-header), and CR, LF or NUL in a value are refused with
/// [`Error::InvalidHeader`], because they could smuggle another header or request. Names reach
/// the upstream in lower case.
///
/// # Errors
///
/// [`Error::InvalidHeader`] for such a header, and [`Error::Host`] if the host refuses the change: Google
/// Service Extensions, for instance, does so for some names.
#[derive(Debug)]
pub struct HeadersMut<'v> {
    map: MapType,
    _view: PhantomData<&'v mut ()>,
}

impl HeadersMut<'_> {
    #[inline]
    pub(crate) fn new(map: MapType) -> Self {
        HeadersMut { map, _view: PhantomData }
    }

    /// Sets a header to one value, in place of all that it had; `None` removes it.
    ///
    /// ```
    /// use waxwing::prelude::*;
    ///
    /// fn name_the_user(request: &mut RequestHeaders<'_>, user: Option<&str>) -> Result<()> {
    ///     // Also removes one that the client forged.
    ///     request.headers_mut().set("x-user", user)
    /// }
    /// ```
    #[doc(alias = "proxy_replace_header_map_value")]
    #[inline]
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl HeaderValue) -> Result<()> {
        let name = name.as_ref();
        match value.bytes() {
            Some(value) => {
                check_name(name)?;
                check_value(value)?;
                call::replace_header_map_value(self.map, name, value)
            }
            None => self.remove(name),
        }
    }

    /// Adds a header behind those that exist.
    ///
    /// Envoy: headers that it keeps in a place of their own (`content-type`, `x-request-id`, …) have one value;
    /// another is appended to it after a comma. Which ones these are depends on the build; in Envoy 1.40
    /// `cookie` is not among them.
    #[doc(alias = "proxy_add_header_map_value")]
    #[inline]
    pub fn add(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        let (name, value) = (name.as_ref(), value.as_ref());
        check_name(name)?;
        check_value(value)?;
        call::add_header_map_value(self.map, name, value)
    }

    /// Removes all headers of that name; there need not be one.
    #[doc(alias = "proxy_remove_header_map_value")]
    #[inline]
    pub fn remove(&mut self, name: impl AsRef<[u8]>) -> Result<()> {
        let name = name.as_ref();
        check_name(name)?;
        call::remove_header_map_value(self.map, name)
    }

    /// Puts these headers in place of all that exist, pseudo-headers included.
    ///
    /// A request without `:method`, `:path` and `:authority`, or a response without `:status`, is not
    /// forwarded by any host. Envoy clears the map if there are more than 1024 headers, or more than 1 MiB.
    #[doc(alias = "proxy_set_header_map_pairs")]
    pub fn replace_all<N, V, I>(&mut self, headers: I) -> Result<()>
    where
        N: AsRef<[u8]>,
        V: AsRef<[u8]>,
        I: IntoIterator<Item = (N, V)>,
        I::IntoIter: Clone,
    {
        let headers = headers.into_iter();
        for (name, value) in headers.clone() {
            check_name(name.as_ref())?;
            check_value(value.as_ref())?;
        }
        let size = pairs::encoded_size(headers.clone()).ok_or(Error::OutOfMemory)?;
        let mut block = Vec::new();
        block.try_reserve_exact(size).map_err(|_| Error::OutOfMemory)?;
        block.resize(size, 0);
        pairs::encode(headers, &mut block);
        call::set_header_map_pairs(self.map, &block)
    }
}

/// Bytes or text for a header; an `Option` of them, where `None` removes the header.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a header value",
    note = "a header value is text or bytes: `&str`, `String`, `&[u8]`, `Vec<u8>`, or an `Option` of one",
    note = "to send a number, format it: `value.to_string()`"
)]
pub trait HeaderValue {
    /// The value; `None` removes the header.
    fn bytes(&self) -> Option<&[u8]>;
}

macro_rules! header_value {
    ($($type:ty)*) => { $(
        impl HeaderValue for $type {
            #[inline(always)]
            fn bytes(&self) -> Option<&[u8]> {
                Some(self.as_ref())
            }
        }
    )* };
}

header_value! { str [u8] String Vec<u8> Cow<'_, [u8]> }

impl HeaderValue for Cow<'_, str> {
    fn bytes(&self) -> Option<&[u8]> {
        Some(self.as_bytes())
    }
}

impl<const N: usize> HeaderValue for [u8; N] {
    #[inline(always)]
    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<T: HeaderValue + ?Sized> HeaderValue for &T {
    #[inline(always)]
    fn bytes(&self) -> Option<&[u8]> {
        (**self).bytes()
    }
}

impl<T: HeaderValue> HeaderValue for Option<T> {
    #[inline(always)]
    fn bytes(&self) -> Option<&[u8]> {
        self.as_ref()?.bytes()
    }
}

/// Refuses a name that would end early, in the host or on the way to a peer, and be another one there.
///
/// A colon may come first: that is how the names of pseudo-headers begin.
#[inline]
pub(crate) fn check_name(name: &[u8]) -> Result<(), InvalidHeader> {
    let Some((_, rest)) = name.split_first() else { return Err(InvalidHeader::EmptyName) };
    let separates = |byte: &u8| matches!(byte, 0..=b' ' | 0x7F);
    if may_have(name, |word| below(word, b' ' + 1) | equal(word, b':') | equal(word, 0x7F))
        && (name.iter().any(separates) || rest.contains(&b':'))
    {
        return Err(InvalidHeader::NameSeparator);
    }
    Ok(())
}

/// Refuses a value that would end early, and be followed by another header.
#[inline]
pub(crate) fn check_value(value: &[u8]) -> Result<(), InvalidHeader> {
    let ends = |byte: &u8| matches!(byte, 0 | b'\n' | b'\r');
    if may_have(value, |word| below(word, b'\r' + 1)) && value.iter().any(ends) {
        return Err(InvalidHeader::ValueControlByte);
    }
    Ok(())
}

/// False only if `mark` marks no byte of the text. Every header passes here, so most are let through at a
/// glance: at eight bytes at a time, of which the last may be looked at twice. A shorter text is not looked at.
#[inline]
fn may_have(text: &[u8], mark: impl Fn(u64) -> u64) -> bool {
    let mut marks = match (text.last_chunk::<8>(), text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(last), ..) => mark(u64::from_le_bytes(*last)),
        (None, Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            mark(u64::from(first) | u64::from(last) << 32)
        }
        _ => return true,
    };
    let mut rest = text;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        marks |= mark(u64::from_le_bytes(*word));
        rest = after;
    }
    marks & (ONES << 7) != 0
}

/// A word of bytes that are all 1.
const ONES: u64 = u64::MAX / 255;

/// Marks, in its high bit, each byte that is less than `limit`, and some others.
#[inline]
fn below(word: u64, limit: u8) -> u64 {
    // It borrows from its high bit.
    word.wrapping_sub(ONES.wrapping_mul(u64::from(limit)))
}

/// Marks, in its high bit, each byte that is `byte`, and some others.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ ONES.wrapping_mul(u64::from(byte)), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_found_at_every_place_of_every_length() {
        for len in 1..40 {
            for at in 0..len {
                for byte in 0..=u8::MAX {
                    for filler in [b'a', b'-', 0xFF] {
                        let mut text = alloc::vec![filler; len];
                        text[at] = byte;
                        let ends = [0, b'\n', b'\r'].contains(&byte);
                        assert_eq!(check_value(&text).is_err(), ends, "{byte} at {at} of {len}");
                        let separates = byte <= b' ' || byte == 0x7F || (byte == b':' && at > 0);
                        assert_eq!(check_name(&text).is_err(), separates, "{byte} at {at} of {len}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_name_must_not_be_empty_and_a_value_may() {
        assert_eq!(check_name(b""), Err(InvalidHeader::EmptyName));
        assert_eq!(check_value(b""), Ok(()));
        assert_eq!(check_name(b"set-cookie:x"), Err(InvalidHeader::NameSeparator));
        assert_eq!(check_name(b":authority"), Ok(()));
        assert_eq!(check_value(b"a\r\nx: y"), Err(InvalidHeader::ValueControlByte));
        assert_eq!(check_value(b"a\tb: \x01"), Ok(()));
    }

    #[test]
    fn every_kind_of_text_is_a_value_and_none_removes() {
        fn bytes(value: impl HeaderValue) -> Option<Vec<u8>> {
            value.bytes().map(<[u8]>::to_vec)
        }
        let expected = Some(b"v".to_vec());
        assert_eq!(bytes("v"), expected);
        assert_eq!(bytes(String::from("v")), expected);
        assert_eq!(bytes(b"v"), expected);
        assert_eq!(bytes(Some(&b"v"[..])), expected);
        assert_eq!(bytes(Cow::Borrowed("v")), expected);
        assert_eq!(bytes(None::<&str>), None);
        assert_eq!(bytes(Some("")), Some(Vec::new()));
    }
}
