//! The lines of a script that are about gRPC.

use crate::step::{Step, done, found};
use std::time::Duration;
use waxwing::__private::{BufferType, scope};
use waxwing::abi::call;
use waxwing::prelude::*;

/// The service of all calls.
const SERVICE: &str = "acme.Probe";

impl Step {
    /// Makes a call, and says what came of it; `None` if it is not about gRPC.
    ///
    /// ```text
    /// grpc-call CLUSTER METHOD MILLISECONDS MESSAGE    a unary call, with metadata
    /// grpc-open CLUSTER METHOD                         a stream
    /// raw-grpc-call UPSTREAM MILLISECONDS              what the host makes of a name as it is
    /// raw-grpc-open UPSTREAM
    /// grpc-send TOKEN MESSAGE                          and grpc-send-last, grpc-close, grpc-cancel
    /// grpc-bytes                                       the message
    /// ```
    pub(crate) fn grpc<'cb>(&self, view: &impl View<'cb>) -> Option<String> {
        let token = || self.number(1);
        let message = self.word(2).as_bytes();
        Some(match self.word(0) {
            "grpc-call" => {
                let call = GrpcCall::new(self.word(1), SERVICE, self.word(2))
                    .metadata("x-probe", "1")
                    .message(self.word(4))
                    .timeout(Duration::from_millis(self.number(3).into()));
                started(call.send(view).map(GrpcCallId::as_u32))
            }
            "grpc-open" => {
                let call = GrpcCall::new(self.word(1), SERVICE, self.word(2)).metadata("x-probe", "1");
                started(call.open(view).map(GrpcStream::as_u32))
            }
            "raw-grpc-call" => {
                let (upstream, timeout) = (self.word(1).as_bytes(), self.number(2));
                started(call::grpc_call(upstream, SERVICE.as_bytes(), b"Raw", b"", b"", timeout))
            }
            "raw-grpc-open" => {
                started(call::grpc_stream(self.word(1).as_bytes(), SERVICE.as_bytes(), b"Raw", b""))
            }
            "grpc-send" => done(call::grpc_send(token(), message, false)),
            "grpc-send-last" => done(call::grpc_send(token(), message, true)),
            "grpc-close" => done(call::grpc_close(token())),
            "grpc-cancel" => done(call::grpc_cancel(token())),
            "grpc-bytes" => {
                found(call::buffer_bytes(scope(view), BufferType::GRPC_MESSAGE, 0, 1000).map(Some))
            }
            _ => return None,
        })
    }
}

fn started(answer: Result<u32>) -> String {
    answer.map_or_else(|error| error.to_string(), |token| format!("token {token}"))
}

/// The end of a call or a stream, in words, without what depends on the connection.
pub(crate) fn ended(status: GrpcStatus, error: Option<CallError>) -> String {
    format!("status {}, {error:?}", status.as_u32())
}
