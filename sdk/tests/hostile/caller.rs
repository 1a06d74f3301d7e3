//! What an extension does that asks for everything, and what it gets.

use crate::asked::ROOT;
use crate::behaviour::{decide_late, met, metrics, note, perhaps, timers, write_headers};
use crate::case::case;
use crate::knowledge::know;
use crate::sharing::share;
use waxwing::prelude::*;

/// What must have happened in the cases of such an extension.
pub(crate) const EXPECTED: &[&str] = &[
    "callback on_vm_start",
    "callback on_http_call_response of a stream",
    "callback on_http_call_response of a connection",
    "callback on_http_call_response of a root context",
    "callback on_grpc_call_response of a stream",
    "callback on_grpc_call_response of a connection",
    "callback on_grpc_call_response of a root context",
    "callback on_grpc_stream_initial_metadata of a stream",
    "callback on_grpc_stream_initial_metadata of a connection",
    "callback on_grpc_stream_initial_metadata of a root context",
    "callback on_grpc_stream_message of a stream",
    "callback on_grpc_stream_message of a connection",
    "callback on_grpc_stream_message of a root context",
    "callback on_grpc_stream_trailing_metadata of a stream",
    "callback on_grpc_stream_trailing_metadata of a connection",
    "callback on_grpc_stream_trailing_metadata of a root context",
    "callback on_grpc_stream_close of a stream",
    "callback on_grpc_stream_close of a connection",
    "callback on_grpc_stream_close of a root context",
    "callback on_foreign_function of a stream",
    "callback on_foreign_function of a connection",
    "callback on_foreign_function of a root context",
    "callback on_dns_resolved of a stream",
    "callback on_dns_resolved of a connection",
    "callback on_dns_resolved of a root context",
    "callback on_timer of a stream",
    "callback on_timer of a connection",
    "callback on_timer of a root context",
    "callback on_queue_ready",
    "callback on_done of a root context",
    "callback on_log of a root context",
    "error callout",
    "error DNS lookup",
    "error malformed: not a list of addresses with their times to live",
    "log the stream has been answered already",
    "log the context is unknown",
    "host re-entered",
];

pub(crate) const HTTP: &str = "HTTP callout";
pub(crate) const CALL: &str = "gRPC call";
pub(crate) const STREAM: &str = "gRPC stream";
const LOOKUP: &str = "DNS lookup";

/// Looks a name up for an asker.
macro_rules! look_up {
    ($asker:expr, $view:expr) => {
        if case().chaos.rarely(3) {
            if let Ok(lookup) = note($view.resolve_dns("origin.internal")) {
                case().asked.ask(LOOKUP, lookup.as_u32(), $asker.number);
            }
        }
    };
}

/// A context that asks.
pub(crate) struct Asker {
    what: &'static str,
    number: u32,
    streams: Vec<GrpcStream>,
}

impl Asker {
    fn root() -> Self {
        Asker { what: "a root context", number: ROOT, streams: Vec::new() }
    }

    fn new(what: &'static str) -> Self {
        Asker { what, number: case().asked.begin(), streams: Vec::new() }
    }

