//! Properties, as Envoy derives them.

use super::HostCore;
use super::local_response::grpc_status_of;
use super::maps;
use super::stream::{State, Stream};
use crate::HeaderList;
use std::collections::HashMap;
use waxwing::__private::Answer;
use waxwing::Status;

impl HostCore {
    /// The value of a property for a stream, or for a root context.
    pub(super) fn property_of(&self, stream: Option<&Stream>, path: &[u8]) -> Answer<Vec<u8>> {
        // A NUL behind the last segment is tolerated.
        let path = path.strip_suffix(b"\0").unwrap_or(path);
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
                .map_or_else(|| kept(&state.filter_state, &segments), Ok);
        }
        let Some(stream) = stream else {
            // A root context has no stream: all that it can ask about besides is the node.
            let node = path.starts_with(b"xds\0node");
            return given(&self.settings().properties).filter(|_| node).ok_or(Status::NOT_FOUND);
        };
        let state = stream.state();
        given(&state.sent.properties)
            .or_else(|| given(&self.settings().properties))
            .map_or_else(|| derived(&state, &segments), Ok)
    }
}

fn derived(state: &State, segments: &[&[u8]]) -> Answer<Vec<u8>> {
    match segments {
        [b"request", rest @ ..] if !rest.is_empty() => request(state, rest).ok_or(Status::NOT_FOUND),
        [b"response", rest @ ..] if !rest.is_empty() => response(state, rest).ok_or(Status::NOT_FOUND),
        _ => kept(&state.filter_state, segments),
    }
}

/// What a guest has set, for a stream or a connection.
fn kept(filter_state: &HashMap<Vec<u8>, Vec<u8>>, segments: &[&[u8]]) -> Answer<Vec<u8>> {
    match segments {
        [b"request" | b"response" | b"source" | b"destination" | b"connection" | b"upstream" | b"xds"] => {
            Err(Status::SERIALIZATION_FAILURE)
        }
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
    let received: u64 = state.sent.body.chunks.iter().map(|chunk| chunk.len() as u64).sum();
    match path {
        [b"path"] => text(":path"),
        [b"url_path"] => {
            text(":path").map(|path| path.split(|byte| *byte == b'?').next().unwrap_or(&[]).to_vec())
        }
        [b"query"] => {
            let path = text(":path")?;
            let query = path.iter().position(|byte| *byte == b'?').map(|at| path[at + 1..].to_vec());
            Some(query.unwrap_or_default())
        }
        [b"host"] => text(":authority"),
        [b"scheme"] => text(":scheme"),
        [b"method"] => text(":method"),
        [b"referer"] => text("referer"),
        [b"useragent"] => text("user-agent"),
        [b"id"] => text("x-request-id"),
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

fn number(number: u64) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

fn parsed(headers: Option<&HeaderList>, name: &str) -> Option<u32> {
    std::str::from_utf8(headers?.get(name)?).ok()?.parse().ok()
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
