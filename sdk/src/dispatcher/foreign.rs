//! Functions of the extension that the host calls.

use super::Dispatcher;
use crate::Result;
use crate::abi::call;
use crate::abi::guest::Callback;
use crate::abi::wire::{ALL_BYTES, BufferType};
use crate::context::{Extension, HttpContext, StreamContext};
use crate::view::{ConnectionView, Cx, RootView, StreamView};

impl<R: Extension> Dispatcher<R> {
    /// The host calls a function, for a stream or a root context.
    pub(super) fn foreign_function(&self, context: u32, function: u32) {
        let callback = Callback::ForeignFunction.entry();
        if self.roots.contains(context) {
            self.wake_root(callback, context, |root, cx| {
                root.on_foreign_function(function, call_data(cx)?, &mut RootView::new(cx))
            });
        } else {
            self.wake(
                callback,
                context,
                context,
                |stream, cx| stream.on_foreign_function(function, call_data(cx)?, &mut StreamView::new(cx)),
                |connection, cx| {
                    connection.on_foreign_function(function, call_data(cx)?, &mut ConnectionView::new(cx))
                },
            );
        }
    }
}

/// What comes with such a callback. In Envoy, it is there until another buffer is read.
pub(super) fn call_data(cx: Cx<'_>) -> Result<&[u8]> {
    call::buffer_bytes(cx.scope, BufferType::CALL_DATA, 0, ALL_BYTES)
}
