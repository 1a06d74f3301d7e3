//! The headers or metadata of a callout that is being built.

use crate::Result;
use crate::headers::{check_name, check_value};
use alloc::vec::Vec;

/// Names and values, the first few of which need no allocation.
pub(super) struct Fields<'a> {
    first: [Field<'a>; INLINE],
    first_len: usize,
    more: Vec<Field<'a>>,
}

pub(super) type Field<'a> = (&'a [u8], &'a [u8]);

/// Those that need no allocation.
const INLINE: usize = 4;

impl<'a> Fields<'a> {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Fields { first: [(&[], &[]); INLINE], first_len: 0, more: Vec::new() }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, name: &'a [u8], value: &'a [u8]) {
        let field = (name, value);
        match self.first.get_mut(self.first_len) {
            Some(place) => {
                *place = field;
                self.first_len = self.first_len.saturating_add(1);
            }
            None => self.more.push(field),
        }
    }

    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.first_len == 0
    }

    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = Field<'a>> + Clone + '_ {
        self.first.get(..self.first_len).unwrap_or_default().iter().chain(&self.more).copied()
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
