//! Properties, as Envoy derives them.

use super::HostCore;
use super::field::Owner;
use super::foreign::Object;
use super::local_response::grpc_status_of;
use super::maps;
use super::stream::{CLOSED, State, Stream};
use crate::HeaderList;
use crate::http::Body;
use std::collections::HashMap;
use std::net::SocketAddr;
use waxwing::__private::Answer;
use waxwing::Status;

impl HostCore {
    /// The value of a property for a stream, or for a root context, as Envoy has it.
    pub(super) fn envoys_property(&self, stream: Option<&Stream>, path: &[u8]) -> Answer<Vec<u8>> {
        if path.is_empty() {
            return Err(Status::SERIALIZATION_FAILURE);
        }
        let segments: Vec<&[u8]> = path.split(|byte| *byte == 0).collect();
        match segments.as_slice() {
            [b"plugin_name"] => return Ok(self.settings().plugin_name.clone().into()),
            [b"plugin_root_id"] => return Ok(self.settings().root_id.clone().into()),
            [b"plugin_vm_id"] => return Ok(self.settings().vm_id.clone().into()),
            _ => {}
        }
        let given = |properties: &[(Vec<u8>, Vec<u8>)]| {
            properties.iter().rev().find(|(other, _)| other == path).map(|(_, value)| value.clone())
        };
        if let Some(connection) = self.acting_connection() {
            let state = connection.state();
            return given(&self.settings().properties)
                .map_or_else(|| kept(connection.context, &state.filter_state, &segments), Ok);
        }
        let Some(stream) = stream else {
            // A root context has no stream: all that it can ask about besides is the node.
            return match segments.as_slice() {
                [b"xds", rest @ ..] if rest.first() == Some(&&b"node"[..]) => {
                    given(&self.settings().properties).map_or_else(|| xds(rest), Ok)
                }
                _ => Err(Status::NOT_FOUND),
            };
        };
        let state = stream.state();
        given(&state.sent.properties).or_else(|| given(&self.settings().properties)).map_or_else(
            || match segments.as_slice() {
                [b"request", b"duration"] if state.ended => {
                    Ok(number(self.process.wall_clock().saturating_sub(state.started)))
                }
                [b"xds", b"route_name"] => Ok(state.route.clone().into()),
                _ => derived(stream.context, &state, &segments),
            },
            Ok,
        )
    }
}

fn derived(context: u32, state: &State, segments: &[&[u8]]) -> Answer<Vec<u8>> {
    match segments {
        [b"request", rest @ ..] if !rest.is_empty() => request(state, rest).ok_or(Status::NOT_FOUND),
        [b"response", rest @ ..] if !rest.is_empty() => response(state, rest).ok_or(Status::NOT_FOUND),
        [b"upstream", rest @ ..] if !rest.is_empty() => match state.response.headers {
            Some(_) => address(UPSTREAM, rest),
            None => Err(Status::NOT_FOUND),
        },
        [b"xds", rest @ ..] if !rest.is_empty() => xds(rest),
        [b"filter_state", name] => filter_state(state, name),
        _ => kept(context, &state.filter_state, segments),
    }
}

/// What a guest has set, for a stream or a connection, and what is known of every connection.
fn kept(context: u32, filter_state: &HashMap<Vec<u8>, Vec<u8>>, segments: &[&[u8]]) -> Answer<Vec<u8>> {
    match segments {
        [
            b"request" | b"response" | b"source" | b"destination" | b"connection" | b"upstream" | b"xds"
            | b"filter_state",
        ] => Err(Status::SERIALIZATION_FAILURE),
        // Each stream has a connection of its own.
        [b"connection", b"id"] | [b"connection_id"] => Ok(number(context.into())),
        [b"connection", rest @ ..] => connection(rest).ok_or(Status::NOT_FOUND),
        [b"source", rest @ ..] => address(CLIENT, rest),
        [b"destination", rest @ ..] => address(LISTENER, rest),
        [b"metadata"] => Ok(Vec::new()),
        [b"metadata", b"filter_metadata"] => Ok(joined_map(&HeaderList::new())),
        // It has one segment: a longer path looks into a text, and finds nothing.
        [name] => filter_state.get(*name).cloned().ok_or(Status::NOT_FOUND),
        _ => Err(Status::NOT_FOUND),
    }
}

fn request(state: &State, path: &[&[u8]]) -> Option<Vec<u8>> {
    match path {
        [b"time"] => return Some(state.started.to_le_bytes().to_vec()),
        [b"protocol"] => return Some(b"HTTP/1.1".to_vec()),
        _ => {}
    }
    let direction = &state.request;
    // Gone with the headers themselves, until the stream is logged.
    let headers = direction.headers.as_ref().filter(|_| direction.headers_live || state.logging);
    let text = |name: &str| headers?.get(name).map(<[u8]>::to_vec);
    let received = byte_count(&state.sent.body);
    match path {
        [b"path"] => text(":path"),
        [b"url_path"] => {
            text(":path").map(|path| path.split(|byte| *byte == b'?').next().unwrap_or(&[]).to_vec())
        }
        [b"query"] => {
            let path = text(":path")?;
            let query = path.iter().position(|byte| *byte == b'?').map(|at| &path[at + 1..]);
            // Up to the fragment.
            let query = query.and_then(|query| query.split(|byte| *byte == b'#').next());
            Some(query.unwrap_or_default().to_vec())
        }
        [b"host"] => text(":authority"),
        [b"scheme"] => text(":scheme"),
        [b"method"] => text(":method"),
        [b"referer"] => text("referer"),
        [b"useragent"] => text("user-agent"),
        [b"id"] => text("x-request-id"),
        [b"headers", name] => joined(headers?, &maps::canonical(Owner::Request, name)),
        [b"headers", rest @ ..] => map(headers, rest),
        [b"size"] => {
            let announced =
                text("content-length").and_then(|text| String::from_utf8(text).ok()?.parse().ok());
            Some(number(announced.unwrap_or(received)))
        }
        [b"total_size"] => Some(number(received + headers.map_or(0, byte_size))),
        _ => None,
    }
}

