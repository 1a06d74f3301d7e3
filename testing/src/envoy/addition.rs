//! What Envoy itself adds to messages, and how it is taken away again.
//!
//! The list is here and in `docs/envoy.md`. Nothing of it is taken away that the sender of the message had set, or that
//! has a value that Envoy does not give it.

use super::wire::FORWARDED_PROTO;
use crate::{HeaderList, Request, Response};

/// Removes from a request what Envoy added on its way, and adds the scheme, which is not on the wire.
pub(super) fn remove_from_request(forwarded: &mut Request, sent: &Request) {
    let scheme = sent.headers.get(":scheme");
    let headers = &mut forwarded.headers;
    remove_added(headers, &sent.headers, FORWARDED_PROTO, |value| scheme == Some(value));
    // Of a request without a body, unless its method never has one.
    remove_added(headers, &sent.headers, "content-length", |value| value == b"0");
    if let Some(scheme) = scheme {
        // Behind method and path, where `Request::new` has it.
        let entry = |(name, value): (&[u8], &[u8])| (name.to_vec(), value.to_vec());
        let mut entries: Vec<_> = headers.iter().map(entry).collect();
        entries.insert(2, (b":scheme".to_vec(), scheme.to_vec()));
        *headers = entries.into_iter().collect();
    }
}

/// Removes from a callout what Envoy added to it. What the extension sent is not known, so only what no extension has a
/// reason to send is taken for an addition.
pub(super) fn remove_from_callout(request: &mut Request) {
    let none = HeaderList::new();
    let headers = &mut request.headers;
    remove_added(headers, &none, "x-envoy-internal", |value| value == b"true");
    remove_added(headers, &none, "x-envoy-expected-rq-timeout-ms", |value| {
        value.iter().all(u8::is_ascii_digit)
    });
    remove_added(headers, &none, "content-length", |value| value == b"0");
}

/// Removes from a response what Envoy, or the origin for the sake of HTTP/1.1, added to what the test answered.
pub(super) fn remove_from_response(response: &mut Response, answered: Option<&Response>) {
    let none = HeaderList::new();
    let answered = answered.map_or(&none, |answered| &answered.headers);
    let headers = &mut response.headers;
    remove_added(headers, answered, "date", |value| value.len() == DATE.len() && value.ends_with(b" GMT"));
    // The length of no body, also in place of one that the origin stated: then something else answered.
    if answered.get("content-length") != Some(b"0") {
        remove_added(headers, &none, "content-length", |value| value == b"0");
    }
}

/// How a date looks that Envoy writes.
const DATE: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// Removes a header that the sender did not send and that has the value that it gets when it is added.
fn remove_added(headers: &mut HeaderList, sent: &HeaderList, name: &str, usual: impl Fn(&[u8]) -> bool) {
    if sent.get(name).is_none() && headers.get_all(name).all(usual) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_the_origin_stays() {
        let answered = Response::new(200).header("date", DATE);
        let mut response = answered.clone();
        remove_from_response(&mut response, Some(&answered));
        assert_eq!(response, answered);
    }

    #[test]
    fn a_date_that_envoy_does_not_write_stays() {
        let mut response = Response::new(200).header("date", "today");
        remove_from_response(&mut response, Some(&Response::new(200)));
        assert_eq!(response, Response::new(200).header("date", "today"));
    }

    #[test]
    fn a_forwarded_proto_that_the_extension_changed_stays() {
        let mut forwarded = Request::get("/").header(FORWARDED_PROTO, "https");
        forwarded.headers.remove(":scheme");
        remove_from_request(&mut forwarded, &Request::get("/"));
        assert_eq!(forwarded.headers.get(FORWARDED_PROTO), Some(&b"https"[..]));
    }

    #[test]
    fn of_a_callout_only_what_envoy_adds_is_taken_away() {
        let sent =
            Request::post("/").header("content-length", "4").header("x-envoy-internal", "no").body("four");
        let mut received = sent.clone().header("x-envoy-expected-rq-timeout-ms", "200");
        remove_from_callout(&mut received);
        assert_eq!(received, sent);
    }

    #[test]
    fn the_scheme_comes_back_where_a_request_has_it() {
        let sent = Request::get("/");
        let mut forwarded = sent.clone();
        forwarded.headers.remove(":scheme");
        remove_from_request(&mut forwarded, &sent);
        assert_eq!(forwarded, sent);
    }
}
