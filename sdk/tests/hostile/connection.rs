//! Extensions with TCP connections: one that has nothing else, and two that have HTTP streams too.

use crate::behaviour::{AnyRoot, AnyStream, Settings, capabilities, decide_late, note, perhaps, timers};
use crate::case::case;
use crate::extension::{root, stream};
use waxwing::prelude::*;

macro_rules! connection {
    ($root:ident, $connection:ident) => {
        pub(crate) struct $connection(AnyConnection);

        #[callbacks]
        impl StreamContext for $connection {
            type Root = $root;

            fn new(_root: &$root) -> Self {
                $connection(AnyConnection(AnyStream::new()))
            }

            fn on_new_connection(&mut self, connection: &mut NewConnection<'_>) -> Result<Flow> {
                self.0.on_new_connection(connection)
            }

            fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
                self.0.on_downstream_data(data)
            }

            fn on_upstream_data(&mut self, data: &mut UpstreamData<'_>) -> Result<Flow> {
                self.0.on_upstream_data(data)
            }

            fn on_downstream_close(&mut self, connection: &mut DownstreamClose<'_>) -> Result<()> {
                self.0.on_downstream_close(connection)
            }

            fn on_upstream_close(&mut self, connection: &mut UpstreamClose<'_>) -> Result<()> {
                self.0.on_upstream_close(connection)
            }

            fn on_http_call_response(
                &mut self,
                _call: HttpCallId,
                response: &HttpCallResponse<'_>,
                connection: &mut ConnectionView<'_>,
            ) -> Result<Flow> {
                self.0.on_http_call_response(response, connection)
            }

            fn on_timer(&mut self, timer: TimerId, connection: &mut ConnectionView<'_>) -> Result<Flow> {
                self.0.on_timer(timer, connection)
            }

            fn on_grpc_call_response(
                &mut self,
                _call: GrpcCallId,
                response: &GrpcCallResponse<'_>,
                connection: &mut ConnectionView<'_>,
            ) -> Result<Flow> {
                decide_late(crate::grpc::response("a connection", response, connection))
            }

            fn on_grpc_stream_initial_metadata(
                &mut self,
                grpc: GrpcStream,
                metadata: Headers<'_>,
                connection: &mut ConnectionView<'_>,
            ) -> Result<Flow> {
                decide_late(crate::grpc::metadata("initial", "a connection", grpc, metadata, connection))
            }

            fn on_grpc_stream_message(
                &mut self,
                grpc: GrpcStream,
                message: &GrpcMessage<'_>,
                connection: &mut ConnectionView<'_>,
            ) -> Result<Flow> {
                decide_late(crate::grpc::message("a connection", grpc, message, connection))
            }

            fn on_grpc_stream_trailing_metadata(
                &mut self,
                grpc: GrpcStream,
                metadata: Headers<'_>,
                connection: &mut ConnectionView<'_>,
            ) -> Result<Flow> {
                decide_late(crate::grpc::metadata("trailing", "a connection", grpc, metadata, connection))
            }

            fn on_grpc_stream_close(
                &mut self,
                grpc: GrpcStream,
                close: &GrpcClose<'_>,
                connection: &mut ConnectionView<'_>,
            ) -> Result<Flow> {
                decide_late(crate::grpc::close("a connection", grpc, close, connection))
            }

            fn on_done(&mut self, connection: &mut StreamDone<'_>) -> Result<()> {
                self.0.0.on_done(connection)
            }

            fn on_log(&mut self, connection: &mut ConnectionLog<'_>) -> Result<()> {
                self.0.on_log(connection)
            }
        }
    };
}

macro_rules! both {
    ($root:ident, $stream:ident, $connection:ident, $policy:expr) => {
        #[derive(Extension)]
        #[extension(http = $stream, tcp = $connection, root)]
        pub(crate) struct $root {
            root: AnyRoot,
        }

        root! { $root, $policy }
        connection! { $root, $connection }

        stream! { $root, $stream }
    };
}

#[derive(Extension)]
#[extension(tcp = ResetConnection, root)]
pub(crate) struct ResetTcp {
    root: AnyRoot,
}

root! { ResetTcp, ErrorPolicy::Reset }
connection! { ResetTcp, ResetConnection }
both! { ClosedBoth, ClosedStream, ClosedConnection, ErrorPolicy::FailClosed }
both! { OpenBoth, OpenStream, OpenConnection, ErrorPolicy::FailOpen }

/// What every connection has.
struct AnyConnection(AnyStream);

impl AnyConnection {
    fn on_new_connection(&mut self, connection: &mut NewConnection<'_>) -> Result<Flow> {
        self.0.enter("callback on_new_connection");
        capabilities(connection);
        crate::grpc::open(connection);
        let call = HttpCall::get("authz", "/").header("x-a", "b");
        perhaps(|| call.send(connection).map(drop));
        perhaps(|| connection.close());
        decide_late(
            note(connection.property(&["source", "address"])).map(|address| address.map_or(0, <[u8]>::len)),
        )
    }

    fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
        self.0.enter("callback on_downstream_data");
        let end = data.end_of_stream();
        let read = (|| {
            let start = usize::from(case().chaos.byte());
            let kept = (note(data.bytes())?, note(data.range(start..))?);
            note(data.drain(start))?;
            note(data.append("x"))?;
            note(data.prepend(kept.1))?;
            note(data.replace(kept.0))?;
            Ok(kept.0.len() + kept.1.len() + data.size() + usize::from(end))
        })();
        crate::grpc::open(data);
        let call = HttpCall::get("authz", "/");
        perhaps(|| call.send(data).map(drop));
        perhaps(|| data.close());
        timers!(data);
        decide_late(read)
    }

    fn on_upstream_data(&mut self, data: &mut UpstreamData<'_>) -> Result<Flow> {
        self.0.enter("callback on_upstream_data");
        perhaps(|| data.resume_downstream());
        perhaps(|| data.close());
        decide_late(note(data.bytes()).map(<[u8]>::len))
    }

    fn on_downstream_close(&mut self, connection: &mut DownstreamClose<'_>) -> Result<()> {
        self.0.enter("callback on_downstream_close");
        if connection.peer() == PeerType::LOCAL { Err(Error::new("closed")) } else { Ok(()) }
    }

    fn on_upstream_close(&mut self, connection: &mut UpstreamClose<'_>) -> Result<()> {
        self.0.enter("callback on_upstream_close");
        let _ = format!("{:?}", connection.peer());
        perhaps(|| connection.resume_downstream());
        perhaps(|| connection.close());
        Ok(())
    }

    fn on_http_call_response(
        &mut self,
        response: &HttpCallResponse<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        self.0.enter("callback on_http_call_response of a connection");
        let read = response.status().is_ok();
        let held = note(connection.held_data());
        perhaps(|| connection.replace_held_data("z"));
        perhaps(|| connection.resume_downstream());
        perhaps(|| connection.close());
        decide_late(held.map(|held| held.len() + usize::from(read)))
    }

    fn on_timer(&mut self, timer: TimerId, connection: &mut ConnectionView<'_>) -> Result<Flow> {
        self.0.enter("callback on_timer of a connection");
        capabilities(connection);
        timers!(connection);
        connection.cancel_timer(timer);
        perhaps(|| connection.replace_held_data("z"));
        perhaps(|| connection.close());
        decide_late(note(connection.held_data()).map(<[u8]>::len))
    }

    fn on_log(&mut self, connection: &mut ConnectionLog<'_>) -> Result<()> {
        self.0.enter("callback on_log of a connection");
        capabilities(connection);
        Ok(())
    }
}
