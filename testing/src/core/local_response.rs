//! Answers that do not come from the upstream.

use super::direction::{Forwarded, Side};
use super::field::Owner;
use super::requirement::Flaw;
use super::stream::{State, Stream};
use super::{HostCore, callout_end, maps};
use crate::HeaderList;
use crate::misuse::Misuse;
use std::rc::Rc;
use waxwing::__private::LocalResponseParts;

/// An answer that the proxy makes.
#[derive(Debug)]
pub(super) struct LocalReply {
    pub(super) status: u32,
    pub(super) details: String,
    pub(super) kind: Kind,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
    grpc_status: Option<u32>,
}

/// Why it makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The extension asked for it, or a message was not acceptable.
    Reply,
    /// The guest has trapped.
    Failure,
}

impl LocalReply {
    /// What a guest asked for.
    pub(super) fn from_parts(parts: &LocalResponseParts<'_>) -> Self {
        LocalReply {
            status: parts.status,
            details: without_white_space(parts.details),
            kind: Kind::Reply,
            headers: maps::decode(parts.headers),
            body: parts.body.to_vec(),
            grpc_status: Some(parts.grpc_status).filter(|status| *status <= GRPC_STATUS_MAX),
        }
    }

    /// What the guest's trap leaves to say.
    pub(super) fn failure() -> Self {
        let reply = LocalReply::by_proxy(503, "", "wasm_fail_stream");
        LocalReply { kind: Kind::Failure, grpc_status: Some(14), ..reply }
    }

    /// A body does not fit.
    pub(super) fn too_large(side: Side) -> Self {
        match side {
            Side::Request => LocalReply::by_proxy(413, "Payload Too Large", "request_payload_too_large"),
            Side::Response => {
                LocalReply::by_proxy(500, "Internal Server Error", "response_payload_too_large")
            }
        }
    }

    /// A callback has returned what the host does not allow.
    pub(super) fn action_not_allowed() -> Self {
        LocalReply::by_proxy(500, "Internal Server Error", "action_not_allowed")
    }

    /// A callback has changed more than the host allows.
    pub(super) fn too_much_changed() -> Self {
        LocalReply::by_proxy(500, "Internal Server Error", "mutation_too_large")
    }

    /// A message cannot go on as it is.
    pub(super) fn flawed(side: Side, flaw: &Flaw) -> Self {
        let text = flaw.text();
        let details = |what: &str| format!("{what}{{{}}}", without_white_space(text.as_bytes()));
        match side {
            // Without a path there is no route.
            Side::Request if *flaw == Flaw::Missing(":path") => {
                LocalReply::by_proxy(404, "", "route_not_found")
            }
            Side::Request => {
                LocalReply::by_proxy(503, &text, &details("filter_removed_required_request_headers"))
            }
            Side::Response => {
                LocalReply::by_proxy(502, &text, &details("filter_removed_required_response_headers"))
            }
        }
    }

    /// The upstream has not begun to answer, and will not.
    pub(super) fn unreachable(reason: &str) -> Self {
        let details = format!("upstream_reset_before_response_started{{{}}}", reason.replace(' ', "_"));
        LocalReply::by_proxy(503, &callout_end::unreachable(reason), &details)
    }

    fn by_proxy(status: u32, body: &str, details: &str) -> Self {
        LocalReply {
            status,
            details: details.to_owned(),
            kind: Kind::Reply,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            grpc_status: None,
        }
    }

