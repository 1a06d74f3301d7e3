//! Root contexts with tasks that await anything, and streams of both kinds that are held, answered or admitted meanwhile.

use crate::behaviour::{Settings, met, note, perhaps};
use crate::case::case;
use crate::exchange::{Begun, act, run, soon};
use std::time::Duration;
use waxwing::exchange::{Either, join, select};
use waxwing::prelude::*;

/// What must have happened in the cases of such an extension.
pub(crate) const EXPECTED: &[&str] = &[
    "task started",
    "task ran",
    "task failed",
    "task dropped",
    "job ran",
    "held",
    "answered early",
    "admitted early",
    "answer HTTP callout",
    "answer gRPC call",
    "answer gRPC stream",
    "end of a gRPC stream",
    "time over",
    "error callout",
    "error timeout",
    "error other",
    "log the root context has failed to start",
    "log at the start",
    "log at the run",
    "host re-entered",
];

/// The same, of functions and of streams with callbacks.
pub(crate) const EXPECTED_OF_FUNCTIONS: &[&str] = &["stage request headers", "function ended"];
pub(crate) const EXPECTED_OF_STREAMS: &[&str] = &["headers of a stream", "body of a stream"];

fn while_starting() -> WhileStarting {
    match case().chaos.below(4) {
        0 => {
            met("answered early");
            WhileStarting::Respond(LocalResponse::new(503))
        }
        1 => {
            met("admitted early");
            WhileStarting::Admit
        }
        _ => {
            met("held");
            WhileStarting::Hold
        }
    }
}

async fn start(root: Root) -> Result<()> {
    let mut begun = Begun::new();
    for _ in 0..case().chaos.below(3) {
        act(&root).await?;
    }
    begun.has_ended = true;
    met("task started");
    Ok(())
}

async fn jobs(root: Root) -> Result<()> {
    let mut begun = Begun::new();
    met("task ran");
    act(&root).await?;
    let job = async || {
        met("job ran");
        act(&root).await
    };
    let every = root.every(soon() * 3 + Duration::from_millis(1), job);
    let other = act(&root);
    let result = match case().chaos.below(3) {
        0 => match select(every, other).await {
            Either::First(result) | Either::Second(result) => result,
        },
        _ => {
            let (every, other) = join(every, other).await;
            every.and(other)
        }
    };
    begun.has_ended = true;
    result
}

/// Notes how a part of a task ends.
struct Part {
    has_ended: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.has_ended {
            met("task dropped");
        }
    }
}

async fn noted(part: impl Future<Output = Result<()>>) -> Result<()> {
    let mut noted = Part { has_ended: false };
    let result = part.await;
    noted.has_ended = true;
    if result.is_err() {
        met("task failed");
    }
    result
}

macro_rules! tasked {
    ($root:ident, $policy:expr, $($streams:tt)*) => {
        #[derive(Extension, Clone)]
        #[extension($($streams)*, task)]
        pub(crate) struct $root;

        impl RootContext for $root {
            type Config = Settings;

            const ON_ERROR: ErrorPolicy = $policy;

            fn configure(_config: Settings, _cx: &mut Configure<'_>) -> Result<Self> {
                Ok($root)
            }
        }

        impl RootTask for $root {
            fn while_starting(&self) -> WhileStarting {
                while_starting()
            }

            async fn start(self, root: Root) -> Result<()> {
                noted(start(root)).await
            }

            async fn run(self, root: Root) -> Result<()> {
                noted(jobs(root)).await
            }
        }
    };
}

macro_rules! functions {
    ($root:ident, $policy:expr) => {
        tasked!($root, $policy, exchange);

        impl HttpExchange for $root {
            async fn handle(self, exchange: Exchange) -> Result<()> {
                let mut begun = Begun::new();
                let result = run(exchange).await;
                begun.has_ended = true;
                result
            }
        }
    };
}

functions!(ClosedFunctions, ErrorPolicy::FailClosed);
functions!(OpenFunctions, ErrorPolicy::FailOpen);
functions!(ResetFunctions, ErrorPolicy::Reset);

macro_rules! streams {
    ($root:ident, $stream:ident, $policy:expr) => {
        tasked!($root, $policy, http = $stream);

        pub(crate) struct $stream;

        #[callbacks]
        impl HttpContext for $stream {
            type Root = $root;

            fn new(_root: &$root) -> Self {
                $stream
            }

            fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
                met("headers of a stream");
                perhaps(|| request.headers_mut().set("x", "y"));
                match case().chaos.below(5) {
                    0 => Ok(Action::Pause),
                    1 => Ok(LocalResponse::new(403).into()),
                    2 => note(Err(Error::new("failed"))),
                    _ => Ok(Action::Continue),
                }
            }

            fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
                met("body of a stream");
                perhaps(|| body.bytes().map(drop));
                Ok(Action::Continue)
            }
        }
    };
}

streams!(ClosedStreams, ClosedStream, ErrorPolicy::FailClosed);
streams!(OpenStreams, OpenStream, ErrorPolicy::FailOpen);
streams!(ResetStreams, ResetStream, ErrorPolicy::Reset);
