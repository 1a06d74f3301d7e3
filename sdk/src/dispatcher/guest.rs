//! The dispatcher as the guest that a host calls.

use super::Dispatcher;
use super::protocol::{Http, Tcp};
use super::slot::State;
use crate::abi::guest::{Callback, Callbacks, Guest};
use crate::abi::wire::action;
use crate::context::{Extension, HttpContext, RootCallbacks, StreamContext};
use crate::exchange::{Direction, Outside, Part};
use crate::view::{
    ConnectionLog, DownstreamClose, DownstreamData, NewConnection, StreamDone, StreamLog, StreamView,
    UpstreamClose, UpstreamData,
};

impl<R: Extension> Guest for Dispatcher<R> {
    fn callbacks(&self) -> Callbacks {
        // With both kinds, the first callback of a connection has to say that it is one.
        let telling =
            if Self::BOTH { Callbacks::NONE.with(Callback::NewConnection) } else { Callbacks::NONE };
        Callbacks::ALWAYS
            .union(<R::Http as HttpContext>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL)
            .union(<R::Tcp as StreamContext>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL)
            .union(<R as RootCallbacks>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL)
            .union(Self::TASK_CALLBACKS)
            .union(telling)
    }

    #[inline(always)]
    fn on_context_create(&self, context: u32, parent: u32) {
        if parent == 0 {
            self.create_root(context);
        } else if Self::HAS_TASK {
            self.create_held(context, parent);
        } else if let Err(oddity) = self.create_stream(context, parent) {
            self.vm.report_oddity(Callback::ContextCreate.entry(), context, oddity);
        }
    }

    #[inline(always)]
    fn on_vm_start(&self, root: u32, _configuration_size: usize) -> bool {
        self.vm_start(root)
    }

    #[inline(always)]
    fn on_configure(&self, root: u32, _configuration_size: usize) -> bool {
        self.configure(root)
    }

    #[inline(always)]
    fn on_request_headers(&self, context: u32, _count: usize, end_of_stream: bool) -> u32 {
        if Self::HAS_TASK {
            if let Some(action) = self.hold_headers(context, end_of_stream) {
                return action;
            }
        }
        if Self::EXCHANGES {
            let part = Part::Headers { ends: end_of_stream };
            return self.exchange_part(Callback::RequestHeaders.entry(), context, Direction::Request, part);
        }
        self.request_headers(context, end_of_stream)
    }

