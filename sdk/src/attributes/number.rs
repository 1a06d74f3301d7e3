//! Numbers, in both forms that hosts have for them.

/// A type that an [`Integer`](super::Integer) can have.
pub trait Number: sealed::Sealed {}

pub(super) mod sealed {
    /// A number that can be decoded.
    #[expect(unnameable_types, reason = "a sealed trait")]
    pub trait Sealed: Sized {
        /// The number in these bytes; `None` if they are none, or one that the type does not have.
        fn decode(bytes: &[u8]) -> Option<Self>;
    }
}

macro_rules! unsigned {
    ($($number:ident)*) => { $(
        impl Number for $number {}

        impl sealed::Sealed for $number {
            #[inline]
            fn decode(bytes: &[u8]) -> Option<Self> {
                $number::try_from(unsigned(bytes)?).ok()
            }
        }
    )* };
}

unsigned! { u16 u32 u64 }

impl Number for i64 {}

impl sealed::Sealed for i64 {
    fn decode(bytes: &[u8]) -> Option<Self> {
        match binary(bytes) {
            Some(number) => Some(i64::from_le_bytes(number.to_le_bytes())),
            None => match bytes.strip_prefix(b"-") {
                Some(digits) => 0i64.checked_sub_unsigned(decimal(digits)?),
                None => i64::try_from(decimal(bytes)?).ok(),
            },
        }
    }
}

#[inline]
fn unsigned(bytes: &[u8]) -> Option<u64> {
    match binary(bytes) {
        Some(number) => Some(number),
        None => decimal(bytes),
    }
}

/// A number in Envoy's form: eight bytes, but not if all of them are digits, and so more likely a number's text.
#[inline]
fn binary(bytes: &[u8]) -> Option<u64> {
    let number: &[u8; 8] = bytes.try_into().ok()?;
    // The bytes of small numbers end with zeros, which are no digits.
    let is_text = number[7].is_ascii_digit() && number.iter().all(u8::is_ascii_digit);
    (!is_text).then(|| u64::from_le_bytes(*number))
}

/// A number as text.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::sealed::Sealed;

    #[test]
    fn a_number_is_eight_bytes_or_decimal_text() {
        assert_eq!(u64::decode(&[0x39, 0x30, 0, 0, 0, 0, 0, 0]), Some(12_345));
        assert_eq!(u64::decode(b"12345"), Some(12_345));
        assert_eq!(u64::decode(b"12345678"), Some(12_345_678));
        assert_eq!(u64::decode(b"123456789"), Some(123_456_789));
        assert_eq!(u64::decode(&[0xFF; 8]), Some(u64::MAX));
        assert_eq!(u64::decode(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(i64::decode(&[0xFF; 8]), Some(-1));
        assert_eq!(i64::decode(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(i64::decode(b"7"), Some(7));
    }

    #[test]
    fn anything_else_is_no_number() {
        let texts: [&[u8]; 8] = [b"", b"-", b"-1", b"+1", b"1.5", b"0x1", b"18446744073709551616", b"\0\0"];
        for text in texts {
            assert_eq!(u64::decode(text), None, "{text:?}");
        }
        assert_eq!(i64::decode(b"9223372036854775808"), None);
        assert_eq!(i64::decode(b"--1"), None);
    }

    #[test]
    fn a_number_has_to_fit_its_type() {
        assert_eq!(u16::decode(&65_535u64.to_le_bytes()), Some(65_535));
        assert_eq!(u16::decode(&65_536u64.to_le_bytes()), None);
        assert_eq!(u16::decode(b"65536"), None);
        assert_eq!(u32::decode(&[0xFF; 8]), None);
    }
}