    /// It asks for something, or does something with what it has.
    fn act<'cb>(&mut self, view: &mut impl View<'cb>) {
        let chaos = case().chaos;
        let bytes = chaos.bytes();
        match chaos.below(11) {
            1 => {
                let call = HttpCall::post("authz", "/", &bytes).header("x-a", "b").trailer("x-b", "c");
                if let Ok(call) = note(call.send(view)) {
                    case().asked.ask(HTTP, call.as_u32(), self.number);
                }
            }
            2 => {
                let call = GrpcCall::new("authz", "acme.Auth", "Check").metadata("x-a", "b").message(&bytes);
                if let Ok(call) = note(call.send(view)) {
                    case().asked.ask(CALL, call.as_u32(), self.number);
                }
            }
            3 | 4 => {
                if let Ok(grpc) = note(GrpcCall::new("chat", "acme.Chat", "Talk").open(view)) {
                    case().asked.ask(STREAM, grpc.as_u32(), self.number);
                    self.streams.push(grpc);
                }
            }
            5 => {
                for grpc in &self.streams {
                    perhaps(|| grpc.send(&bytes));
                    perhaps(|| grpc.send_last("end"));
                    perhaps(|| grpc.close());
                }
            }
            6 => {
                if let Some(grpc) = self.streams.pop() {
                    // Forgotten first, because the host may give the token away again from inside.
                    case().asked.forget(STREAM, grpc.as_u32());
                    let _ = note(grpc.cancel(view));
                }
            }
            7 => share(view),
            8 => know(view),
            9 => {
                perhaps(|| metrics(view));
                perhaps(|| view.set_property(&["own"], &bytes));
            }
            _ => {}
        }
    }

    fn met(&self, callback: &str) {
        met(&format!("callback {callback} of {}", self.what));
    }

    fn http_answer(&self, call: HttpCallId, response: &HttpCallResponse<'_>) -> Result<usize> {
        self.met("on_http_call_response");
        case().asked.answer(HTTP, call.as_u32(), self.number, true);
        let error = note(response.error())?;
        let status = note(response.status()).unwrap_or(0);
        let read = note(response.headers().get("a"))?.map_or(0, <[u8]>::len)
            + note(response.trailers().iter())?.count()
            + note(response.body())?.len();
        Ok(read + usize::from(status) + usize::from(error.is_some()))
    }

    fn grpc_answer(&self, call: GrpcCallId, response: &GrpcCallResponse<'_>) -> Result<usize> {
        self.met("on_grpc_call_response");
        case().asked.answer(CALL, call.as_u32(), self.number, true);
        let _ = (response.status().to_string(), response.error());
        Ok(note(response.status_message())?.len() + note(response.message())?.len())
    }

    fn addresses(&self, lookup: DnsLookupId, answer: &DnsAnswer<'_>) -> Result<usize> {
        self.met("on_dns_resolved");
        case().asked.answer(LOOKUP, lookup.as_u32(), self.number, true);
        let _ = format!("{answer:?}");
        let addresses = note(answer.addresses())?;
        Ok(addresses.filter_map(|found| found.socket_addr()).count())
    }

    fn grpc_metadata(&self, callback: &str, grpc: GrpcStream, metadata: Headers<'_>) -> Result<usize> {
        self.met(callback);
        case().asked.answer(STREAM, grpc.as_u32(), self.number, false);
        note(metadata.iter()).map(Iterator::count)
    }

    fn grpc_message(&self, grpc: GrpcStream, message: &GrpcMessage<'_>) -> Result<usize> {
        self.met("on_grpc_stream_message");
        case().asked.answer(STREAM, grpc.as_u32(), self.number, false);
        perhaps(|| grpc.send("reply"));
        Ok(note(message.bytes())?.len().wrapping_add(message.size()))
    }

    fn grpc_close(&mut self, grpc: GrpcStream, close: &GrpcClose<'_>) -> Result<usize> {
        self.met("on_grpc_stream_close");
        case().asked.answer(STREAM, grpc.as_u32(), self.number, true);
        self.streams.retain(|stream| *stream != grpc);
        let _ = (close.status().to_string(), close.error());
        note(close.status_message()).map(<[u8]>::len)
    }

    /// What a stream decides then.
    fn decide(&mut self, read: Result<usize>, stream: &mut StreamView<'_>) -> Result<Action> {
        self.act(stream);
        perhaps(|| stream.resume_request());
        perhaps(|| stream.reset());
        match case().chaos.below(4) {
            3 => Ok(LocalResponse::new(403).body("no").into()),
            _ => decide_late(read).map(Action::from),
        }
    }

    fn decide_flow(&mut self, read: Result<usize>, connection: &mut ConnectionView<'_>) -> Result<Flow> {
        self.act(connection);
        perhaps(|| connection.resume_downstream());
        decide_late(read)
    }

    fn decide_nothing(&mut self, read: Result<usize>, root: &mut RootView<'_>) -> Result<()> {
        self.act(root);
        perhaps(|| root.done());
        perhaps(|| root.vm_configuration().map(drop));
        read.map(drop)
    }
}

