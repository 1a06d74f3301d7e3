//! An extension that does in each callback what a test tells it to.

use std::cell::RefCell;
use std::rc::Rc;
use waxwing::prelude::*;

macro_rules! script {
    ($( $(#[$doc:meta])* $callback:ident($($argument:ty),*) -> $result:ty; )*) => {
        /// What the extension does, by callback; nothing in the others.
        #[derive(Default)]
        pub(crate) struct Script {
            $( $callback: Option<Box<dyn Fn($($argument),*) -> $result>>, )*
        }

        #[allow(dead_code, reason = "a callback may have no incident yet")]
        impl Script {
            $(
                $(#[$doc])*
                pub(crate) fn $callback(mut self, act: impl Fn($($argument),*) -> $result + 'static) -> Self {
                    self.$callback = Some(Box::new(act));
                    self
                }
            )*
        }
    };
}

script! {
    configure(&mut Configure<'_>) -> Result<()>;
    root_answer(HttpCallId, &HttpCallResponse<'_>, &mut RootView<'_>) -> Result<()>;
    root_timer(TimerId, &mut RootView<'_>) -> Result<()>;
    queue_ready(Queue, &mut RootView<'_>) -> Result<()>;
    request_headers(&mut RequestHeaders<'_>) -> Result<Action>;
    request_body(&mut RequestBody<'_>) -> Result<Action>;
    response_headers(&mut ResponseHeaders<'_>) -> Result<Action>;
    response_trailers(&mut ResponseTrailers<'_>) -> Result<Flow>;
    answer(HttpCallId, &HttpCallResponse<'_>, &mut StreamView<'_>) -> Result<Action>;
    grpc_answer(GrpcCallId, &GrpcCallResponse<'_>, &mut StreamView<'_>) -> Result<Action>;
    grpc_metadata(GrpcStream, Headers<'_>, &mut StreamView<'_>) -> Result<Action>;
    grpc_message(GrpcStream, &GrpcMessage<'_>, &mut StreamView<'_>) -> Result<Action>;
    grpc_close(GrpcStream, &GrpcClose<'_>, &mut StreamView<'_>) -> Result<Action>;
    timer(TimerId, &mut StreamView<'_>) -> Result<Action>;
    done(&mut StreamDone<'_>) -> Result<()>;
    log(&mut StreamLog<'_>) -> Result<()>;
}

thread_local! {
    static SCRIPT: RefCell<Rc<Script>> = RefCell::default();
}

pub(crate) fn set_script(script: Script) {
    SCRIPT.set(Rc::new(script));
}

/// Runs what the script has for a callback.
macro_rules! act {
    ($callback:ident($($argument:expr),*) or $otherwise:expr) => {{
        let script = SCRIPT.with_borrow(Rc::clone);
        script.$callback.as_ref().map_or($otherwise, |act| act($($argument),*))
    }};
}

#[derive(Extension)]
#[extension(http = ScriptedStream, root)]
pub(crate) struct Scripted;

impl RootContext for Scripted {
    type Config = Vec<u8>;

    fn configure(config: Vec<u8>, cx: &mut Configure<'_>) -> Result<Self> {
        if config == b"refused" {
            return Err(Error::new("this configuration is refused"));
        }
        act!(configure(cx) or Ok(()))?;
        Ok(Scripted)
    }
}

#[callbacks]
impl RootCallbacks for Scripted {
    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        response: &HttpCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        act!(root_answer(call, response, root) or Ok(()))
    }

    fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
        act!(root_timer(timer, root) or Ok(()))
    }

    fn on_queue_ready(&mut self, queue: Queue, root: &mut RootView<'_>) -> Result<()> {
        act!(queue_ready(queue, root) or Ok(()))
    }
}

pub(crate) struct ScriptedStream;

#[callbacks]
impl HttpContext for ScriptedStream {
    type Root = Scripted;

    fn new(_root: &Scripted) -> Self {
        ScriptedStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        act!(request_headers(request) or Ok(Action::Continue))
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        act!(request_body(body) or Ok(Action::Continue))
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        act!(response_headers(response) or Ok(Action::Continue))
    }

    fn on_response_trailers(&mut self, response: &mut ResponseTrailers<'_>) -> Result<Flow> {
        act!(response_trailers(response) or Ok(Flow::Continue))
    }

    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        act!(answer(call, response, stream) or Ok(Action::Continue))
    }

    fn on_grpc_call_response(
        &mut self,
        call: GrpcCallId,
        response: &GrpcCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        act!(grpc_answer(call, response, stream) or Ok(Action::Continue))
    }

    fn on_grpc_stream_initial_metadata(
        &mut self,
        grpc: GrpcStream,
        metadata: Headers<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        act!(grpc_metadata(grpc, metadata, stream) or Ok(Action::Pause))
    }

    fn on_grpc_stream_message(
        &mut self,
        grpc: GrpcStream,
        message: &GrpcMessage<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        act!(grpc_message(grpc, message, stream) or Ok(Action::Pause))
    }

    fn on_grpc_stream_close(
        &mut self,
        grpc: GrpcStream,
        close: &GrpcClose<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        act!(grpc_close(grpc, close, stream) or Ok(Action::Pause))
    }

    fn on_timer(&mut self, timer: TimerId, stream: &mut StreamView<'_>) -> Result<Action> {
        act!(timer(timer, stream) or Ok(Action::Continue))
    }

    fn on_done(&mut self, stream: &mut StreamDone<'_>) -> Result<()> {
        act!(done(stream) or Ok(()))
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        act!(log(stream) or Ok(()))
    }
}
