//! What is put off until a callback has returned.

use super::HostCore;
use super::connection::Connection;
use super::direction::Side;
use super::local_response::LocalReply;
use super::stream::{CLOSED, Stream};
use std::rc::Rc;
use waxwing::__private::PeerType;

/// What a guest asked for in a callback. It names its stream by id: the stream may be gone by then.
pub(super) enum AfterCall {
    /// To resume one direction.
    Continue(u32, Side),
    /// To reset the stream.
    Reset(u32),
    /// To go on with what a TCP client sends.
    ContinueReading(u32),
    /// To close a TCP connection.
    Close(u32),
    /// To answer the client.
    Reply(u32, LocalReply),
    /// To tell of the end of a gRPC call that it was refused: token, status and message.
    GrpcClose(u32, u32, String),
    /// To delete a root context, which is done.
    DeleteRoot(u32),
}

impl HostCore {
    pub(super) fn run_after_call(self: &Rc<Self>, action: AfterCall) {
        match action {
            AfterCall::Continue(context, side) => {
                self.with_stream(context, |stream| self.continue_stream(stream, side));
            }
            AfterCall::Reset(context) => {
                self.with_stream(context, |stream| self.reset(stream, CLOSED));
            }
            AfterCall::Reply(context, reply) => {
                self.with_stream(context, |stream| self.reply(stream, reply));
            }
            AfterCall::ContinueReading(context) => {
                self.with_connection(context, |connection| self.continue_reading(connection));
            }
            AfterCall::Close(context) => {
                self.with_connection(context, |connection| {
                    self.close_connection(connection, PeerType::LOCAL);
                });
            }
            AfterCall::GrpcClose(token, status, message) => {
                self.close_of_grpc(self.root(), token, status, &message)
            }
            AfterCall::DeleteRoot(root) => self.delete_root(root),
        }
    }

    fn with_stream(&self, context: u32, act: impl FnOnce(&Rc<Stream>)) {
        if let Some(stream) = self.stream(context) {
            act(&stream);
        }
    }

    fn with_connection(&self, context: u32, act: impl FnOnce(&Rc<Connection>)) {
        if let Some(connection) = self.connection(context) {
            act(&connection);
        }
    }
}
