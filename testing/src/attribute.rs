//! Attributes, as a host encodes them.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};
use waxwing::__private::pairs;
use waxwing::attributes::{
    Addr, Attribute, Bool, Bytes, Float, Integer, Kind, List, Map, Period, Text, Time,
};

/// A value that an attribute of the type `K` can have, for [`Request::attribute`](crate::Request::attribute) and
/// [`HostBuilder::attribute`](crate::HostBuilder::attribute).
///
/// | type | values |
/// |---|---|
/// | [`Text`] | text |
/// | [`Bytes`] | bytes |
/// | [`Integer`], [`Float`], [`Bool`] | numbers and truth values |
/// | [`Time`] | a [`SystemTime`], or the [`Duration`] since the Unix epoch |
/// | [`Period`] | a [`Duration`] |
/// | [`Addr`] | a [`SocketAddr`], or text |
/// | [`Map`] | an array of pairs |
/// | [`List`] | an array of values |
pub trait AttributeValue<K> {
    /// The bytes that Envoy has for it.
    fn encode(&self) -> Vec<u8>;
}

/// Values that are their own bytes.
macro_rules! verbatim {
    ($($kind:ty: $($value:ty)*;)*) => { $($(
        impl AttributeValue<$kind> for $value {
            fn encode(&self) -> Vec<u8> {
                AsRef::<[u8]>::as_ref(self).to_vec()
            }
        }
    )*)* };
}

verbatim! {
    Text: &str String;
    Addr: &str String;
    Bytes: &str String &[u8] Vec<u8>;
}

/// Numbers that become eight bytes.
macro_rules! numbers {
    ($($number:ty => $as:ty;)*) => { $(
        impl AttributeValue<Integer<$number>> for $number {
            fn encode(&self) -> Vec<u8> {
                <$as>::from(*self).to_le_bytes().to_vec()
            }
        }
    )* };
}

numbers! { u16 => u64; u32 => u64; u64 => u64; i64 => i64; }

impl AttributeValue<Float> for f64 {
    fn encode(&self) -> Vec<u8> {
        self.to_le_bytes().to_vec()
    }
}

impl AttributeValue<Bool> for bool {
    fn encode(&self) -> Vec<u8> {
        vec![u8::from(*self)]
    }
}

impl AttributeValue<Addr> for SocketAddr {
    fn encode(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl AttributeValue<Period> for Duration {
    fn encode(&self) -> Vec<u8> {
        nanoseconds(*self)
    }
}

impl AttributeValue<Time> for Duration {
    fn encode(&self) -> Vec<u8> {
        nanoseconds(*self)
    }
}

impl AttributeValue<Time> for SystemTime {
    fn encode(&self) -> Vec<u8> {
        nanoseconds(self.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>, const LEN: usize> AttributeValue<Map> for [(N, V); LEN] {
    fn encode(&self) -> Vec<u8> {
        block(self.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
    }
}

impl<V: AsRef<[u8]>, const LEN: usize> AttributeValue<List> for [V; LEN] {
    fn encode(&self) -> Vec<u8> {
        block(self.iter().map(|value| (value.as_ref(), &b""[..])))
    }
}

/// As hosts have durations: what does not fit is as long as they can say.
fn nanoseconds(duration: Duration) -> Vec<u8> {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX).to_le_bytes().to_vec()
}

fn block<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let mut block = vec![0; pairs::encoded_size(pairs.clone()).unwrap_or_default()];
    pairs::encode(pairs, &mut block);
    block
}

/// The path and the value of an attribute, as the model keeps them.
pub(crate) fn given<K: Kind>(
    attribute: Attribute<'_, K>,
    value: &impl AttributeValue<K>,
) -> (Vec<u8>, Vec<u8>) {
    (attribute.path().to_vec(), value.encode())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::property_path;
    use waxwing::attributes::Path;

    /// What an extension decodes of a value.
    fn decoded<K: Kind>(value: &impl AttributeValue<K>) -> K::Value<'static> {
        K::decode(value.encode().leak()).unwrap()
    }

    #[test]
    fn each_value_is_decoded_as_it_was_given() {
        assert_eq!(decoded::<Text>(&"a"), "a");
        assert_eq!(decoded::<Bytes>(&"a"), b"a");
        assert_eq!(decoded::<Integer<u16>>(&443u16), 443);
        assert_eq!(decoded::<Integer<i64>>(&-1i64), -1);
        assert!(decoded::<Bool>(&true));
        assert_eq!(decoded::<Float>(&1.5), 1.5);
        assert_eq!(decoded::<Time>(&Duration::from_secs(7)), Duration::from_secs(7));
        assert_eq!(decoded::<Period>(&Duration::MAX), Duration::from_nanos(i64::MAX.unsigned_abs()));
        assert_eq!(decoded::<Addr>(&"10.0.0.7:80").port(), Some(80));
        let pairs: Vec<_> = decoded::<Map>(&[("a", "1"), ("b", "2")]).collect();
        assert_eq!(pairs, [(&b"a"[..], &b"1"[..]), (b"b", b"2")]);
        assert_eq!(decoded::<List>(&["a", "b"]).collect::<Vec<_>>(), [b"a", b"b"]);
    }

    #[test]
    fn a_path_of_an_attribute_is_that_of_a_property() {
        assert_eq!(Path::new(["a", "b"]).as_bytes(), property_path(["a", "b"]));
    }
}
