//! The types that attributes have, and how they are decoded.

use super::Address;
use super::number::{Number, decimal};
use crate::Pairs;
use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

/// A type of attributes.
///
/// It is a name for an encoding, and has no values of its own. Bytes that came in another way can be decoded too:
///
/// ```
/// use waxwing::attributes::{Integer, Kind};
///
/// assert_eq!(Integer::<u16>::decode(b"443"), Ok(443));
/// assert!(Integer::<u16>::decode(b"https").is_err());
/// ```
pub trait Kind: sealed::Sealed {
    /// What the attribute is for an extension.
    type Value<'a>;

    /// Decodes what a host gave for it.
    ///
    /// # Errors
    ///
    /// [`Undecodable`] if the bytes are not of this type, in any form that a host has for it.
    fn decode(bytes: &[u8]) -> Result<Self::Value<'_>, Undecodable>;
}

mod sealed {
    /// A kind.
    #[expect(unnameable_types, reason = "hosts have no others")]
    pub trait Sealed {}
}

/// Why bytes are not an attribute of that type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecodable(&'static str);

impl Undecodable {
    /// What is wrong with them.
    pub const fn problem(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for Undecodable {}

/// Types, each with its value and with what decodes it.
macro_rules! kinds {
    ($( $(#[$doc:meta])* $kind:ident: $value:ty = |$bytes:ident| $decode:expr; )*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $kind {}

        impl sealed::Sealed for $kind {}

        impl Kind for $kind {
            type Value<'a> = $value;

            #[inline]
            fn decode($bytes: &[u8]) -> Result<Self::Value<'_>, Undecodable> {
                $decode
            }
        }
    )* };
}

kinds! {
    /// Text. What is not UTF-8 is an error; [`View::attribute_bytes`](crate::View::attribute_bytes) reads it.
    Text: &'a str = |bytes| core::str::from_utf8(bytes).map_err(|_| Undecodable("not UTF-8 text"));

    /// Bytes, or an encoded message.
    Bytes: &'a [u8] = |bytes| Ok(bytes);

    /// A truth value: one byte, or `true` and `false` in words.
    Bool: bool = |bytes| match bytes {
        [0] | b"false" => Ok(false),
        [1] | b"true" => Ok(true),
        _ => Err(Undecodable("not a truth value")),
    };

    /// A number with a fraction, as those in metadata are. Only Envoy and its relatives have such.
    Float: f64 = |bytes| match bytes.try_into() {
        Ok(bytes) => Ok(f64::from_le_bytes(bytes)),
        Err(_) => Err(Undecodable("not a number of eight bytes")),
    };

    /// A time, as the duration since the Unix epoch: eight bytes of nanoseconds, or seconds as text.
    Time: Duration = |bytes| nanoseconds(bytes).or_else(|| seconds(bytes)).ok_or(Undecodable("not a time"));

    /// A duration: eight bytes of nanoseconds, or seconds as text.
    ///
    /// Eight bytes that read as a number of seconds are one: as nanoseconds they would be more than a century.
    Period: Duration = |bytes| seconds(bytes).or_else(|| nanoseconds(bytes)).ok_or(Undecodable("not a duration"));

    /// An address of a connection.
    Addr: Address<'a> = |bytes| Ok(Address::new(bytes));

    /// A map of names to values: pairs, with each name once. The values are encoded as attributes are.
    Map: Pairs<'a> = |bytes| Pairs::parse(bytes).map_err(|malformed| Undecodable(malformed.problem()));

    /// A list of values, each encoded as attributes are.
    List: Listed<'a> =
        |bytes| Pairs::parse(bytes).map(Listed).map_err(|malformed| Undecodable(malformed.problem()));
}

/// A whole number: eight bytes, or decimal digits.
///
/// One that is too large for `N` is an error.
#[derive(Debug)]
pub struct Integer<N>(PhantomData<N>);

impl<N> sealed::Sealed for Integer<N> {}

impl<N: Number> Kind for Integer<N> {
    type Value<'a> = N;

    #[inline]
    fn decode(bytes: &[u8]) -> Result<N, Undecodable> {
        N::decode(bytes).ok_or(Undecodable("not a whole number of that size"))
    }
}

/// The values of a list.
#[derive(Clone, Copy)]
pub struct Listed<'a>(Pairs<'a>);

impl<'a> Iterator for Listed<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        // Lists are written as maps are, with the values as their keys.
        self.0.next().map(|(value, _)| value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Listed<'_> {}

impl fmt::Debug for Listed<'_> {
    /// No value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listed({} values)", self.0.len())
    }
}

