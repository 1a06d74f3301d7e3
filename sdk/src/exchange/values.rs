//! Headers and trailers, as stages have them.

use super::head::{Head, keep};
use super::reply::HttpReply;
use crate::abi::call;
use crate::abi::wire::MapType;
use crate::headers::read_pairs;
use crate::{Error, HeaderValue, Pairs, Result, Values};
use core::fmt;

/// Reads a header or trailer map; see [`Headers`](crate::Headers), which views have.
///
/// What it gives lives as long as the stage, or the reply, that it is of: it may be held across an await. Each value is copied once, when it
/// is read.
///
/// # Errors
///
/// Each call asks the host, and fails as those of [`Headers`](crate::Headers) do. It fails with [`Error::StageOver`]
/// outside of the function of the exchange.
#[derive(Clone, Copy)]
pub struct Headers<'s>(Source<'s>);

#[derive(Clone, Copy)]
enum Source<'s> {
    Stage(&'s Head, MapType),
    Reply(&'s HttpReply, MapType),
    Block(&'s [u8]),
}

impl<'s> Headers<'s> {
    #[inline]
    pub(super) fn of_stage(head: &'s Head, map: MapType) -> Self {
        Headers(Source::Stage(head, map))
    }

    #[inline]
    pub(super) fn of_reply(reply: &'s HttpReply, map: MapType) -> Self {
        Headers(Source::Reply(reply, map))
    }

    pub(super) fn of_block(block: &'s [u8]) -> Self {
        Headers(Source::Block(block))
    }

    /// The value of the first header of that name; `None` if there is none.
    #[doc(alias = "proxy_get_header_map_value")]
    #[inline]
    pub fn get(&self, name: impl AsRef<[u8]>) -> Result<Option<&'s [u8]>> {
        match self.0 {
            Source::Stage(head, map) => {
                head.with(|cx| match call::header_map_value(cx.scope, map, name.as_ref())? {
                    Some(value) => head.keep(value).map(Some),
                    None => Ok(None),
                })
            }
            Source::Reply(reply, map) => reply.header(map, name.as_ref()),
            Source::Block(block) => find(block, name.as_ref()),
        }
    }

    /// The same as text; [`Error::NotText`] if the value is not UTF-8.
    #[inline]
    pub fn get_str(&self, name: impl AsRef<[u8]>) -> Result<Option<&'s str>> {
        match self.get(name)? {
            Some(value) => core::str::from_utf8(value).map(Some).map_err(|_| Error::NotText),
            None => Ok(None),
        }
    }

    /// The values of all headers of that name, in order.
    pub fn get_all<'n>(&self, name: &'n (impl AsRef<[u8]> + ?Sized)) -> Result<Values<'s, 'n>> {
        Ok(Values::new(self.iter()?, name.as_ref()))
    }

    /// All headers, in order, as names and values.
    #[doc(alias = "proxy_get_header_map_pairs")]
    pub fn iter(&self) -> Result<Pairs<'s>> {
        let block = match self.0 {
            Source::Stage(head, map) => {
                head.with(|cx| keep(&head.values, call::header_map_pairs(cx.scope, map)?))?
            }
            Source::Reply(reply, map) => reply.block(map)?,
            Source::Block(block) => block,
        };
        read_pairs(block)
    }
}

/// The first value of that name in a block that was kept.
pub(super) fn find<'s>(block: &'s [u8], name: &[u8]) -> Result<Option<&'s [u8]>> {
    let mut pairs = read_pairs(block)?;
    Ok(pairs.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let map = match self.0 {
            Source::Stage(_, map) | Source::Reply(_, map) => Some(map),
            Source::Block(_) => None,
        };
        f.debug_tuple("Headers").field(&map).finish()
    }
}

/// Changes a header or trailer map; see [`HeadersMut`](crate::HeadersMut), which views have and which says what is checked.
///
/// # Errors
///
/// Those of [`HeadersMut`](crate::HeadersMut), and [`Error::StageOver`] outside of the function of the exchange.
#[derive(Debug)]
pub struct HeadersMut<'s> {
    head: &'s Head,
    map: MapType,
}

impl<'s> HeadersMut<'s> {
    #[inline]
    pub(super) fn new(head: &'s Head, map: MapType) -> Self {
        HeadersMut { head, map }
    }

    #[inline]
    fn with(&self, change: impl FnOnce(crate::HeadersMut<'_>) -> Result<()>) -> Result<()> {
        self.head.with(|_| change(crate::HeadersMut::new(self.map)))
    }

    /// Sets a header to one value, in place of all that it had; `None` removes it.
    #[doc(alias = "proxy_replace_header_map_value")]
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl HeaderValue) -> Result<()> {
        self.with(|mut headers| headers.set(name, value))
    }

    /// Adds a header behind those that exist.
    #[doc(alias = "proxy_add_header_map_value")]
    pub fn add(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        self.with(|mut headers| headers.add(name, value))
    }

    /// Removes all headers of that name; there need not be one.
    #[doc(alias = "proxy_remove_header_map_value")]
    pub fn remove(&mut self, name: impl AsRef<[u8]>) -> Result<()> {
        self.with(|mut headers| headers.remove(name))
    }

    /// Puts these headers in place of all that exist, pseudo-headers included.
    #[doc(alias = "proxy_set_header_map_pairs")]
    pub fn replace_all<N, V, I>(&mut self, headers: I) -> Result<()>
    where
        N: AsRef<[u8]>,
        V: AsRef<[u8]>,
        I: IntoIterator<Item = (N, V)>,
        I::IntoIter: Clone,
    {
        self.with(|mut map| map.replace_all(headers))
    }
}
