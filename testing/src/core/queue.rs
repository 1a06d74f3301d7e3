//! What is put off until a callback has returned.

use super::HostCore;
use super::direction::Side;
use super::local_response::LocalReply;
use std::rc::Rc;

/// What a guest asked for in a callback. It names its stream by id: the stream may be gone by then.
pub(super) enum AfterCall {
    /// To resume one direction.
    Continue(u32, Side),
    /// To reset the stream.
    Reset(u32),
    /// To answer the client.
    Reply(u32, LocalReply),
}

impl HostCore {
    pub(super) fn run_after_call(self: &Rc<Self>, action: AfterCall) {
        let (AfterCall::Continue(context, _) | AfterCall::Reset(context) | AfterCall::Reply(context, _)) =
            action;
        let Some(stream) = self.stream(context) else { return };
        match action {
            AfterCall::Continue(_, side) => self.continue_stream(&stream, side),
            AfterCall::Reset(_) => self.reset(&stream, "wasm_close_stream"),
            AfterCall::Reply(_, reply) => self.reply(&stream, reply),
        }
    }
}
