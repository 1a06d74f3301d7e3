//! The pair block, in which header maps cross the boundary.
//!
//! ```text
//! count: u32le, count × (key length: u32le, value length: u32le), count × (key, NUL, value, NUL)
//! ```
//!
//! Reading is total: any bytes are a list of pairs or a [`Malformed`], and nothing is allocated for what a
//! count claims. Specification: "Header maps" of ABI 0.2.1.

use crate::abi::arena::Scope;
use core::fmt;
use core::iter::FusedIterator;

/// Why bytes are not a pair block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(&'static str);

impl Malformed {
    /// What is wrong with them.
    pub fn problem(self) -> &'static str {
        self.0
    }
}

/// The pairs of a header map, in the host's order, duplicates included.
///
/// A key or a value may contain any byte.
#[derive(Clone, Copy)]
pub struct Pairs<'a> {
    /// The lengths of the pairs that are left.
    lengths: &'a [u8],
    /// The keys and values of the pairs that are left.
    data: &'a [u8],
}

/// The bytes of the two lengths of a pair.
const LENGTHS_SIZE: usize = 8;

impl<'a> Pairs<'a> {
    /// Checks a whole block: the lengths add up to its size, and each key and value ends with NUL.
    ///
    /// No bytes, and a single zero byte, are an empty map too: the specification allows both.
    pub fn parse(block: &'a [u8]) -> Result<Self, Malformed> {
        if block.is_empty() || block == [0] {
            return Ok(Pairs { lengths: &[], data: &[] });
        }
        let Some((count, rest)) = block.split_first_chunk::<4>() else {
            return Err(Malformed("the block is shorter than its count"));
        };
        let lengths_size = (u32::from_le_bytes(*count) as usize).checked_mul(LENGTHS_SIZE);
        let Some((lengths, data)) = lengths_size.and_then(|size| rest.split_at_checked(size)) else {
            return Err(Malformed("the block is shorter than its lengths"));
        };
        let mut end = 0;
        for lengths in lengths.chunks_exact(LENGTHS_SIZE) {
            for len in lengths.chunks_exact(LENGTHS_SIZE / 2) {
                let len = len.first_chunk::<4>().map_or(0, |len| u32::from_le_bytes(*len) as usize);
                end = usize::saturating_add(end, len);
                if data.get(end) != Some(&0) {
                    return Err(Malformed("a key or a value does not end where its length says"));
                }
                // A place in the data is not the largest number.
                end = end.wrapping_add(1);
            }
        }
        if end != data.len() {
            return Err(Malformed("the block is longer than its lengths say"));
        }
        Ok(Pairs { lengths, data })
    }

    /// The number of pairs that are left.
    pub fn len(&self) -> usize {
        self.lengths.len() / LENGTHS_SIZE
    }

    /// Whether no pair is left.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Takes the first pair off; `None` if there is none.
    ///
    /// That each text has a NUL behind it was checked.
    #[inline]
    fn split_first(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (lens, lengths) = self.lengths.split_first_chunk::<LENGTHS_SIZE>()?;
        let [a, b, c, d, e, f, g, h] = *lens;
        let key_len = u32::from_le_bytes([a, b, c, d]) as usize;
        let value_len = u32::from_le_bytes([e, f, g, h]) as usize;
        let (key, data) = self.data.split_at_checked(key_len)?;
        let (value, data) = data.get(1..)?.split_at_checked(value_len)?;
        *self = Pairs { lengths, data: data.get(1..)? };
        Some((key, value))
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.split_first()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl ExactSizeIterator for Pairs<'_> {}
impl FusedIterator for Pairs<'_> {}

impl fmt::Debug for Pairs<'_> {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.map(|(name, _)| alloc::string::String::from_utf8_lossy(name))).finish()
    }
}

/// The block of these pairs, as scratch bytes of the callback. `None` where there is no memory for it.
///
/// It takes fewer steps than [`encoded_size`] and [`encode`], which are for any bytes and any texts.
#[inline]
pub(crate) fn build<'cb, 'p>(
    scope: Scope<'cb>,
    pairs: impl Iterator<Item = Pair<'p>> + Clone,
) -> Option<&'cb [u8]> {
    let (count, texts_size) = measure(pairs.clone());
    let lengths_size = count.wrapping_mul(LENGTHS_SIZE as u64);
    let size = u32::try_from(texts_size.wrapping_add(lengths_size).wrapping_add(4)).ok()?;
    scope.build(size as usize, |mut block| {
        put_array(&mut block, &word(count));
        let lengths_size = usize::try_from(lengths_size).unwrap_or(usize::MAX);
        if let Some((lengths, texts)) = block.split_at_mut_checked(lengths_size) {
            write(pairs, lengths, texts);
        }
    })
}

/// A key and its value.
pub(crate) type Pair<'p> = (&'p [u8], &'p [u8]);

/// How many pairs there are, and the bytes of their texts with a NUL behind each: in 64 bits, in which sizes of memory
/// do not overflow.
#[inline(always)]
pub(crate) fn measure<'p>(pairs: impl Iterator<Item = Pair<'p>>) -> (u64, u64) {
    pairs.fold((0, 0), |(count, size), (key, value)| {
        let texts = (key.len() as u64).wrapping_add(value.len() as u64).wrapping_add(2);
        (u64::wrapping_add(count, 1), u64::wrapping_add(size, texts))
    })
}

