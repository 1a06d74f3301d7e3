//! One extension per error policy; all behave alike.

use crate::behaviour::{AnyRoot, AnyStream, Settings};
use waxwing::prelude::*;

macro_rules! root {
    ($root:ident, $policy:expr) => {
        impl RootContext for $root {
            type Config = Settings;

            const ON_ERROR: ErrorPolicy = $policy;

            fn configure(config: Settings, cx: &mut Configure<'_>) -> Result<Self> {
                Ok($root { root: AnyRoot::configure(config, cx) })
            }
        }

        #[callbacks]
        impl RootCallbacks for $root {
            fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
                self.root.on_timer(timer, root)
            }

            fn on_queue_ready(&mut self, queue: Queue, root: &mut RootView<'_>) -> Result<()> {
                crate::sharing::on_queue_ready(queue, root)
            }

            fn on_grpc_call_response(
                &mut self,
                _call: GrpcCallId,
                response: &GrpcCallResponse<'_>,
                root: &mut RootView<'_>,
            ) -> Result<()> {
                crate::behaviour::finish(crate::grpc::response("a root context", response, root))
            }

            fn on_grpc_stream_initial_metadata(
                &mut self,
                grpc: GrpcStream,
                metadata: Headers<'_>,
                root: &mut RootView<'_>,
            ) -> Result<()> {
                crate::behaviour::finish(crate::grpc::metadata(
                    "initial",
                    "a root context",
                    grpc,
                    metadata,
                    root,
                ))
            }

            fn on_grpc_stream_message(
                &mut self,
                grpc: GrpcStream,
                message: &GrpcMessage<'_>,
                root: &mut RootView<'_>,
            ) -> Result<()> {
                crate::behaviour::finish(crate::grpc::message("a root context", grpc, message, root))
            }

            fn on_grpc_stream_trailing_metadata(
                &mut self,
                grpc: GrpcStream,
                metadata: Headers<'_>,
                root: &mut RootView<'_>,
            ) -> Result<()> {
                crate::behaviour::finish(crate::grpc::metadata(
                    "trailing",
                    "a root context",
                    grpc,
                    metadata,
                    root,
                ))
            }

            fn on_grpc_stream_close(
                &mut self,
                grpc: GrpcStream,
                close: &GrpcClose<'_>,
                root: &mut RootView<'_>,
            ) -> Result<()> {
                crate::behaviour::finish(crate::grpc::close("a root context", grpc, close, root))
            }
        }
    };
}

macro_rules! stream {
    ($root:ident, $stream:ident) => {
        pub(crate) struct $stream(AnyStream);

        #[callbacks]
        impl HttpContext for $stream {
            type Root = $root;

            fn new(_root: &$root) -> Self {
                $stream(AnyStream::new())
            }

            fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
                self.0.on_request_headers(request)
            }

            fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
                self.0.on_request_body(body)
            }

            fn on_request_trailers(&mut self, request: &mut RequestTrailers<'_>) -> Result<Action> {
                self.0.on_request_trailers(request)
            }

            fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
                self.0.on_response_headers(response)
            }

            fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
                self.0.on_response_body(body)
            }

            fn on_response_trailers(&mut self, response: &mut ResponseTrailers<'_>) -> Result<Flow> {
                self.0.on_response_trailers(response)
            }

            fn on_timer(&mut self, timer: TimerId, stream: &mut StreamView<'_>) -> Result<Action> {
                self.0.on_timer(timer, stream)
            }

            fn on_grpc_call_response(
                &mut self,
                _call: GrpcCallId,
                response: &GrpcCallResponse<'_>,
                stream: &mut StreamView<'_>,
            ) -> Result<Action> {
                crate::behaviour::decide(crate::grpc::response("a stream", response, stream))
            }

            fn on_grpc_stream_initial_metadata(
                &mut self,
                grpc: GrpcStream,
                metadata: Headers<'_>,
                stream: &mut StreamView<'_>,
            ) -> Result<Action> {
                crate::behaviour::decide(crate::grpc::metadata("initial", "a stream", grpc, metadata, stream))
            }

            fn on_grpc_stream_message(
                &mut self,
                grpc: GrpcStream,
                message: &GrpcMessage<'_>,
                stream: &mut StreamView<'_>,
            ) -> Result<Action> {
                crate::behaviour::decide(crate::grpc::message("a stream", grpc, message, stream))
            }

            fn on_grpc_stream_trailing_metadata(
                &mut self,
                grpc: GrpcStream,
                metadata: Headers<'_>,
                stream: &mut StreamView<'_>,
            ) -> Result<Action> {
                crate::behaviour::decide(crate::grpc::metadata(
                    "trailing", "a stream", grpc, metadata, stream,
                ))
            }

            fn on_grpc_stream_close(
                &mut self,
                grpc: GrpcStream,
                close: &GrpcClose<'_>,
                stream: &mut StreamView<'_>,
            ) -> Result<Action> {
                crate::behaviour::decide(crate::grpc::close("a stream", grpc, close, stream))
            }

            fn on_done(&mut self, stream: &mut StreamDone<'_>) -> Result<()> {
                self.0.on_done(stream)
            }

            fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
                self.0.on_log(stream)
            }
        }
    };
}

pub(crate) use {root, stream};

macro_rules! extension {
    ($root:ident, $stream:ident, $policy:expr) => {
        #[derive(Extension)]
        #[extension(http = $stream, root)]
        pub(crate) struct $root {
            root: AnyRoot,
        }

        root! { $root, $policy }
        stream! { $root, $stream }
    };
}

extension!(Closed, ClosedStream, ErrorPolicy::FailClosed);
extension!(Open, OpenStream, ErrorPolicy::FailOpen);
extension!(Reset, ResetStream, ErrorPolicy::Reset);
