//! An extension that does, in the right way, what crashed the extensions of others or went to the wrong stream.
//!
//! Its configuration is a list of what its root context does, one per line: `call` makes a callout, `timer 900us` and
//! `timer 60d` set timers, `timer 20ms call` makes a callout when that comes, and `timer 20ms panic` panics. A request says in its header `x-do`
//! what its stream does; see [`IncidentStream`].

use std::time::Duration;
use waxwing::prelude::*;

/// The extension.
#[derive(Debug, Extension)]
#[extension(http = IncidentStream, root)]
pub struct Incidents {
    timers: Vec<(TimerId, String)>,
}

impl RootContext for Incidents {
    type Config = String;

    fn configure(lines: String, cx: &mut Configure<'_>) -> Result<Self> {
        let mut timers = Vec::new();
        for line in lines.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["call"] => drop(HttpCall::get("authz", "/configured").send(cx)?),
                ["timer", time, ..] => timers.push((cx.set_timer(duration(time)?)?, line.to_owned())),
                _ => return Err(Error::new(format!("{line:?} is nothing to do"))),
            }
        }
        Ok(Incidents { timers })
    }
}

#[callbacks]
impl RootCallbacks for Incidents {
    fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
        let set = self.timers.iter().find(|(known, _)| *known == timer);
        let Some((_, line)) = set else { return Err(Error::new("nobody has set this timer")) };
        root.log(LogLevel::Info, line);
        assert!(!line.ends_with("panic"), "the timer has come");
        if line.ends_with("call") {
            HttpCall::get("authz", "/ticked").send(root)?;
        }
        Ok(())
    }

    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        response: &HttpCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        root.log(LogLevel::Info, &format!("the root context was answered: {}", outcome(response)?));
        Ok(())
    }
}

/// A stream, which does what the header `x-do` says:
///
/// | | |
/// |---|---|
/// | `call 200ms` | it waits for a callout that may take so long, and logs what came of it |
/// | `call-from-timer` | the same, with a callout that a timer of its makes |
/// | `chat` | it opens a gRPC stream, and makes a gRPC call when its metadata have come |
/// | `call-from-body` | it waits for a gRPC call at the end of its body |
/// | `copy` | it hands the bytes of `x-bytes` on in a callout, and those of the answer's `x-user` to the upstream |
/// | `answer` | it answers 403, and once more when that passes it |
/// | `add` | it adds a second value to headers that exist |
/// | `share` | it sets a shared value that exists, and counts |
/// | `too-late` | it asks a timer's callback for what is gone by then |
/// | `panic-on-answer` | it panics when its callout is answered |
/// | `fail-on-answer` | it returns an error then |
/// | `metric` | it defines a metric twice, with two types |
#[derive(Debug)]
pub struct IncidentStream {
    does: String,
}

#[callbacks]
impl HttpContext for IncidentStream {
    type Root = Incidents;

