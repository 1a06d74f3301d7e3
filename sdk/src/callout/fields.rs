//! The headers or metadata of a callout that is being built.

use crate::Result;
use crate::headers::{check_name, check_value};
use alloc::vec::Vec;

/// Names and values, the first few of which need no allocation.
pub(super) struct Fields<'a> {
    first: [Option<Field<'a>>; INLINE],
    more: Vec<Field<'a>>,
}

pub(super) type Field<'a> = (&'a [u8], &'a [u8]);

/// Those that need no allocation.
const INLINE: usize = 4;

impl<'a> Fields<'a> {
    #[inline]
    pub(super) const fn new() -> Self {
        Fields { first: [None; INLINE], more: Vec::new() }
    }

    #[inline]
    pub(super) fn add(&mut self, name: &'a [u8], value: &'a [u8]) {
        let field = (name, value);
        match self.first.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(field),
            None => self.more.push(field),
        }
    }

    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = Field<'a>> + Clone + '_ {
        self.first.iter().flatten().chain(&self.more).copied()
    }
}

/// Refuses what would not be a header, as [`HeadersMut`](crate::HeadersMut) does.
#[inline]
pub(super) fn check<'a>(fields: impl Iterator<Item = Field<'a>>) -> Result<()> {
    for (name, value) in fields {
        check_name(name)?;
        check_value(value)?;
    }
    Ok(())
}