/// A context with what comes from outside, which is alike for all kinds of them, and with callbacks of its own.
macro_rules! context {
    (
        $trait:ident for $context:ident, $view:ident, $decide:ident -> $decision:ty
        { $($own:item)* }
    ) => {
        #[callbacks]
        impl $trait for $context {
            $($own)*

            fn on_http_call_response(
                &mut self,
                call: HttpCallId,
                response: &HttpCallResponse<'_>,
                view: &mut $view<'_>,
            ) -> Result<$decision> {
                let read = self.0.http_answer(call, response);
                self.0.$decide(read, view)
            }

            fn on_grpc_call_response(
                &mut self,
                call: GrpcCallId,
                response: &GrpcCallResponse<'_>,
                view: &mut $view<'_>,
            ) -> Result<$decision> {
                let read = self.0.grpc_answer(call, response);
                self.0.$decide(read, view)
            }

            fn on_grpc_stream_initial_metadata(
                &mut self,
                grpc: GrpcStream,
                metadata: Headers<'_>,
                view: &mut $view<'_>,
            ) -> Result<$decision> {
                let read = self.0.grpc_metadata("on_grpc_stream_initial_metadata", grpc, metadata);
                self.0.$decide(read, view)
            }

            fn on_grpc_stream_message(
                &mut self,
                grpc: GrpcStream,
                message: &GrpcMessage<'_>,
                view: &mut $view<'_>,
            ) -> Result<$decision> {
                let read = self.0.grpc_message(grpc, message);
                self.0.$decide(read, view)
            }

            fn on_grpc_stream_trailing_metadata(
                &mut self,
                grpc: GrpcStream,
                metadata: Headers<'_>,
                view: &mut $view<'_>,
            ) -> Result<$decision> {
                let read = self.0.grpc_metadata("on_grpc_stream_trailing_metadata", grpc, metadata);
                self.0.$decide(read, view)
            }

            fn on_grpc_stream_close(
                &mut self,
                grpc: GrpcStream,
                close: &GrpcClose<'_>,
                view: &mut $view<'_>,
            ) -> Result<$decision> {
                let read = self.0.grpc_close(grpc, close);
                self.0.$decide(read, view)
            }

            fn on_dns_resolved(
                &mut self,
                lookup: DnsLookupId,
                answer: &DnsAnswer<'_>,
                view: &mut $view<'_>,
            ) -> Result<$decision> {
                let read = self.0.addresses(lookup, answer);
                look_up!(self.0, view);
                self.0.$decide(read, view)
            }

            fn on_foreign_function(
                &mut self,
                function: u32,
                argument: &[u8],
                view: &mut $view<'_>,
            ) -> Result<$decision> {
                self.0.met("on_foreign_function");
                self.0.$decide(Ok(argument.len() + function as usize), view)
            }

            fn on_timer(&mut self, timer: TimerId, view: &mut $view<'_>) -> Result<$decision> {
                self.0.met("on_timer");
                timers!(view);
                look_up!(self.0, view);
                view.cancel_timer(timer);
                self.0.$decide(Ok(0), view)
            }
        }
    };
}