fn response(state: &State, path: &[&[u8]]) -> Option<Vec<u8>> {
    let direction = &state.response;
    let headers = direction.headers.as_ref().filter(|_| direction.headers_live || state.logging);
    let trailers = direction.trailers.as_ref().filter(|_| direction.trailers_live || state.logging);
    let code: Option<u32> = parsed(direction.headers.as_ref(), ":status");
    match path {
        // What it was answered with, or that it was the upstream.
        [b"code_details"] => match (state.details.as_str(), code) {
            ("", None) => None,
            // Who breaks a response off has not made it.
            ("" | CLOSED, Some(_)) => Some(b"via_upstream".to_vec()),
            (details, _) => Some(details.as_bytes().to_vec()),
        },
        [b"flags"] if state.local.is_none() && !state.reset => Some(number(0)),
        [b"size"] => Some(number(byte_count(&state.response.forwarded.body))),
        [b"code"] => code.map(|code| number(code.into())),
        [b"grpc_status"] => {
            let said = parsed(trailers, "grpc-status").or_else(|| parsed(headers, "grpc-status"));
            said.or_else(|| code.map(grpc_status_of)).map(|status| number(status.into()))
        }
        [b"headers", rest @ ..] => map(headers, rest),
        [b"trailers", rest @ ..] => map(trailers, rest),
        _ => None,
    }
}

/// What is known of a connection without TLS.
fn connection(path: &[&[u8]]) -> Option<Vec<u8>> {
    match path {
        [b"mtls"] => Some(vec![0]),
        [b"requested_server_name"] => Some(Vec::new()),
        _ => None,
    }
}

/// Where the model's client is, where it listens, and where its upstream is.
const CLIENT: ([u8; 4], u16) = ([127, 0, 0, 1], 40_000);
const LISTENER: ([u8; 4], u16) = ([127, 0, 0, 1], 10_000);
const UPSTREAM: ([u8; 4], u16) = ([127, 0, 0, 1], 8_080);

fn address(end: ([u8; 4], u16), path: &[&[u8]]) -> Answer<Vec<u8>> {
    match path {
        [b"address"] => Ok(SocketAddr::from(end).to_string().into_bytes()),
        [b"port"] => Ok(number(end.1.into())),
        _ => Err(Status::NOT_FOUND),
    }
}

/// The configuration that the Envoy runner gives its Envoy.
fn xds(path: &[&[u8]]) -> Answer<Vec<u8>> {
    match path {
        [b"node", b"id" | b"cluster"]
        | [b"route_name" | b"filter_chain_name"]
        | [b"cluster_metadata" | b"route_metadata" | b"virtual_host_metadata" | b"listener_metadata"] => {
            Ok(Vec::new())
        }
        [b"cluster_name"] => Ok(crate::scenario::ORIGIN.into()),
        [b"virtual_host_name"] => Ok(b"all".to_vec()),
        [b"listener_direction"] => Ok(number(0)),
        _ => Err(Status::NOT_FOUND),
    }
}

/// An object of the filter state; a property that the guest has set is one too.
fn filter_state(state: &State, name: &[u8]) -> Answer<Vec<u8>> {
    match state.objects.get(name).map(|(_, object)| object) {
        Some(Object::Text(text)) => return Ok(text.clone()),
        Some(Object::Fields) => return Ok(joined_map(&HeaderList::new())),
        Some(Object::Hidden) => return Err(Status::NOT_FOUND),
        None => {}
    }
    let property = name.strip_prefix(b"wasm.").and_then(|name| state.filter_state.get(name));
    property.cloned().ok_or(Status::NOT_FOUND)
}

fn number(number: u64) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

fn parsed(headers: Option<&HeaderList>, name: &str) -> Option<u32> {
    std::str::from_utf8(headers?.get(name)?).ok()?.parse().ok()
}

fn byte_count(body: &Body) -> u64 {
    body.chunks.iter().map(|chunk| chunk.len() as u64).sum()
}

fn byte_size(headers: &HeaderList) -> u64 {
    headers.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum()
}

/// A map, or one entry of it. One that has gone is empty, and not absent.
fn map(headers: Option<&HeaderList>, path: &[&[u8]]) -> Option<Vec<u8>> {
    match path {
        [] => Some(headers.map_or_else(|| joined_map(&HeaderList::new()), joined_map)),
        [name] => joined(headers?, name),
        _ => None,
    }
}

/// All values of a name with commas between them.
fn joined(headers: &HeaderList, name: &[u8]) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = headers
        .iter()
        .filter(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect();
    (!values.is_empty()).then(|| values.join(&b','))
}

/// A map as a value: a block with one pair per name.
fn joined_map(headers: &HeaderList) -> Vec<u8> {
    let mut names: Vec<&[u8]> = Vec::new();
    for (name, _) in headers.iter() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let pairs: Vec<(&[u8], Vec<u8>)> =
        names.iter().map(|name| (*name, joined(headers, name).unwrap_or_default())).collect();
    maps::encode_pairs(pairs.iter().map(|(name, value)| (name, value)))
}
