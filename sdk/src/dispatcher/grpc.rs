//! The answers to gRPC calls, and what comes from gRPC streams.
//!
//! One that nobody waits for any more is nothing odd: its context has ended, or the host tells of a call that it has
//! refused.

use super::protocol::{Protocol, Tcp};
use super::{Dispatcher, Kind};
use crate::Headers;
use crate::abi::guest::{Callback, Callbacks, Entry};
use crate::abi::wire::MapType;
use crate::callout::{GrpcCallId, GrpcCallResponse, GrpcClose, GrpcMessage, GrpcStream};
use crate::context::{Extension, HttpContext, RootCallbacks, StreamContext};
use crate::exchange::Outside;
use crate::view::{ConnectionView, RootView, StreamView};

/// Runs a callback of the context that a call or a stream is of, whichever kind that is.
macro_rules! wake {
    (
        $dispatcher:ident $callback:ident $called:ident $owner:ident $is_of_task:ident
        for an exchange: $outside:expr,
        |$cx:ident| $method:ident($id:expr, $what:expr)
    ) => {
        let callback = Callback::$callback.entry();
        if $is_of_task {
            $dispatcher.task_outside(callback, $called, $owner, $outside);
        } else if $dispatcher.roots.contains($owner) {
            $dispatcher
                .wake_root(callback, $owner, |root, $cx| root.$method($id, $what, &mut RootView::new($cx)));
        } else if Self::EXCHANGES && !$dispatcher.is_connection($owner) {
            $dispatcher.exchange_outside(callback, $called, $owner, $outside);
        } else {
            $dispatcher.wake(
                callback,
                $called,
                $owner,
                |stream, $cx| stream.$method($id, $what, &mut StreamView::new($cx)),
                |connection, $cx| connection.$method($id, $what, &mut ConnectionView::new($cx)),
            );
        }
    };
}

impl<R: Extension> Dispatcher<R> {
    /// A message: the answer to a unary call, or one of a stream.
    pub(super) fn grpc_message(&self, called: u32, token: u32, size: usize) {
        let is_of_task = self.is_of_task(Kind::GrpcCall, token);
        if let Some(owner) = self.vm.pending.take_seldom(Kind::GrpcCall, token) {
            return self.grpc_call_response(called, owner, is_of_task, token, None);
        }
        let is_of_task = self.is_of_task(Kind::GrpcStream, token);
        let Some(owner) = self.vm.pending.stream_owner(token) else { return };
        let grpc = GrpcStream(token);
        wake!(self GrpcReceive called owner is_of_task for an exchange: Outside::GrpcMessage { token },
            |cx| on_grpc_stream_message(grpc, &GrpcMessage::new(cx, size)));
    }

    /// The failure of a unary call, or the end of a stream.
    pub(super) fn grpc_close(&self, called: u32, token: u32, status: u32) {
        let is_of_task = self.is_of_task(Kind::GrpcCall, token);
        if let Some(owner) = self.vm.pending.take_seldom(Kind::GrpcCall, token) {
            return self.grpc_call_response(called, owner, is_of_task, token, Some(status));
        }
        let is_of_task = self.is_of_task(Kind::GrpcStream, token);
        let Some((owner, calls)) = self.vm.pending.take_stream(token) else { return };
        let grpc = GrpcStream(token);
        wake!(self GrpcClose called owner is_of_task for an exchange: Outside::GrpcClose { token, status },
            |cx| on_grpc_stream_close(grpc, &GrpcClose::new(cx, status)));
        // Until then the host keeps a place for it. It refuses if the extension has closed it already.
        let _ = (calls.close)(token);
    }

    /// The end of a unary call: with a message, or with this status.
    fn grpc_call_response(
        &self,
        called: u32,
        owner: u32,
        is_of_task: bool,
        token: u32,
        failure: Option<u32>,
    ) {
        let call = GrpcCallId(token);
        wake!(self GrpcReceive called owner is_of_task for an exchange: Outside::GrpcCall { token, failure },
            |cx| on_grpc_call_response(call, &GrpcCallResponse::new(cx, failure)));
    }

    /// Whether metadata may be awaited by something else than the function of an exchange.
    const METADATA_CALLBACKS: bool = !Self::EXCHANGES
        || Self::HAS_TASK
        || <R as RootCallbacks>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL.intersects(METADATA)
        || <Tcp as Protocol<R>>::CALLBACKS.intersects(METADATA);

    /// The metadata at the start of a stream's answer.
    pub(super) fn grpc_initial_metadata(&self, called: u32, token: u32) {
        let (grpc, map) = (GrpcStream(token), MapType::GRPC_INITIAL_METADATA);
        if !Self::METADATA_CALLBACKS {
            let callback = Callback::GrpcReceiveInitialMetadata.entry();
            return self.exchange_metadata(callback, called, token, map);
        }
        let is_of_task = self.is_of_task(Kind::GrpcStream, token);
        let Some(owner) = self.vm.pending.stream_owner(token) else { return };
        wake!(self GrpcReceiveInitialMetadata called owner is_of_task for an exchange: Outside::GrpcMetadata { token, map },
            |cx| on_grpc_stream_initial_metadata(grpc, Headers::new(cx.scope, map)));
    }

    /// The metadata at the end of a stream's answer.
    pub(super) fn grpc_trailing_metadata(&self, called: u32, token: u32) {
        let (grpc, map) = (GrpcStream(token), MapType::GRPC_TRAILING_METADATA);
        if !Self::METADATA_CALLBACKS {
            let callback = Callback::GrpcReceiveTrailingMetadata.entry();
            return self.exchange_metadata(callback, called, token, map);
        }
        let is_of_task = self.is_of_task(Kind::GrpcStream, token);
        let Some(owner) = self.vm.pending.stream_owner(token) else { return };
        wake!(self GrpcReceiveTrailingMetadata called owner is_of_task for an exchange: Outside::GrpcMetadata { token, map },
            |cx| on_grpc_stream_trailing_metadata(grpc, Headers::new(cx.scope, map)));
    }

    /// Metadata for the function of an exchange: in a module in which nothing else awaits any, they cost little.
    #[inline(never)]
    fn exchange_metadata(&self, callback: &'static Entry, called: u32, token: u32, map: MapType) {
        match self.vm.pending.stream_owner(token) {
            Some(owner) if !self.roots.contains(owner) && !self.is_connection(owner) => {
                self.exchange_outside(callback, called, owner, Outside::GrpcMetadata { token, map });
            }
            _ => {}
        }
    }
}

/// The callbacks of metadata.
pub(super) const METADATA: Callbacks =
    Callbacks::NONE.with(Callback::GrpcReceiveInitialMetadata).with(Callback::GrpcReceiveTrailingMetadata);
