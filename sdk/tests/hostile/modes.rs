//! What an extension does that says what it wants of bodies, and holds messages back in every way.

use crate::behaviour::{decide_late, met, note, perhaps};
use crate::case::case;
use waxwing::prelude::*;

/// What must have happened in the cases of such an extension.
pub(crate) const EXPECTED: &[&str] = &[
    "callback on_request_body of Chunks",
    "callback on_request_body of Transform",
    "callback on_request_body of Buffer",
    "callback on_response_body of Chunks",
    "callback on_response_body of Transform",
    "callback on_response_body of Buffer",
    "callback inspect_request_body",
    "callback inspect_response_body",
    "callback on_request_trailers",
    "callback on_response_trailers",
    "callback on_request_metadata",
    "callback on_response_metadata",
    "log the body is larger than the limit",
    "log a hold that was made for headers is returned in another phase",
    "log a body that is transformed on its way cannot be paused",
    "host re-entered",
];

/// What such a stream knows.
pub(crate) struct Modal {
    request: BodyMode,
    response: BodyMode,
    /// The bodies that were shown whole, and accepted.
    shown: [bool; 2],
    kept: Option<Action>,
}

fn any_mode() -> BodyMode {
    let chaos = case().chaos;
    match chaos.below(5) {
        0 => BodyMode::Chunks,
        1 => BodyMode::Skip,
        2 => BodyMode::Inspect,
        3 => BodyMode::Transform,
        _ => BodyMode::Buffer { limit: usize::from(chaos.byte()) },
    }
}

fn name(mode: BodyMode) -> &'static str {
    match mode {
        BodyMode::Transform => "Transform",
        BodyMode::Buffer { .. } => "Buffer",
        _ => "Chunks",
    }
}

impl Modal {
    pub(crate) fn new() -> Self {
        Modal { request: any_mode(), response: any_mode(), shown: [false; 2], kept: None }
    }

    fn decide(&mut self, hold: Action, other: Action) -> Result<Action> {
        match case().chaos.below(7) {
            0 => Ok(Action::Continue),
            1 => Ok(Action::Pause),
            2 => Ok(hold),
            3 => Ok(other),
            4 => Ok(LocalResponse::new(400)
                .grpc_status(GrpcStatus::INVALID_ARGUMENT)
                .grpc_details("details")
                .into()),
            // One that was made elsewhere.
            5 => Ok(self.kept.take().unwrap_or(Action::Continue)),
            _ => Err(Error::new("failed")),
        }
    }

    pub(crate) fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        perhaps(|| request.headers().byte_size().map(drop));
        self.kept = Some(request.stop_and_buffer());
        self.decide(request.stop_and_buffer(), request.stop_and_watermark())
    }

    pub(crate) fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        self.decide(response.stop_and_buffer(), response.stop_and_watermark())
    }

    pub(crate) fn request_mode(&self) -> BodyMode {
        self.request
    }

    pub(crate) fn response_mode(&self) -> BodyMode {
        self.response
    }

    pub(crate) fn inspect_request_body(&mut self, body: &RequestBody<'_>) -> Result<Option<LocalResponse>> {
        met("callback inspect_request_body");
        let read = note(body.bytes())?.len();
        Ok((read % 4 == 3).then(|| LocalResponse::new(403)))
    }

    pub(crate) fn inspect_response_body(&mut self, body: &ResponseBody<'_>) -> Result<()> {
        met("callback inspect_response_body");
        note(body.buffered()).map(drop)
    }

    pub(crate) fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        met(&format!("callback on_request_body of {}", name(self.request)));
        let is_whole = matches!(self.request, BodyMode::Buffer { .. });
        assert!(!is_whole || !self.shown[0], "a body is shown whole once");
        perhaps(|| body.replace("changed"));
        let decision = self.decide(body.stop_and_discard(), body.stop_and_watermark());
        self.shown[0] = decision.is_ok();
        decision
    }

    pub(crate) fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        met(&format!("callback on_response_body of {}", name(self.response)));
        let is_whole = matches!(self.response, BodyMode::Buffer { .. });
        assert!(!is_whole || !self.shown[1], "a body is shown whole once");
        let decision = match case().chaos.below(4) {
            0 => Ok(body.stop_and_discard()),
            1 => Ok(body.stop_and_watermark()),
            _ => decide_late(note(body.bytes()).map(<[u8]>::len)),
        };
        self.shown[1] = decision.is_ok();
        decision
    }
}

macro_rules! modal {
    ($root:ident, $stream:ident, $policy:expr) => {
        #[derive(Extension)]
        #[extension(http = $stream)]
        pub(crate) struct $root;

        impl RootContext for $root {
            type Config = ();

            const ON_ERROR: ErrorPolicy = $policy;

            fn configure(_config: (), cx: &mut Configure<'_>) -> Result<Self> {
                // Whatever number the host says.
                perhaps(|| cx.host_log_level().map(drop));
                perhaps(|| cx.follow_host_log_level());
                cx.set_log_level(LogLevel::Info);
                Ok($root)
            }
        }

        pub(crate) struct $stream(Modal);

        #[callbacks]
        impl HttpContext for $stream {
            type Root = $root;

            fn new(_root: &$root) -> Self {
                $stream(Modal::new())
            }

            fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
                self.0.on_request_headers(request)
            }

            fn request_body_mode(&self) -> BodyMode {
                self.0.request_mode()
            }

            fn inspect_request_body(&mut self, body: &RequestBody<'_>) -> Result<Option<LocalResponse>> {
                self.0.inspect_request_body(body)
            }

            fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
                self.0.on_request_body(body)
            }

            fn on_request_trailers(&mut self, _request: &mut RequestTrailers<'_>) -> Result<Action> {
                met("callback on_request_trailers");
                Ok(Action::Continue)
            }

            fn on_request_metadata(&mut self, _count: usize, stream: &mut StreamView<'_>) -> Result<()> {
                met("callback on_request_metadata");
                note(stream.held_request_body_size()).map(drop)
            }

            fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
                self.0.on_response_headers(response)
            }

            fn response_body_mode(&self) -> BodyMode {
                self.0.response_mode()
            }

            fn inspect_response_body(&mut self, body: &ResponseBody<'_>) -> Result<()> {
                self.0.inspect_response_body(body)
            }

            fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
                self.0.on_response_body(body)
            }

            fn on_response_trailers(&mut self, _response: &mut ResponseTrailers<'_>) -> Result<Flow> {
                met("callback on_response_trailers");
                Ok(Flow::Continue)
            }

            fn on_response_metadata(&mut self, _count: usize, _stream: &mut StreamView<'_>) -> Result<()> {
                met("callback on_response_metadata");
                Err(Error::new("metadata"))
            }
        }
    };
}

modal!(ClosedModes, ClosedModesStream, ErrorPolicy::FailClosed);
modal!(OpenModes, OpenModesStream, ErrorPolicy::FailOpen);
modal!(ResetModes, ResetModesStream, ErrorPolicy::Reset);