macro_rules! caller {
    ($root:ident, $stream:ident, $connection:ident, $policy:expr) => {
        #[derive(Extension)]
        #[extension(http = $stream, tcp = $connection, root)]
        pub(crate) struct $root(Asker);

        impl RootContext for $root {
            type Config = Vec<u8>;

            const ON_ERROR: ErrorPolicy = $policy;

            fn configure(_config: Vec<u8>, cx: &mut Configure<'_>) -> Result<Self> {
                let mut root = Asker::root();
                root.act(cx);
                timers!(cx);
                look_up!(root, cx);
                perhaps(|| cx.host_log_level().map(drop));
                perhaps(|| Queue::register(cx, "jobs").map(drop));
                Ok($root(root))
            }
        }

        context! {
            RootCallbacks for $root, RootView, decide_nothing -> () {
                fn on_vm_start(vm: &mut VmStart<'_>) -> Result<()> {
                    met("callback on_vm_start");
                    note(vm.configuration()).map(drop)
                }

                fn on_queue_ready(&mut self, queue: Queue, root: &mut RootView<'_>) -> Result<()> {
                    met("callback on_queue_ready");
                    let item = note(queue.dequeue(root)).map(|item| item.map_or(0, <[u8]>::len));
                    self.0.decide_nothing(item, root)
                }

                fn on_done(&mut self, root: &mut RootView<'_>) -> Result<Done> {
                    self.0.met("on_done");
                    self.0.act(root);
                    if case().chaos.rarely(2) { Ok(Done::Later) } else { Err(Error::new("done")) }
                }

                fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
                    self.0.met("on_log");
                    self.0.act(stream);
                    note(stream.request_headers().get("a")).map(drop)
                }
            }
        }

        pub(crate) struct $stream(Asker);

        context! {
            HttpContext for $stream, StreamView, decide -> Action {
                type Root = $root;

                fn new(_root: &$root) -> Self {
                    $stream(Asker::new("a stream"))
                }

                fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
                    timers!(request);
                    look_up!(self.0, request);
                    perhaps(|| request.headers().byte_size().map(drop));
                    if case().chaos.rarely(4) {
                        write_headers(request.headers_mut());
                    }
                    self.0.act(request);
                    if case().chaos.rarely(4) {
                        return Ok(LocalResponse::new(401).into());
                    }
                    decide_late(Ok(0)).map(Action::from)
                }

                fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
                    perhaps(|| body.buffered().map(drop));
                    perhaps(|| body.append("x"));
                    self.0.act(body);
                    decide_late(Ok(0)).map(Action::from)
                }

                fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
                    self.0.act(response);
                    decide_late(Ok(0)).map(Action::from)
                }

                fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
                    self.0.act(body);
                    decide_late(Ok(0))
                }

                fn on_request_metadata(&mut self, _count: usize, stream: &mut StreamView<'_>) -> Result<()> {
                    self.0.act(stream);
                    Ok(())
                }

                fn on_done(&mut self, stream: &mut StreamDone<'_>) -> Result<()> {
                    self.0.act(stream);
                    Ok(())
                }

                fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
                    self.0.act(stream);
                    Ok(())
                }
            }
        }

        pub(crate) struct $connection(Asker);

        context! {
            StreamContext for $connection, ConnectionView, decide_flow -> Flow {
                type Root = $root;

                fn new(_root: &$root) -> Self {
                    $connection(Asker::new("a connection"))
                }

                fn on_new_connection(&mut self, connection: &mut NewConnection<'_>) -> Result<Flow> {
                    timers!(connection);
                    look_up!(self.0, connection);
                    self.0.act(connection);
                    decide_late(Ok(0))
                }

                fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
                    self.0.act(data);
                    decide_late(note(data.bytes()).map(<[u8]>::len))
                }

                fn on_upstream_data(&mut self, data: &mut UpstreamData<'_>) -> Result<Flow> {
                    self.0.act(data);
                    decide_late(Ok(0))
                }
            }
        }
    };
}

caller!(ClosedCaller, ClosedCallerStream, ClosedCallerConnection, ErrorPolicy::FailClosed);
caller!(OpenCaller, OpenCallerStream, OpenCallerConnection, ErrorPolicy::FailOpen);
caller!(ResetCaller, ResetCallerStream, ResetCallerConnection, ErrorPolicy::Reset);
