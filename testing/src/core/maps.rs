//! Header maps, as Envoy changes them.

use crate::HeaderList;
use waxwing::__private::pairs::{self, Pairs};

/// Adds a header. Where Envoy keeps a header in a field of its own, the new value joins the old one.
pub(super) fn add(list: &mut HeaderList, key: &[u8], value: &[u8]) {
    let key = key.to_ascii_lowercase();
    if INLINE.contains(&key.as_slice())
        && let Some(old) = list.value_mut(&key)
    {
        old.push(b',');
        old.extend_from_slice(value);
        return;
    }
    if key.starts_with(b":") {
        // Pseudo-headers stay in front of the others.
        let at = list.iter().take_while(|(name, _)| name.starts_with(b":")).count();
        list.insert(at, key, value.to_vec());
    } else {
        list.add(key, value);
    }
}

/// Puts one header in the place of all of that name, behind the others.
pub(super) fn replace(list: &mut HeaderList, key: &[u8], value: &[u8]) {
    list.remove(key);
    add(list, key, value);
}

/// Replaces everything.
pub(super) fn replace_all(list: &mut HeaderList, pairs: &[(Vec<u8>, Vec<u8>)]) {
    *list = HeaderList::new();
    for (key, value) in pairs {
        add(list, key, value);
    }
}

/// A map as it is after it has arrived: lower-case names, pseudo-headers first, and joined what is kept in
/// fields.
pub(super) fn normalized(list: &HeaderList) -> HeaderList {
    let mut normalized = HeaderList::new();
    for (key, value) in list.iter() {
        add(&mut normalized, key, value);
    }
    normalized
}

/// The pairs of a block from a guest. A malformed or too large block is an empty one: there is no error.
pub(super) fn decode(block: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    match Pairs::parse(block) {
        Ok(pairs) if block.len() <= BLOCK_MAX && pairs.len() <= PAIRS_MAX => {
            pairs.map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
        }
        _ => Vec::new(),
    }
}

/// The block of a map; no bytes for an empty one.
pub(super) fn encode(list: &HeaderList) -> Vec<u8> {
    if list.is_empty() { Vec::new() } else { encode_pairs(list.iter()) }
}

/// The block of these pairs, with a count even if there are none.
pub(super) fn encode_pairs<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    list: impl Iterator<Item = (K, V)> + Clone,
) -> Vec<u8> {
    // A test's headers are far below the 4 GiB that a block cannot express.
    let mut block = vec![0; pairs::encoded_size(list.clone()).unwrap_or(0)];
    pairs::encode(list, &mut block);
    block
}

/// The largest block that Envoy decodes.
const BLOCK_MAX: usize = 1024 * 1024;
/// The most pairs that Envoy decodes.
const PAIRS_MAX: usize = 1024;

/// The headers that every Envoy keeps in fields of their own; a build with more filters has more.
const INLINE: &[&[u8]] = &[
    b":authority",
    b":method",
    b":path",
    b":protocol",
    b":scheme",
    b":status",
    b"connection",
    b"content-length",
    b"content-type",
    b"date",
    b"grpc-message",
    b"grpc-status",
    b"grpc-timeout",
    b"keep-alive",
    b"location",
    b"proxy-connection",
    b"proxy-status",
    b"server",
    b"te",
    b"transfer-encoding",
    b"upgrade",
    b"user-agent",
    b"via",
    b"x-forwarded-client-cert",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-proto",
    b"x-request-id",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn list(headers: &[(&str, &str)]) -> HeaderList {
        headers.iter().copied().collect()
    }

    #[test]
    fn adding_keeps_two_entries() {
        let mut headers = list(&[("x-a", "1"), ("x-b", "2")]);
        add(&mut headers, b"X-A", b"3");
        assert_eq!(headers, list(&[("x-a", "1"), ("x-b", "2"), ("x-a", "3")]));
    }

    #[test]
    fn adding_joins_the_headers_that_envoy_keeps_in_fields() {
        let mut headers = list(&[(":path", "/a"), ("via", "1"), ("content-type", "text/html")]);
        add(&mut headers, b"Content-Type", b"text/plain");
        add(&mut headers, b"via", b"2");
        add(&mut headers, b":path", b"/b");
        assert_eq!(
            headers,
            list(&[(":path", "/a,/b"), ("via", "1,2"), ("content-type", "text/html,text/plain")])
        );
    }

    #[test]
    fn replacing_removes_all_and_moves_to_the_end_but_pseudo_headers_stay_in_front() {
        let mut headers =
            list(&[(":method", "GET"), (":path", "/"), ("x-a", "1"), ("x-a", "2"), ("x-b", "3")]);
        replace(&mut headers, b"x-a", b"4");
        replace(&mut headers, b":method", b"PUT");
        assert_eq!(headers, list(&[(":path", "/"), (":method", "PUT"), ("x-b", "3"), ("x-a", "4")]));
    }

    #[test]
    fn a_block_that_is_malformed_or_too_large_is_empty() {
        let good = encode(&list(&[("a", "1")]));
        assert_eq!(decode(&good), [(b"a".to_vec(), b"1".to_vec())]);
        assert_eq!(decode(&good[..good.len() - 1]), []);
        assert_eq!(decode(&[good, vec![0]].concat()), []);
        let many = |count| encode_pairs((0..count).map(|_| ("a", "")));
        assert_eq!(decode(&many(PAIRS_MAX)).len(), PAIRS_MAX);
        assert_eq!(decode(&many(PAIRS_MAX + 1)), []);
        let value = vec![b'v'; BLOCK_MAX];
        assert_eq!(decode(&encode_pairs([("a", &value[..BLOCK_MAX - 15])].into_iter())).len(), 1);
        assert_eq!(decode(&encode_pairs([("a", &value[..])].into_iter())), []);
    }
}
