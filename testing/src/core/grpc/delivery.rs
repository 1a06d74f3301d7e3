//! What the guest is told of its gRPC calls and streams.

use super::server::{End, Sent};
use super::{HostCore, INTERNAL, Kind};
use crate::HeaderList;
use crate::core::consulted::Said;
use crate::timeline::Arguments;
use std::rc::Rc;
use waxwing::__private::Callback;

/// What the guest can read in a callback.
#[derive(Debug)]
pub(super) enum Delivered {
    InitialMetadata(HeaderList),
    Message(Vec<u8>),
    TrailingMetadata(HeaderList),
}

impl HostCore {
    /// Something comes from the server.
    pub(super) fn deliver_grpc(self: &Rc<Self>, token: u32, sent: Sent) {
        if Kind::of(token) == Some(Kind::Stream) {
            return self.deliver_to_stream(token, sent);
        }
        match sent {
            // A unary call shows no metadata.
            Sent::InitialMetadata(_) => {}
            Sent::Message(message) => {
                if let Some(open) = self.grpc.open.borrow_mut().get_mut(&token) {
                    // If there are several, the last one counts.
                    open.message = Some(message);
                }
            }
            Sent::End(end) => {
                let message = self.grpc.open.borrow().get(&token).and_then(|open| open.message.clone());
                match (end.status, message) {
                    (0, Some(message)) => self.answer_grpc_call(token, message),
                    (0, None) => self.end_grpc_call(token, INTERNAL, ""),
                    _ => self.end_grpc_call(token, end.shown_status(), &end.shown_message()),
                }
            }
            Sent::Broken => self.end_grpc_call(token, INTERNAL, BROKEN),
        }
    }

    /// Tells the guest of the answer to a unary call, and nothing else.
    fn answer_grpc_call(self: &Rc<Self>, token: u32, message: Vec<u8>) {
        let Some(open) = self.grpc.open.borrow_mut().remove(&token) else { return };
        self.forget_grpc(&open);
        self.note_grpc(&open.call, "a message");
        self.note_answer(open.call.context, || open.call.function(), || Said::Message(message.clone()));
        let arguments = Arguments::Grpc { token, size: message.len() };
        let root = self.root_of(open.call.context);
        self.tell_answer(open.call.to_string(), open.call.context, || {
            self.tell(root, Callback::GrpcReceive, arguments, Delivered::Message(message));
        });
    }

    /// Tells the guest that a unary call has failed, and nothing else.
    pub(super) fn end_grpc_call(self: &Rc<Self>, token: u32, status: u32, message: &str) {
        let Some(open) = self.grpc.open.borrow_mut().remove(&token) else { return };
        self.forget_grpc(&open);
        self.note_grpc(&open.call, &format!("status {status} {message:?}"));
        self.note_answer(open.call.context, || open.call.function(), || Said::Status(status));
        let root = self.root_of(open.call.context);
        self.tell_answer(open.call.to_string(), open.call.context, || {
            self.close_of_grpc(root, token, status, message);
        });
    }

    fn deliver_to_stream(self: &Rc<Self>, token: u32, sent: Sent) {
        let call = self.grpc.open.borrow().get(&token).map(|open| open.call.clone());
        if let Some(call) = call {
            self.tell_answer(call.to_string(), call.context, || self.tell_stream(token, sent));
        }
    }

    fn tell_stream(self: &Rc<Self>, token: u32, sent: Sent) {
        match sent {
            Sent::InitialMetadata(metadata) => {
                let metadata = of_response().chain(metadata.iter().map(owned)).collect();
                self.tell_metadata(token, Delivered::InitialMetadata(metadata));
            }
            Sent::Message(message) => {
                let arguments = Arguments::Grpc { token, size: message.len() };
                self.tell(
                    self.root_of_grpc(token),
                    Callback::GrpcReceive,
                    arguments,
                    Delivered::Message(message),
                );
            }
            Sent::End(end) => {
                let (status, message) = (end.shown_status(), end.shown_message());
                if !end.has_begun {
                    // The headers are the trailers.
                    self.tell_metadata(token, Delivered::InitialMetadata(HeaderList::new()));
                }
                self.tell_metadata(token, Delivered::TrailingMetadata(end.trailers()));
                self.end_stream(token, status, &message);
            }
            Sent::Broken => {
                self.tell_metadata(token, Delivered::TrailingMetadata(HeaderList::new()));
                self.end_stream(token, INTERNAL, BROKEN);
            }
        }
    }

