//! What upstreams answer in gRPC.

use super::{Grpc, Rule};
use crate::{GrpcAnswer, GrpcRequest};

impl Rule<Grpc> {
    /// Answers with this message, and success.
    pub fn reply(self, message: impl Into<Vec<u8>>) -> Self {
        self.then(GrpcAnswer::reply(message))
    }

    /// Answers with the message that the closure makes of the call, and success.
    pub fn reply_with(self, mut message: impl FnMut(&GrpcRequest) -> Vec<u8> + 'static) -> Self {
        self.answer_with(move |call| GrpcAnswer::reply(message(call)))
    }

    /// Answers with this status, and no message.
    pub fn error(self, status: u32, message: impl Into<String>) -> Self {
        self.then(GrpcAnswer::error(status, message))
    }

    /// Takes the call and never answers.
    pub fn hang(self) -> Self {
        self.then(GrpcAnswer::hang())
    }

    /// Takes the call and resets the stream, without a status.
    pub fn reset(self) -> Self {
        self.then(GrpcAnswer::reset())
    }
}