/// Writes pairs: their lengths to one place, their texts to another.
#[inline(always)]
pub(crate) fn write<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    pairs: impl Iterator<Item = (K, V)>,
    mut lengths: &mut [u8],
    mut texts: &mut [u8],
) {
    pairs.for_each(|(key, value)| {
        for text in [key.as_ref(), value.as_ref()] {
            put_array(&mut lengths, &word(text.len() as u64));
            put(&mut texts, text);
            put_array(&mut texts, b"\0");
        }
    });
}

/// Writes an array to the start of what is left to write, if it fits.
#[inline(always)]
pub(crate) fn put_array<const N: usize>(block: &mut &mut [u8], bytes: &[u8; N]) {
    if let Some((head, rest)) = core::mem::take(block).split_first_chunk_mut::<N>() {
        *head = *bytes;
        *block = rest;
    }
}

/// As the wire has it. The block would not have been made if there were more.
#[allow(clippy::cast_possible_truncation, reason = "the size of the block is of 32 bits")]
#[inline(always)]
pub(crate) fn word(number: u64) -> [u8; 4] {
    (number as u32).to_le_bytes()
}

/// The size of the block that holds these pairs; `None` if the ABI cannot express it.
pub fn encoded_size<K: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl Iterator<Item = (K, V)>) -> Option<usize> {
    let mut size = 4u32;
    for (key, value) in pairs {
        for text in [key.as_ref(), value.as_ref()] {
            // Its length, the text, its NUL.
            size = size.checked_add(5)?.checked_add(u32::try_from(text.len()).ok()?)?;
        }
    }
    usize::try_from(size).ok()
}

/// Writes the block of these pairs, of which [`encoded_size`] gave the length of `block`.
///
/// Whatever does not fit is left out; the sizes agree if `pairs` is the same both times.
pub fn encode<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    pairs: impl Iterator<Item = (K, V)> + Clone,
    mut block: &mut [u8],
) {
    let count = pairs.clone().count();
    put_array(&mut block, &word(count as u64));
    if let Some((lengths, texts)) = block.split_at_mut_checked(count.saturating_mul(LENGTHS_SIZE)) {
        write(pairs, lengths, texts);
    }
}

/// Writes bytes to the start of what is left to write, if they fit.
#[inline(always)]
pub(crate) fn put(block: &mut &mut [u8], bytes: &[u8]) {
    if let Some((head, rest)) = core::mem::take(block).split_at_mut_checked(bytes.len()) {
        head.copy_from_slice(bytes);
        *block = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    /// Two pairs, as the specification's layout gives them by hand.
    const TWO: &[u8] = b"\x02\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x02\0\0\0a\x001\0b\x0022\0";

    fn encoded(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut block = vec![0xFF; encoded_size(pairs.iter().copied()).unwrap()];
        encode(pairs.iter().copied(), &mut block);
        block
    }

    #[test]
    fn the_block_of_two_pairs_is_as_specified() {
        let pairs: [(&[u8], &[u8]); 2] = [(b"a", b"1"), (b"b", b"22")];
        assert_eq!(encoded(&pairs), TWO);
        assert_eq!(Pairs::parse(TWO).unwrap().collect::<Vec<_>>(), pairs);
    }

    #[test]
    fn all_three_forms_of_an_empty_map_are_empty() {
        for block in [&b""[..], b"\0", b"\0\0\0\0"] {
            let pairs = Pairs::parse(block).unwrap();
            assert!(pairs.is_empty());
            assert_eq!(pairs.count(), 0);
        }
        assert_eq!(encoded(&[]), b"\0\0\0\0");
    }

    #[test]
    fn any_bytes_and_any_order_survive() {
        let pairs: [(&[u8], &[u8]); 4] = [(b"x\0y", b"\xff\xfe"), (b"a", b""), (b"a", b"2"), (b"", b"\r\n")];
        assert_eq!(Pairs::parse(&encoded(&pairs)).unwrap().collect::<Vec<_>>(), pairs);
    }

    #[test]
    fn every_truncation_and_extension_is_malformed() {
        for len in 1..TWO.len() {
            assert!(Pairs::parse(&TWO[..len]).is_err(), "{len}");
        }
        assert_eq!(
            Pairs::parse(&[TWO, b"\0"].concat()).unwrap_err().problem(),
            "the block is longer than its lengths say"
        );
    }

    #[test]
    fn wrong_counts_lengths_and_terminators_are_malformed() {
        for (at, byte) in [(0, 1), (0, 3), (3, 0xFF), (4, 2), (7, 0xFF), (8, 0), (15, 0x80), (21, 9), (28, 1)]
        {
            let mut block = TWO.to_vec();
            block[at] = byte;
            assert!(Pairs::parse(&block).is_err(), "{at}");
        }
        assert!(Pairs::parse(&[0xFF; 12]).is_err());
    }

    #[test]
    fn debug_shows_no_value() {
        let text = alloc::format!("{:?}", Pairs::parse(TWO).unwrap());
        assert_eq!(text, r#"["a", "b"]"#);
    }
}
