//! Requests and responses.

use super::{bodies, chunkings, headers};
use crate::{Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;

/// How a body is sent, and what follows.
type Rest = (Vec<Vec<u8>>, bool, Vec<(String, Vec<u8>)>);

/// Requests: any method and path, with headers, a body in pieces, and trailers or another end.
pub fn requests() -> impl Strategy<Value = Request> {
    let method = proptest::sample::select(&["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"][..]);
    (method, paths(), headers(), rest()).prop_map(|(method, path, headers, rest)| {
        let request = Request::new(method, &path);
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let (pieces, empty_end, trailers) = rest;
        let request = match pieces.is_empty() {
            true => request,
            false => request.chunks(pieces),
        };
        let request = if empty_end { request.empty_end() } else { request };
        trailers.into_iter().fold(request, |request, (name, value)| request.trailer(name, value))
    })
}

/// Responses of an upstream: statuses with and without a body, headers, a body in pieces, and trailers or another end.
pub fn responses() -> impl Strategy<Value = Response> {
    let status = proptest::sample::select(&[200_u16, 201, 204, 302, 304, 400, 401, 404, 429, 500, 503][..]);
    (status, headers(), rest()).prop_map(|(status, headers, rest)| {
        let response = Response::new(status);
        let response =
            headers.into_iter().fold(response, |response, (name, value)| response.header(name, value));
        // These have none.
        if matches!(status, 204 | 304) {
            return response;
        }
        let (pieces, empty_end, trailers) = rest;
        let response = match pieces.is_empty() {
            true => response,
            false => response.chunks(pieces),
        };
        let response = if empty_end { response.empty_end() } else { response };
        trailers.into_iter().fold(response, |response, (name, value)| response.trailer(name, value))
    })
}

fn paths() -> impl Strategy<Value = String> {
    ("(/[a-zA-Z0-9._~-]{0,8}){1,4}", proptest::option::of("[a-z]{1,4}=[a-zA-Z0-9%]{0,6}"))
        .prop_map(|(path, query)| query.map_or(path.clone(), |query| format!("{path}?{query}")))
}

fn rest() -> impl Strategy<Value = Rest> {
    let pieces = bodies().prop_flat_map(chunkings);
    let trailer = ("x-[a-z]{1,8}", "[!-~]{0,10}").prop_map(|(name, value)| (name, value.into_bytes()));
    (pieces, any::<bool>(), vec(trailer, 0..3))
}
