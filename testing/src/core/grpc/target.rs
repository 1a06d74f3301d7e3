//! Which cluster a gRPC call goes to: its name, or an encoded `envoy.config.core.v3.GrpcService`.

/// What the guest gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A name, as it is.
    Name(String),
    /// An encoded service with the name of a cluster.
    Encoded(String),
    /// The encoding of something that says no cluster.
    Nothing,
}

impl Target {
    /// Envoy tries to decode it first: only what is not the encoding of anything is a name.
    pub(super) fn of(bytes: &[u8]) -> Target {
        let Some(fields) = fields(bytes) else {
            return Target::Name(String::from_utf8_lossy(bytes).into_owned());
        };
        let envoy_grpc = first_field(&fields).and_then(self::fields);
        match envoy_grpc.as_deref().and_then(first_field) {
            Some(name) => Target::Encoded(String::from_utf8_lossy(name).into_owned()),
            None => Target::Nothing,
        }
    }
}

/// The bytes of the field 1: if it is there more than once, the last ones count.
fn first_field<'a>(fields: &[Field<'a>]) -> Option<&'a [u8]> {
    fields.iter().rfind(|(number, _)| *number == 1).and_then(|(_, bytes)| *bytes)
}

/// The number of a field, and its bytes, if it is of that kind.
type Field<'a> = (u64, Option<&'a [u8]>);

/// The fields of a message; `None` if the bytes are none.
fn fields(mut bytes: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let number = tag >> 3;
        if number == 0 {
            return None;
        }
        let value = match tag & 7 {
            0 => {
                varint(&mut bytes)?;
                None
            }
            1 => take(&mut bytes, 8).map(|_| None)?,
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                Some(take(&mut bytes, length)?)
            }
            5 => take(&mut bytes, 4).map(|_| None)?,
            _ => return None,
        };
        fields.push((number, value));
    }
    Some(fields)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_unless_it_is_the_encoding_of_something() {
        assert_eq!(Target::of(b"authz"), Target::Name("authz".to_owned()));
        assert_eq!(Target::of(b"\x0A\x07\x0A\x05echo1"), Target::Encoded("echo1".to_owned()));
        // The field 12, of four bytes.
        assert_eq!(Target::of(b"echo1"), Target::Nothing);
        assert_eq!(Target::of(b""), Target::Nothing);
        assert_eq!(Target::of(b"\x0A\x00"), Target::Nothing);
    }
}
