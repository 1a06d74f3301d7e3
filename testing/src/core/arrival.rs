//! What arrives from the client and from the upstream.

use super::direction::Side;
use super::field::Owner;
use super::stream::Stream;
use super::{HostCore, maps};
use crate::profile::Profile;
use crate::{HeaderList, Request, Response, route};
use std::rc::Rc;

impl HostCore {
    /// A whole request arrives, in its pieces.
    pub(crate) fn receive_request(self: &Rc<Self>, stream: &Rc<Stream>, request: &Request) {
        self.request_headers(stream, request, request.is_headers_only());
        for (piece, end) in request.body.pieces(!request.trailers.is_empty()) {
            self.request_body(stream, piece, end);
        }
        if !request.trailers.is_empty() {
            self.request_trailers(stream, request.trailers.clone());
        }
    }

    /// The headers of `request` arrive.
    pub(crate) fn request_headers(self: &Rc<Self>, stream: &Rc<Stream>, request: &Request, end: bool) {
        let mut headers = maps::normalized(&request.headers, Owner::Request);
        if self.settings().profile == Profile::ENVOY
            && headers.get("expect").is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"))
        {
            // It has told the client to go on.
            headers.remove("expect");
        }
        {
            let mut state = stream.state_mut();
            state.sent.properties.clone_from(&request.properties);
            state.sent.headers = request.headers.clone();
            state.route = route::name(&self.settings().routes, &headers).to_owned();
            state.is_head = headers.get(":method") == Some(b"HEAD");
            state.is_grpc = headers.get("content-type").is_some_and(is_grpc);
        }
        self.create_context(stream);
        self.headers(stream, Side::Request, headers, end);
    }

    pub(crate) fn request_body(self: &Rc<Self>, stream: &Rc<Stream>, piece: Vec<u8>, end: bool) {
        stream.state_mut().sent.body.push(piece.clone(), end);
        self.data(stream, Side::Request, piece, end);
    }

    pub(crate) fn request_trailers(self: &Rc<Self>, stream: &Rc<Stream>, trailers: HeaderList) {
        stream.state_mut().sent.trailers = trailers.clone();
        self.trailers(stream, Side::Request, maps::normalized(&trailers, Owner::RequestTrailers));
    }

    /// A whole response arrives from the upstream, in its pieces.
    pub(crate) fn receive_response(self: &Rc<Self>, stream: &Rc<Stream>, response: &Response) {
        // To HEAD no body comes, whatever the upstream would have said.
        let headers_only = response.is_headers_only() || stream.state().upstream_gets_head();
        self.response_headers(stream, response.headers.clone(), headers_only);
        if headers_only {
            return;
        }
        for (piece, end) in response.body.pieces(!response.trailers.is_empty()) {
            self.response_body(stream, piece, end);
        }
        if !response.trailers.is_empty() {
            self.response_trailers(stream, response.trailers.clone());
        }
    }

    pub(crate) fn response_headers(self: &Rc<Self>, stream: &Rc<Stream>, headers: HeaderList, end: bool) {
        if self.drop_late_response(stream) {
            return;
        }
        let arrived = maps::normalized(&headers, Owner::Response);
        stream.state_mut().answered = Some(Response::from_headers(headers));
        self.headers(stream, Side::Response, arrived, end);
    }

    pub(crate) fn response_body(self: &Rc<Self>, stream: &Rc<Stream>, piece: Vec<u8>, end: bool) {
        if self.drop_late_response(stream) {
            return;
        }
        if let Some(answered) = &mut stream.state_mut().answered {
            answered.body.push(piece.clone(), end);
        }
        self.data(stream, Side::Response, piece, end);
    }

    pub(crate) fn response_trailers(self: &Rc<Self>, stream: &Rc<Stream>, trailers: HeaderList) {
        if self.drop_late_response(stream) {
            return;
        }
        if let Some(answered) = &mut stream.state_mut().answered {
            answered.trailers = trailers.clone();
        }
        self.trailers(stream, Side::Response, maps::normalized(&trailers, Owner::ResponseTrailers));
    }

    fn drop_late_response(&self, stream: &Stream) -> bool {
        let state = stream.state();
        // The client has been answered: what the upstream still says goes nowhere.
        state.ended || state.local.is_some()
    }
}

fn is_grpc(content_type: &[u8]) -> bool {
    content_type == b"application/grpc" || content_type.starts_with(b"application/grpc+")
}