    /// The message as it starts on its way to the client. To a HEAD request the body is not sent.
    pub(super) fn into_message(self, stream: &State) -> (HeaderList, Vec<u8>) {
        let mut headers = HeaderList::new();
        if stream.is_grpc {
            headers.add(":status", "200");
            // First those that were given, and then what gRPC needs, in the place of what is there already; a status stays.
            self.add_headers(&mut headers);
            let grpc_status = self.grpc_status.unwrap_or_else(|| grpc_status_of(self.status));
            set(&mut headers, ":status", b"200".to_vec());
            set(&mut headers, "content-type", b"application/grpc".to_vec());
            if headers.get("grpc-status").is_none() {
                headers.add("grpc-status", grpc_status.to_string());
            }
            if !self.body.is_empty() && !stream.is_head {
                set(&mut headers, "grpc-message", percent_encoded(&self.body));
            }
            return (headers, Vec::new());
        }
        headers.add(":status", self.status.to_string());
        self.add_headers(&mut headers);
        // Whatever the headers said.
        maps::replace(&mut headers, Owner::Response, b":status", self.status.to_string().as_bytes());
        if !self.body.is_empty() {
            let length = self.body.len().to_string();
            // Corrected where it stands.
            set(&mut headers, "content-length", length.into_bytes());
            if headers.get("content-type").is_none() {
                headers.add("content-type", "text/plain");
            }
        }
        (headers, self.body)
    }

    fn add_headers(&self, headers: &mut HeaderList) {
        for (key, value) in &self.headers {
            maps::add(headers, Owner::Response, key, value);
        }
    }
}

impl HostCore {
    /// Answers the client in place of the upstream.
    pub(super) fn reply(self: &Rc<Self>, stream: &Rc<Stream>, reply: LocalReply) {
        if stream.has_ended() {
            let text = format!("the stream has ended: the local response {} is dropped", reply.status);
            self.flag(stream, Misuse::LateLocalResponse, text);
            return;
        }
        let (started, sent, is_head) = {
            let mut state = stream.state_mut();
            let started = state.response.headers.is_some();
            if state.decoding && !started {
                state.request.aborted = true;
                // The first one counts.
                state.prepared.get_or_insert(reply);
                return;
            }
            (started, state.response.forwarded.headers.is_some(), state.is_head)
        };
        let status = reply.status;
        let details = reply.details.clone();
        let kind = reply.kind;
        let (headers, body) = reply.into_message(&stream.state());
        if sent {
            stream.journal.host(format!("too late for the local response {status}: the response has begun"));
            if kind == Kind::Failure {
                stream.state_mut().local = Some(Kind::Failure);
            }
            self.reset(stream, &details);
            return;
        }
        {
            let mut state = stream.state_mut();
            state.local = Some(kind);
            state.details = details;
            state.request.aborted = true;
        }
        let end = body.is_empty() || is_head;
        if started {
            stream
                .journal
                .host(format!("the local response {status} goes to the client, past this extension"));
            let mut forwarded =
                Forwarded { headers: Some(headers.clone()), ended: true, ..Forwarded::default() };
            if !end {
                forwarded.push(body, true);
            }
            {
                let mut state = stream.state_mut();
                state.response.headers = Some(headers);
                state.response.trailers = None;
                state.response.forwarded = forwarded;
            }
            self.end(stream);
        } else {
            stream.journal.host(format!("the local response {status} starts"));
            self.headers(stream, Side::Response, headers, end);
            if !end {
                self.data(stream, Side::Response, body, true);
            }
        }
    }
}

/// The largest status that gRPC defines; a guest says "none" with any other number.
const GRPC_STATUS_MAX: u32 = 16;

/// Sets a header that Envoy keeps in a field of its own: in its place, or behind the others.
fn set(headers: &mut HeaderList, name: &str, value: Vec<u8>) {
    match headers.value_mut(name.as_bytes()) {
        Some(given) => *given = value,
        None => headers.add(name, value),
    }
}

fn without_white_space(details: &[u8]) -> String {
    String::from_utf8_lossy(details).replace(|c: char| c.is_ascii_whitespace(), "_")
}

/// The mapping of the gRPC protocol, for answers of proxies.
pub(super) fn grpc_status_of(status: u32) -> u32 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    }
}

fn percent_encoded(text: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b' '..=b'~' if *byte != b'%' => encoded.push(*byte),
            _ => encoded.extend(format!("%{byte:02X}").bytes()),
        }
    }
    encoded
}