    /// Tells the guest of the end of a stream, whose place stays until the guest gives it up.
    fn end_stream(self: &Rc<Self>, token: u32, status: u32, message: &str) {
        let call = match self.grpc.open.borrow_mut().get_mut(&token) {
            Some(open) => {
                open.remote_closed = true;
                open.arrive_all();
                open.call.clone()
            }
            // The guest has cancelled it meanwhile.
            None => return,
        };
        self.note_grpc(&call, &format!("status {status} {message:?}"));
        self.close_of_grpc(self.root_of(call.context), token, status, message);
        let mut calls = self.grpc.open.borrow_mut();
        if calls.get(&token).is_some_and(|open| open.local_closed) {
            calls.remove(&token);
        }
    }

    /// Tells the guest of an end; it may be that of a call that it was refused.
    pub(in crate::core) fn close_of_grpc(self: &Rc<Self>, root: u32, token: u32, status: u32, message: &str) {
        self.set_status(status, message.as_bytes());
        self.call(Callback::GrpcClose, root, Arguments::GrpcClose { token, status }, drop);
        self.set_status(status, b"");
    }

    fn tell_metadata(self: &Rc<Self>, token: u32, delivered: Delivered) {
        // Gone, if the guest has cancelled the stream in the callback before.
        if !self.grpc.open.borrow().contains_key(&token) {
            return;
        }
        let (callback, size) = match &delivered {
            Delivered::TrailingMetadata(metadata) => (Callback::GrpcReceiveTrailingMetadata, metadata.len()),
            Delivered::InitialMetadata(metadata) => (Callback::GrpcReceiveInitialMetadata, metadata.len()),
            Delivered::Message(message) => (Callback::GrpcReceive, message.len()),
        };
        self.tell(self.root_of_grpc(token), callback, Arguments::Grpc { token, size }, delivered);
    }

    /// Calls the guest, which can read this meanwhile.
    fn tell(self: &Rc<Self>, root: u32, callback: Callback, arguments: Arguments, delivered: Delivered) {
        self.grpc.delivered.replace(Some(delivered));
        self.call(callback, root, arguments, drop);
        self.grpc.delivered.replace(None);
    }

    /// The metadata that the guest is being told of: initial ones, or trailing ones.
    pub(in crate::core) fn with_grpc_metadata<T>(
        &self,
        initial: bool,
        read: impl FnOnce(&HeaderList) -> T,
    ) -> Option<T> {
        match (&*self.grpc.delivered.borrow(), initial) {
            (Some(Delivered::InitialMetadata(metadata)), true)
            | (Some(Delivered::TrailingMetadata(metadata)), false) => Some(read(metadata)),
            _ => None,
        }
    }

    /// The message that the guest is being told of.
    pub(in crate::core) fn with_grpc_message<T>(&self, act: impl FnOnce(&mut Vec<u8>) -> T) -> Option<T> {
        match &mut *self.grpc.delivered.borrow_mut() {
            Some(Delivered::Message(message)) => Some(act(message)),
            _ => None,
        }
    }
}

impl End {
    /// Envoy knows the numbers that gRPC defines.
    fn shown_status(&self) -> u32 {
        if self.status > 16 { u32::MAX } else { self.status }
    }

    /// Envoy adds where it is from.
    fn shown_message(&self) -> String {
        match &*self.message {
            "" => self.details.to_owned(),
            message => format!("{message}{{{}}}", self.details),
        }
    }

    /// What ends the response.
    fn trailers(self) -> HeaderList {
        let mut trailers = HeaderList::new();
        if !self.has_begun {
            of_response().for_each(|(name, value)| trailers.add(name, value));
        }
        trailers.add("grpc-status", self.status.to_string());
        if !self.message.is_empty() {
            trailers.add("grpc-message", self.message);
        }
        self.metadata.iter().for_each(|(name, value)| trailers.add(name, value));
        trailers
    }
}

/// The headers of the HTTP response, which Envoy shows among the metadata.
fn of_response() -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    [(":status", "200"), ("content-type", "application/grpc")]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
}

fn owned((name, value): (&[u8], &[u8])) -> (Vec<u8>, Vec<u8>) {
    (name.to_vec(), value.to_vec())
}

const BROKEN: &str = "upstream_reset_after_response_started{remote_reset}";