/// Nanoseconds in eight bytes. None is negative where hosts mean well.
#[inline]
fn nanoseconds(bytes: &[u8]) -> Option<Duration> {
    let nanoseconds = i64::from_le_bytes(bytes.try_into().ok()?);
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

/// Seconds as text, with a fraction or without.
fn seconds(text: &[u8]) -> Option<Duration> {
    let (whole, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => {
            let (whole, rest) = text.split_at_checked(point)?;
            (whole, rest.get(1..)?)
        }
        None => (text, &b"0"[..]),
    };
    let places = 9usize.checked_sub(fraction.len())?;
    let nanoseconds = (0..places).try_fold(decimal(fraction)?, |number, _| number.checked_mul(10))?;
    Duration::from_secs(decimal(whole)?).checked_add(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn truth_is_a_byte_or_a_word() {
        for (bytes, truth) in [(&b"\0"[..], false), (b"\x01", true), (b"true", true), (b"false", false)] {
            assert_eq!(Bool::decode(bytes), Ok(truth));
        }
        for bytes in [&b""[..], b"\x02", b"1", b"TRUE", b"\x01\0\0\0\0\0\0\0"] {
            assert!(Bool::decode(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_time_is_nanoseconds_in_eight_bytes_or_seconds_in_words() {
        let time = Duration::from_millis(1_767_225_600_123);
        assert_eq!(Time::decode(&1_767_225_600_123_000_000_u64.to_le_bytes()), Ok(time));
        assert_eq!(Time::decode(b"1767225600.123"), Ok(time));
        // In the year 2090, the bytes of the time may all be digits.
        assert_eq!(Time::decode(b"55555555"), Ok(Duration::from_nanos(0x3535_3535_3535_3535)));
    }

    #[test]
    fn a_duration_is_nanoseconds_in_eight_bytes_or_seconds_in_words() {
        assert_eq!(Period::decode(&1_500_000_000_u64.to_le_bytes()), Ok(Duration::from_millis(1_500)));
        assert_eq!(Period::decode(b"0.123"), Ok(Duration::from_millis(123)));
        assert_eq!(Period::decode(b"1234.567"), Ok(Duration::from_millis(1_234_567)));
        assert_eq!(Period::decode(b"12345678"), Ok(Duration::from_secs(12_345_678)));
        for bytes in [&[0xFF; 8][..], b"", b".", b"1.", b".5", b"1.2.3", b"0.1234567890", b"-1.000"] {
            assert!(Period::decode(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_list_is_a_map_whose_keys_are_the_values() {
        let block = b"\x02\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0a\0\0bc\0\0";
        assert_eq!(List::decode(block).unwrap().collect::<Vec<_>>(), [&b"a"[..], b"bc"]);
        assert_eq!(List::decode(b"").unwrap().len(), 0);
        assert_eq!(List::decode(b"\x01").unwrap_err().problem(), "the block is shorter than its count");
    }

    #[test]
    fn no_bytes_make_a_decoder_panic() {
        let mut seed = 1u32;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let digits = b"0123456789.-e\0\xff\x01tru";
            let bytes: Vec<u8> = (0..seed % 23)
                .map(|at| digits[((seed >> 7).wrapping_mul(at + 3) as usize ^ at as usize) % digits.len()])
                .collect();
            let _ = (Text::decode(&bytes), Bool::decode(&bytes), Float::decode(&bytes), Map::decode(&bytes));
            let _ = (Time::decode(&bytes), Period::decode(&bytes), Integer::<i64>::decode(&bytes));
            let _ = Address::new(&bytes).ip();
        }
    }
}
