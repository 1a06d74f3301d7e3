//! Header maps, as Envoy changes them.

use super::field::{Owner, is_kept};
use crate::HeaderList;
use waxwing::__private::pairs::{self, Pairs};

/// Adds a header. Where Envoy keeps a header in a field of its own, the new value joins the old one, unless one of them
/// has no bytes.
pub(super) fn add(list: &mut HeaderList, owner: Owner, key: &[u8], value: &[u8]) {
    let key = canonical(owner, key);
    if is_kept(owner, &key)
        && let Some(old) = list.value_mut(&key)
    {
        if !old.is_empty() && !value.is_empty() {
            old.push(b',');
        }
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
pub(super) fn replace(list: &mut HeaderList, owner: Owner, key: &[u8], value: &[u8]) {
    remove(list, owner, key);
    add(list, owner, key, value);
}

/// Removes all headers of that name.
pub(super) fn remove(list: &mut HeaderList, owner: Owner, key: &[u8]) {
    list.remove(canonical(owner, key));
}

/// The value of the first header of that name.
pub(super) fn get<'a>(list: &'a HeaderList, owner: Owner, key: &[u8]) -> Option<&'a [u8]> {
    list.get(canonical(owner, key))
}

/// The name by which a header is kept. For requests, `host` is another one of `:authority`.
pub(super) fn canonical(owner: Owner, key: &[u8]) -> Vec<u8> {
    if owner == Owner::Request && key.eq_ignore_ascii_case(b"host") {
        return b":authority".to_vec();
    }
    key.to_ascii_lowercase()
}

/// Replaces everything.
pub(super) fn replace_all(list: &mut HeaderList, owner: Owner, pairs: &[(Vec<u8>, Vec<u8>)]) {
    *list = HeaderList::new();
    for (key, value) in pairs {
        add(list, owner, key, value);
    }
}

/// A map as it is after it has arrived: lower-case names, pseudo-headers first, and joined what is kept in
/// fields.
pub(super) fn normalized(list: &HeaderList, owner: Owner) -> HeaderList {
    let mut normalized = HeaderList::new();
    for (key, value) in list.iter() {
        add(&mut normalized, owner, key, value);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn list(headers: &[(&str, &str)]) -> HeaderList {
        headers.iter().copied().collect()
    }

    #[test]
    fn adding_keeps_two_entries() {
        let mut headers = list(&[("x-a", "1"), ("x-b", "2")]);
        add(&mut headers, Owner::Request, b"X-A", b"3");
        assert_eq!(headers, list(&[("x-a", "1"), ("x-b", "2"), ("x-a", "3")]));
    }

    #[test]
    fn adding_joins_the_headers_that_envoy_keeps_in_fields() {
        let mut headers = list(&[(":path", "/a"), ("via", "1"), ("content-type", "text/html")]);
        add(&mut headers, Owner::Request, b"Content-Type", b"text/plain");
        add(&mut headers, Owner::Request, b"via", b"2");
        add(&mut headers, Owner::Request, b":path", b"/b");
        assert_eq!(
            headers,
            list(&[(":path", "/a,/b"), ("via", "1,2"), ("content-type", "text/html,text/plain")])
        );
    }

    #[test]
    fn the_host_of_a_request_is_its_authority() {
        let mut headers = list(&[("x-a", "1")]);
        add(&mut headers, Owner::Request, b"Host", b"a");
        add(&mut headers, Owner::Request, b"host", b"b");
        assert_eq!(headers, list(&[(":authority", "a,b"), ("x-a", "1")]));
        assert_eq!(get(&headers, Owner::Request, b"host"), Some(&b"a,b"[..]));
        assert_eq!(get(&headers, Owner::Response, b"host"), None);
        remove(&mut headers, Owner::Request, b"host");
        assert_eq!(headers, list(&[("x-a", "1")]));
    }

    #[test]
    fn a_value_without_bytes_joins_without_a_comma() {
        let mut headers = list(&[("accept", ""), ("via", "1")]);
        add(&mut headers, Owner::Request, b"accept", b"2");
        add(&mut headers, Owner::Request, b"via", b"");
        assert_eq!(headers, list(&[("accept", "2"), ("via", "1")]));
    }

    #[test]
    fn the_status_of_grpc_is_kept_in_the_trailers_of_responses_alone() {
        let twice = [("grpc-status", "1"), ("grpc-status", "2")];
        assert_eq!(normalized(&list(&twice), Owner::RequestTrailers), list(&twice));
        assert_eq!(normalized(&list(&twice), Owner::ResponseTrailers), list(&[("grpc-status", "1,2")]));
    }

    #[test]
    fn which_headers_are_joined_depends_on_the_message() {
        for (owner, expected) in [
            (
                Owner::Request,
                &[("x-a", "1"), ("x-a", "2"), ("accept", "1,2"), ("vary", "1"), ("vary", "2")][..],
            ),
            (
                Owner::Response,
                &[("x-a", "1"), ("x-a", "2"), ("accept", "1"), ("accept", "2"), ("vary", "1,2")],
            ),
        ] {
            let arrived =
                [("x-a", "1"), ("X-A", "2"), ("accept", "1"), ("Accept", "2"), ("vary", "1"), ("vary", "2")];
            assert_eq!(normalized(&list(&arrived), owner), list(expected));
        }
    }

    #[test]
    fn replacing_removes_all_and_moves_to_the_end_but_pseudo_headers_stay_in_front() {
        let mut headers =
            list(&[(":method", "GET"), (":path", "/"), ("x-a", "1"), ("x-a", "2"), ("x-b", "3")]);
        replace(&mut headers, Owner::Request, b"x-a", b"4");
        replace(&mut headers, Owner::Request, b":method", b"PUT");
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
