//! The headers of a request that every callout has, written with few steps.

use super::fields::Field;
use crate::Result;
use crate::abi::arena::Scope;
use crate::headers::check_value;
use crate::pairs::{measure, put, put_array, word, write};

/// The pseudo-headers of a request.
pub(crate) struct RequestHead<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) authority: &'a str,
}

/// How many these are.
const PSEUDO_HEADERS: u64 = 3;

// The names with the NUL behind them, and before them that of the value that precedes.
const METHOD: &[u8; 8] = b":method\0";
const PATH: &[u8; 7] = b"\0:path\0";
const AUTHORITY: &[u8; 12] = b"\0:authority\0";

impl RequestHead<'_> {
    /// Refuses a value that would end early.
    #[inline(always)]
    pub(crate) fn check(&self) -> Result<()> {
        check_value(self.method.as_bytes())?;
        check_value(self.path.as_bytes())?;
        check_value(self.authority.as_bytes())?;
        Ok(())
    }

    /// The pair block of these and other headers, as scratch bytes of the callback; see [`pairs`](crate::pairs).
    /// `None` where there is no memory for it.
    #[inline(always)]
    pub(super) fn build<'cb, 'f>(
        &self,
        scope: Scope<'cb>,
        others: impl Iterator<Item = Field<'f>> + Clone,
    ) -> Option<&'cb [u8]> {
        let (others_len, others_size) = measure(others.clone());
        // Of 64 bits, in which sizes of memory cannot overflow.
        let texts = [self.method, self.path, self.authority].map(|text| text.len() as u64);
        const NAMES: u64 = (METHOD.len() + PATH.len() + AUTHORITY.len() + 1) as u64;
        let count = PSEUDO_HEADERS.wrapping_add(others_len);
        let lengths_size = count.wrapping_mul(8).wrapping_add(4);
        let size = texts.iter().fold(lengths_size.wrapping_add(NAMES), |size, text| size.wrapping_add(*text));
        let size = u32::try_from(size.wrapping_add(others_size)).ok()?;
        scope.build(size as usize, |block| {
            let Some((lengths, mut rest)) = block.split_first_chunk_mut::<LENGTHS_SIZE>() else { return };
            let mut lengths = &mut lengths[..];
            for number in [count, 7, texts[0], 5, texts[1], 10, texts[2]] {
                put_array(&mut lengths, &word(number));
            }
            let mut other_lengths: &mut [u8] = &mut [];
            if others_len != 0 {
                let size = usize::try_from(others_len.wrapping_mul(8)).unwrap_or(usize::MAX);
                let Some((lengths, texts)) = core::mem::take(&mut rest).split_at_mut_checked(size) else {
                    return;
                };
                (other_lengths, rest) = (lengths, texts);
            }
            put_array(&mut rest, METHOD);
            put(&mut rest, self.method.as_bytes());
            put_array(&mut rest, PATH);
            put(&mut rest, self.path.as_bytes());
            put_array(&mut rest, AUTHORITY);
            put(&mut rest, self.authority.as_bytes());
            put_array(&mut rest, b"\0");
            if others_len != 0 {
                write(others, other_lengths, rest);
            }
        })
    }
}

/// The count, and two lengths of each pseudo-header.
const LENGTHS_SIZE: usize = 28;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::arena::Arena;
    use crate::pairs::Pairs;
    use alloc::vec::Vec;

    #[test]
    fn the_block_has_the_pseudo_headers_and_then_the_others() {
        let head = RequestHead { method: "POST", path: "/check?a=1", authority: "" };
        let others: [Field<'_>; 3] = [(b"a", b"1"), (b"b", b""), (b"x-\xff", b"\0\x80")];
        Arena::new().enter(|scope| {
            // Bytes that were used before are not zero.
            scope.build(200, |bytes| bytes.fill(0xFF));
            for len in 0..=others.len() {
                let block = head.build(scope, others[..len].iter().copied()).unwrap();
                let pseudo: [Field<'_>; 3] =
                    [(b":method", b"POST"), (b":path", b"/check?a=1"), (b":authority", b"")];
                let expected: Vec<Field<'_>> = pseudo.iter().chain(&others[..len]).copied().collect();
                assert_eq!(Pairs::parse(block).unwrap().collect::<Vec<_>>(), expected);
            }
        });
    }
}
