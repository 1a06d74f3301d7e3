//! As much of the protocol buffers' encoding as the messages need that Envoy wants.

use crate::abi::arena::Scope;
use crate::pairs::put;
use crate::{Error, Result};

/// A field of a message. Other ones than messages are left out if they are empty, or zero, as the encoding has it.
#[derive(Clone, Copy)]
pub(crate) enum Field<'a> {
    /// Text or bytes, under this number.
    Bytes(u8, &'a [u8]),
    /// A message, under this number: it is there also if nothing is in it.
    Message(u8, &'a [u8]),
    /// A number, a bool or an enum, under this number.
    Number(u8, u32),
}

/// Numbers of fields are below this here, so that each tag is a byte.
const FIELDS: u8 = 16;

const VARINT: u8 = 0;
const BYTES: u8 = 2;

/// The message with these fields, as scratch bytes of the callback.
pub(crate) fn encode<'cb>(scope: Scope<'cb>, fields: &[Field<'_>]) -> Result<&'cb [u8]> {
    let mut size = 0usize;
    for field in fields {
        let of_field = match *field {
            Field::Bytes(_, bytes @ [_, ..]) | Field::Message(_, bytes) => {
                let len = u32::try_from(bytes.len()).map_err(|_| Error::OutOfMemory)?;
                bytes.len().checked_add(varint(len).1)
            }
            Field::Number(_, number) if number != 0 => Some(varint(number).1),
            _ => continue,
        };
        size = of_field
            .and_then(|of_field| size.checked_add(of_field)?.checked_add(1))
            .ok_or(Error::OutOfMemory)?;
    }
    let message = scope.build(size, |mut rest| {
        for field in fields {
            match *field {
                Field::Bytes(number, bytes @ [_, ..]) | Field::Message(number, bytes) => {
                    put_varint(&mut rest, tag(number, BYTES), u32::try_from(bytes.len()).unwrap_or_default());
                    put(&mut rest, bytes);
                }
                Field::Number(number, value) if value != 0 => {
                    put_varint(&mut rest, tag(number, VARINT), value);
                }
                _ => {}
            }
        }
    });
    message.ok_or(Error::OutOfMemory)
}

fn tag(number: u8, wire_type: u8) -> u8 {
    debug_assert!(number < FIELDS, "its tag has more than a byte");
    number << 3 | wire_type
}

fn put_varint(rest: &mut &mut [u8], tag: u8, number: u32) {
    put(rest, &[tag]);
    let (bytes, len) = varint(number);
    put(rest, bytes.get(..len).unwrap_or_default());
}

/// A number with seven bits in each byte, the lowest first, and how many bytes it has.
fn varint(mut number: u32) -> ([u8; 5], usize) {
    let mut bytes = [0; 5];
    let mut len = 0;
    for byte in &mut bytes {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        len = usize::wrapping_add(len, 1);
        if number == 0 {
            *byte = low;
            break;
        }
        *byte = low | 0x80;
    }
    (bytes, len)
}

/// What a field of a message contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, in their order, with their numbers.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Fields(message)
    }

    /// The next field; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Value<'a>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let field = self.split_first().ok_or(Error::Malformed {
            call: "proxy_call_foreign_function",
            problem: "not a message of protocol buffers",
        });
        field.map(Some)
    }

    fn split_first(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.number()?;
        let value = match tag & 7 {
            0 => Value::Number(self.number()?),
            1 => Value::Bytes(self.bytes(8)?),
            2 => {
                let len = self.number()?;
                Value::Bytes(self.bytes(usize::try_from(len).ok()?)?)
            }
            5 => Value::Bytes(self.bytes(4)?),
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::arena::Arena;
    use alloc::vec;
    use alloc::vec::Vec;

    fn encoded(fields: &[Field<'_>]) -> Vec<u8> {
        Arena::new().enter(|scope| encode(scope, fields).unwrap().to_vec())
    }

    #[test]
    fn a_message_is_as_protocol_buffers_have_it() {
        let fields =
            [Field::Bytes(1, b"key"), Field::Bytes(2, b""), Field::Number(3, 300), Field::Number(4, 0)];
        assert_eq!(encoded(&fields), b"\x0a\x03key\x18\xac\x02");
        assert_eq!(encoded(&[]), b"");
        assert_eq!(encoded(&[Field::Message(1, b""), Field::Bytes(2, b"")]), b"\x0a\0");
        assert_eq!(encoded(&[Field::Number(1, u32::MAX)]), b"\x08\xff\xff\xff\xff\x0f");
    }

    #[test]
    fn what_is_encoded_is_read_back() {
        let long = vec![7; 1_000];
        let message = encoded(&[Field::Bytes(1, &long), Field::Number(15, 1 << 31)]);
        let mut fields = Fields::of(&message);
        assert_eq!(fields.next(), Ok(Some((1, Value::Bytes(&long)))));
        assert_eq!(fields.next(), Ok(Some((15, Value::Number(1 << 31)))));
        assert_eq!(fields.next(), Ok(None));
    }

    #[test]
    fn no_bytes_make_a_reader_panic_or_go_on_for_ever() {
        for first in 0..=255u8 {
            for second in 0..=255u8 {
                for message in [&[first, second][..], &[first, second, 0xFF, 0xFF], &[first, 5, second]] {
                    let mut fields = Fields::of(message);
                    for _ in 0..5 {
                        if !matches!(fields.next(), Ok(Some(_))) {
                            break;
                        }
                    }
                }
            }
        }
        let mut endless = Fields::of(&[0xFF; 32]);
        assert!(endless.next().is_err());
        assert!(Fields::of(b"\x0a\x05abc").next().is_err());
    }
}