    #[inline(always)]
    fn on_request_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        if Self::HAS_TASK && self.holds(context, Part::Body { size, ends: end_of_stream }) {
            return action::PAUSE;
        }
        if Self::EXCHANGES {
            let part = Part::Body { size, ends: end_of_stream };
            return self.exchange_part(Callback::RequestBody.entry(), context, Direction::Request, part);
        }
        self.request_body(context, size, end_of_stream)
    }

    #[inline(always)]
    fn on_request_trailers(&self, context: u32, _count: usize) -> u32 {
        if Self::HAS_TASK && self.holds(context, Part::Trailers) {
            return action::PAUSE;
        }
        if Self::EXCHANGES {
            let part = Part::Trailers;
            return self.exchange_part(Callback::RequestTrailers.entry(), context, Direction::Request, part);
        }
        self.request_trailers(context)
    }

    #[inline(always)]
    fn on_response_headers(&self, context: u32, _count: usize, end_of_stream: bool) -> u32 {
        if Self::HAS_TASK && self.passes_by(context) {
            return action::CONTINUE;
        }
        if Self::EXCHANGES {
            let part = Part::Headers { ends: end_of_stream };
            return self.exchange_part(Callback::ResponseHeaders.entry(), context, Direction::Response, part);
        }
        self.response_headers(context, end_of_stream)
    }

    #[inline(always)]
    fn on_response_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        if Self::HAS_TASK && self.passes_by(context) {
            return action::CONTINUE;
        }
        if Self::EXCHANGES {
            let part = Part::Body { size, ends: end_of_stream };
            return self.exchange_part(Callback::ResponseBody.entry(), context, Direction::Response, part);
        }
        self.response_body(context, size, end_of_stream)
    }

    #[inline(always)]
    fn on_response_trailers(&self, context: u32, _count: usize) -> u32 {
        if Self::HAS_TASK && self.passes_by(context) {
            return action::CONTINUE;
        }
        if Self::EXCHANGES {
            let part = Part::Trailers;
            return self.exchange_part(
                Callback::ResponseTrailers.entry(),
                context,
                Direction::Response,
                part,
            );
        }
        self.response_trailers(context)
    }

    fn on_tick(&self, root: u32) {
        self.tick(root);
    }

    fn on_queue_ready(&self, root: u32, queue: u32) {
        self.queue_ready(root, queue);
    }

    fn on_request_metadata(&self, context: u32, count: usize) -> u32 {
        // The stream has not begun.
        if Self::HAS_TASK && self.streams.is(context, State::HELD) {
            return action::CONTINUE;
        }
        let callback = Callback::RequestMetadata.entry();
        self.end::<Http>(callback, context, |stream, cx| {
            stream.on_request_metadata(count, &mut StreamView::new(cx))
        });
        action::CONTINUE
    }

    fn on_response_metadata(&self, context: u32, count: usize) -> u32 {
        let callback = Callback::ResponseMetadata.entry();
        self.end::<Http>(callback, context, |stream, cx| {
            stream.on_response_metadata(count, &mut StreamView::new(cx))
        });
        action::CONTINUE
    }

    #[inline(always)]
    fn on_new_connection(&self, context: u32) -> u32 {
        self.decide_connection(Callback::NewConnection.entry(), context, |connection, cx| {
            connection.on_new_connection(&mut NewConnection::new(cx))
        })
    }

    #[inline(always)]
    fn on_downstream_data(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.decide_connection(Callback::DownstreamData.entry(), context, |connection, cx| {
            connection.on_downstream_data(&mut DownstreamData::new(cx, size, end_of_stream))
        })
    }

    #[inline(always)]
    fn on_upstream_data(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.decide_connection(Callback::UpstreamData.entry(), context, |connection, cx| {
            connection.on_upstream_data(&mut UpstreamData::new(cx, size, end_of_stream))
        })
    }

    fn on_downstream_connection_close(&self, context: u32, peer: u32) {
        self.end::<Tcp>(Callback::DownstreamConnectionClose.entry(), context, |connection, cx| {
            connection.on_downstream_close(&mut DownstreamClose::new(cx, peer))
        });
    }

    fn on_upstream_connection_close(&self, context: u32, peer: u32) {
        // Envoy (1.40) calls it also for a connection that the callback before has closed, and that is deleted.
        if !self.is_stream(context) {
            return;
        }
        self.end::<Tcp>(Callback::UpstreamConnectionClose.entry(), context, |connection, cx| {
            connection.on_upstream_close(&mut UpstreamClose::new(cx, peer))
        });
    }

    fn on_http_call_response(
        &self,
        context: u32,
        token: u32,
        _headers: usize,
        body_size: usize,
        trailers: usize,
    ) {
        let outside = Outside::HttpReply { token, has_body: body_size != 0, has_trailers: trailers != 0 };
        self.http_call_response(context, token, outside);
    }

    fn on_grpc_receive_initial_metadata(&self, context: u32, token: u32, _count: usize) {
        self.grpc_initial_metadata(context, token);
    }

    fn on_grpc_receive(&self, context: u32, token: u32, size: usize) {
        self.grpc_message(context, token, size);
    }

    fn on_grpc_receive_trailing_metadata(&self, context: u32, token: u32, _count: usize) {
        self.grpc_trailing_metadata(context, token);
    }

    fn on_grpc_close(&self, context: u32, token: u32, status: u32) {
        self.grpc_close(context, token, status);
    }

    fn on_foreign_function(&self, context: u32, function: u32, _size: usize) {
        self.foreign_function(context, function);
    }

    #[cfg_attr(not(feature = "envoy-dns"), allow(unused_variables, reason = "nothing begins a lookup"))]
    fn on_resolve_dns(&self, root: u32, token: u32, size: usize) {
        #[cfg(feature = "envoy-dns")]
        self.dns_resolved(root, token, size);
    }

    #[inline(always)]
    fn on_done(&self, context: u32) -> bool {
        if self.is_root_with(Callback::Done, context) {
            return self.root_done(context);
        }
        if Self::HAS_TASK && self.passes_by(context) {
            return true;
        }
        let callback = Callback::Done.entry();
        if self.is_connection(context) {
            self.end::<Tcp>(callback, context, |connection, cx| connection.on_done(&mut StreamDone::new(cx)));
        } else if Self::EXCHANGES {
            self.exchange_part(callback, context, Direction::Response, Part::End);
        } else {
            self.end::<Http>(
                callback,
                context,
                #[inline(always)]
                |stream, cx| stream.on_done(&mut StreamDone::new(cx)),
            );
        }
        true
    }

    #[inline(always)]
    fn on_log(&self, context: u32) {
        if self.is_root_with(Callback::Log, context) {
            return self.root_log(context);
        }
        if Self::HAS_TASK && self.passes_by(context) {
            return;
        }
        let callback = Callback::Log.entry();
        if self.is_connection(context) {
            self.end::<Tcp>(callback, context, |connection, cx| {
                connection.on_log(&mut ConnectionLog::new(cx))
            });
        } else if Self::EXCHANGES {
            self.exchange_part(callback, context, Direction::Response, Part::End);
        } else {
            self.end::<Http>(
                callback,
                context,
                #[inline(always)]
                |stream, cx| stream.on_log(&mut StreamLog::new(cx)),
            );
        }
    }

    #[inline(always)]
    fn on_delete(&self, context: u32) {
        self.delete(context);
    }
}