    fn new(_root: &Incidents) -> Self {
        IncidentStream { does: String::new() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        request.headers().get_str("x-do")?.unwrap_or_default().clone_into(&mut self.does);
        match self.does.split(' ').collect::<Vec<_>>()[..] {
            ["call", time] => {
                HttpCall::get("authz", "/check").timeout(duration(time)?).send(request)?;
                Ok(Action::Pause)
            }
            ["copy"] => {
                let bytes = request.headers().get("x-bytes")?.unwrap_or_default();
                HttpCall::post("authz", "/check", bytes).header("x-bytes", bytes).send(request)?;
                Ok(Action::Pause)
            }
            ["panic-on-answer" | "fail-on-answer"] => {
                HttpCall::get("authz", "/check").send(request)?;
                Ok(Action::Pause)
            }
            ["chat"] => {
                GrpcCall::new("chat", "acme.Chat", "Talk").message("hello").open(request)?;
                Ok(Action::Pause)
            }
            ["call-from-timer" | "too-late"] => {
                request.set_timer(Duration::from_millis(20))?;
                Ok(Action::Pause)
            }
            ["answer"] => Ok(LocalResponse::new(403).header("x-bytes", b"\xff".to_vec()).into()),
            ["add"] => {
                request.headers_mut().add("x-tag", "2")?;
                Ok(Action::Continue)
            }
            ["share"] => {
                let data = request.shared_data();
                data.set("value", "1")?;
                data.set("value", "2")?;
                let value = data.get("value")?.map_or(0, |(value, _)| value.len());
                let count = data.increment("count", 1)?;
                request.log(LogLevel::Info, &format!("{value} byte, count {count}"));
                Ok(Action::Continue)
            }
            ["metric"] => {
                let requests = Counter::define(request, "incidents", &[])?;
                requests.increment(1)?;
                let histogram = Histogram::define(request, "incidents.sizes", &[])?;
                histogram.record(1)?;
                request.log(LogLevel::Info, &format!("{} counted", requests.value()?));
                Ok(Action::Continue)
            }
            _ => Ok(Action::Continue),
        }
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        if self.does != "call-from-body" || !body.end_of_stream() {
            return Ok(Action::Continue);
        }
        GrpcCall::new("chat", "acme.Chat", "Check").message("from a body").send(body)?;
        Ok(Action::Pause)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        match &*self.does {
            "answer" => Ok(LocalResponse::new(502).into()),
            "add" => {
                response.headers_mut().add("set-cookie", "b=2")?;
                Ok(Action::Continue)
            }
            _ => Ok(Action::Continue),
        }
    }

    fn on_timer(&mut self, _timer: TimerId, stream: &mut StreamView<'_>) -> Result<Action> {
        if self.does == "call-from-timer" {
            HttpCall::get("authz", "/check").send(stream)?;
            return Ok(Action::Pause);
        }
        let refused = [
            stream.response_headers().get(":status").err(),
            stream.replace_held_response_body("x").err(),
            stream.request_trailers_mut().set("x", "y").err(),
        ];
        for error in refused {
            let text = error.map_or("nothing is wrong".to_owned(), |error| error.to_string());
            stream.log(LogLevel::Info, &text);
        }
        Ok(Action::Continue)
    }

    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        assert!(self.does != "panic-on-answer", "the answer has come");
        if self.does == "fail-on-answer" {
            return Err(Error::new("the answer has come"));
        }
        stream.log(LogLevel::Info, &format!("{} was answered: {}", self.does, outcome(response)?));
        if self.does == "copy" {
            stream.request_headers_mut().set("x-user", response.headers().get("x-user")?)?;
        }
        Ok(Action::Continue)
    }

    fn on_grpc_stream_initial_metadata(
        &mut self,
        _grpc: GrpcStream,
        _metadata: Headers<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        GrpcCall::new("chat", "acme.Chat", "Check").message("nested").send(stream)?;
        Ok(Action::Pause)
    }

    fn on_grpc_call_response(
        &mut self,
        _call: GrpcCallId,
        response: &GrpcCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        let answer = response.message()?.escape_ascii();
        stream.log(LogLevel::Info, &format!("the gRPC call was answered: {answer}"));
        Ok(if self.does == "chat" { Action::Pause } else { Action::Continue })
    }

    fn on_grpc_stream_message(
        &mut self,
        _grpc: GrpcStream,
        message: &GrpcMessage<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        stream.log(LogLevel::Info, &format!("the gRPC stream said: {}", message.bytes()?.escape_ascii()));
        Ok(Action::Pause)
    }

    fn on_grpc_stream_close(
        &mut self,
        grpc: GrpcStream,
        close: &GrpcClose<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        // Whether that is refused is up to the host; it does no harm.
        let _ = grpc.send("late");
        stream.log(LogLevel::Info, &format!("the gRPC stream ended: {}", close.status()));
        Ok(Action::Continue)
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        // Also of a stream that saw nothing else, and of one without a response.
        let path = stream.request_headers().get("x-do")?.map_or(0, <[u8]>::len);
        let status = stream.response_headers().get_str(":status")?.unwrap_or("no status");
        stream.log(LogLevel::Info, &format!("{path} bytes to do, {status}"));
        Ok(())
    }
}

/// What came of a callout, in words.
fn outcome(response: &HttpCallResponse<'_>) -> Result<String> {
    Ok(match response.error()? {
        Some(error) => error.to_string(),
        None => response.status()?.to_string(),
    })
}

/// `900us`, `200ms` or `60d`.
fn duration(text: &str) -> Result<Duration> {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let number: u64 = digits.parse()?;
    match text.get(digits.len()..) {
        Some("us") => Ok(Duration::from_micros(number)),
        Some("ms") => Ok(Duration::from_millis(number)),
        Some("d") => Ok(Duration::from_secs(24 * 3600).saturating_mul(u32::try_from(number)?)),
        _ => Err(Error::new(format!("{text:?} is no time"))),
    }
}
