//! What an extension does: anything, in any order, keeping what it reads until its callback ends.

use crate::case::case;
use crate::knowledge::know;
use crate::ledger::Outcome;
use crate::sharing::share;
use waxwing::prelude::*;
use waxwing::{Headers, HeadersMut, HistogramFamily, InvalidHeader, log};

/// Timers that come soon.
macro_rules! timers {
    ($view:expr) => {
        let time = std::time::Duration::from_micros(case().chaos.byte().into());
        if let Ok(timer) = note($view.set_timer(time * 20)) {
            if case().chaos.rarely(4) {
                $view.cancel_timer(timer);
            }
        }
        perhaps(|| $view.set_interval(time).map(drop));
    };
}

pub(crate) use timers;

pub(crate) fn met(what: &str) {
    case().coverage.met(what);
}

/// A configuration that is JSON or text, so that both kinds are refused.
pub(crate) struct Settings;

impl FromConfig for Settings {
    fn from_config(bytes: &[u8]) -> Result<Self> {
        if case().chaos.rarely(2) {
            String::from_config(bytes)?;
        } else {
            Json::<std::collections::BTreeMap<String, u32>>::from_config(bytes)?;
        }
        Ok(Settings)
    }
}

/// What every root context has.
pub(crate) struct AnyRoot;

impl AnyRoot {
    pub(crate) fn configure(_config: Settings, cx: &mut Configure<'_>) -> Self {
        met("callback configure");
        if case().chaos.rarely(4) {
            cx.set_log_level(LogLevel::Trace);
        }
        capabilities(cx);
        timers!(cx);
        AnyRoot
    }

    pub(crate) fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
        met("callback on_timer of a root context");
        capabilities(root);
        timers!(root);
        if case().chaos.rarely(3) {
            root.cancel_timer(timer);
        }
        perhaps(|| Err(Error::new("timer")));
        Ok(())
    }
}

impl Drop for AnyRoot {
    fn drop(&mut self) {
        log::trace!("dropped");
    }
}

/// What every stream has: the number of its callbacks.
pub(crate) struct AnyStream(u8);

impl Drop for AnyStream {
    fn drop(&mut self) {
        met("callback drop");
        log::debug!("dropped after {} callbacks", self.0);
    }
}

impl AnyStream {
    pub(crate) fn new() -> Self {
        met("callback new");
        case().ledger.made();
        log::debug!("new");
        AnyStream(0)
    }

    pub(crate) fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.enter("callback on_request_headers");
        let _ = request.end_of_stream();
        capabilities(request);
        crate::grpc::open(request);
        let read = read_headers(request.headers());
        write_headers(request.headers_mut());
        perhaps(|| request.resume_response());
        perhaps(|| request.reset());
        timers!(request);
        decide(read)
    }

    pub(crate) fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        self.enter("callback on_request_body");
        let _ = (body.size(), body.end_of_stream());
        capabilities(body);
        crate::grpc::open(body);
        let read = (|| {
            let start = usize::from(case().chaos.byte());
            let kept = (note(body.bytes())?, note(body.range(start..))?, note(body.range(..=start))?);
            note(body.append("x"))?;
            note(body.prepend("y"))?;
            note(body.replace(kept.0))?;
            note(body.resume_response())?;
            Ok(kept.1.len() + kept.2.len())
        })();
        decide(read)
    }

    pub(crate) fn on_request_trailers(&mut self, request: &mut RequestTrailers<'_>) -> Result<Action> {
        self.enter("callback on_request_trailers");
        let read = read_headers(request.trailers());
        write_headers(request.trailers_mut());
        perhaps(|| request.replace_held_body("z"));
        decide(read.and(note(request.held_body()).map(<[u8]>::len)))
    }

    pub(crate) fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        self.enter("callback on_response_headers");
        let read = read_headers(response.headers());
        write_headers(response.headers_mut());
        perhaps(|| response.resume_request());
        timers!(response);
        decide(read)
    }

    pub(crate) fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        self.enter("callback on_response_body");
        decide_late(note(body.bytes()).map(<[u8]>::len))
    }

    pub(crate) fn on_response_trailers(&mut self, response: &mut ResponseTrailers<'_>) -> Result<Flow> {
        self.enter("callback on_response_trailers");
        write_headers(response.trailers_mut());
        decide_late(read_headers(response.trailers()))
    }

    pub(crate) fn on_timer(&mut self, timer: TimerId, stream: &mut StreamView<'_>) -> Result<Action> {
        self.enter("callback on_timer of a stream");
        capabilities(stream);
        timers!(stream);
        stream.cancel_timer(timer);
        let read = read_headers(stream.request_headers()).and(read_headers(stream.response_headers()));
        write_headers(stream.request_headers_mut());
        perhaps(|| stream.replace_held_response_body("z"));
        perhaps(|| stream.resume_request());
        perhaps(|| stream.reset());
        decide(read.and(note(stream.held_request_body()).map(<[u8]>::len)))
    }

    pub(crate) fn on_done(&mut self, stream: &mut StreamDone<'_>) -> Result<()> {
        self.enter("callback on_done");
        capabilities(stream);
        perhaps(|| Err(Error::new("done")));
        Ok(())
    }

    pub(crate) fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        self.enter("callback on_log");
        read_headers(stream.request_headers())?;
        read_headers(stream.response_headers())?;
        read_headers(stream.response_trailers())?;
        Ok(())
    }

    pub(crate) fn enter(&mut self, callback: &str) {
        met(callback);
        self.0 = self.0.wrapping_add(1);
    }
}

/// Reads in every way; what the first calls gave is used after the last.
pub(crate) fn read_headers(headers: Headers<'_>) -> Result<usize> {
    let first = note(headers.get("a"))?;
    let text = note(headers.get_str("b"))?;
    let all = note(headers.iter())?;
    let values: Vec<_> = note(headers.get_all("A"))?.collect();
    let count = note(headers.len())?;
    let _ = format!("{all:?}");
    Ok(first.map_or(0, <[u8]>::len)
        + text.map_or(0, str::len)
        + all.map(|(name, value)| name.len() + value.len()).sum::<usize>()
        + values.concat().len()
        + count
        + usize::from(note(headers.is_empty())?))
}

pub(crate) fn write_headers(mut headers: HeadersMut<'_>) {
    let chaos = case().chaos;
    let (name, value) = (chaos.bytes(), chaos.bytes());
    let _ = note(headers.set(&name, &value));
    let _ = note(headers.set("x", None::<&str>));
    let _ = note(headers.add(&name, "fixed"));
    let _ = note(headers.remove(&name));
    let _ = note(headers.replace_all([(&name, &value), (&value, &name)]));
    let _ = note(headers.set("", "v"));
    let _ = note(headers.set("a\r\nb", "v"));
    let _ = note(headers.set("a", "v\nw"));
}

/// What every view can do.
pub(crate) fn capabilities<'cb>(view: &mut impl View<'cb>) {
    let chaos = case().chaos;
    let property = note(view.property(&["request", "a"]));
    let _ = note(view.property(&[]));
    let _ = note(view.set_property(&["own"], chaos.bytes()));
    let _ = note(view.current_time());
    share(view);
    know(view);
    crate::grpc::call(view);
    perhaps(|| metrics(view));
    view.log(LogLevel::Debug, "from a view");
    log::warn!("from the log crate: {property:?}");
}

pub(crate) fn metrics<'cb>(view: &impl View<'cb>) -> Result<()> {
    let chaos = case().chaos;
    let (name, value) = (chaos.bytes(), chaos.bytes());
    let (name, value) = (String::from_utf8_lossy(&name), String::from_utf8_lossy(&value));
    let _ = note(Gauge::define(view, "level", &[("1", "x")]));
    let _ = note(note(Counter::define(view, &name, &[("l", "v")]))?.increment(u64::MAX));
    let gauge = note(Gauge::define(view, "level", &[("l", &value)]))?;
    let _ = note(gauge.increment(u64::from(chaos.byte())));
    let _ = note(gauge.decrement(u64::MAX));
    let _ = note(gauge.value().map(|value| value.wrapping_add(1)));
    let family = HistogramFamily::new("size", ["l"]).limit(usize::from(chaos.below(2)));
    for value in [&*value, "a", "b", "a"] {
        note(note(family.with(view, [value]))?.record(u64::from(chaos.byte())))?;
    }
    Ok(())
}

pub(crate) fn perhaps(call: impl FnOnce() -> Result<()>) {
    if case().chaos.rarely(3) {
        let _ = note(call());
    }
}

/// The last that a callback does.
pub(crate) fn decide(read: Result<usize>) -> Result<Action> {
    let chaos = case().chaos;
    let decision = match chaos.below(6) {
        0 => Ok(Action::Continue),
        1 => Ok(Action::Pause),
        2 | 3 => {
            let mut response =
                LocalResponse::new(u16::from(chaos.byte())).details("chaos").body(chaos.bytes());
            for _ in 0..chaos.below(4) {
                let name = if chaos.rarely(4) { chaos.bytes() } else { b"x".to_vec() };
                response = response.header(name, chaos.bytes());
            }
            Ok(response.into())
        }
        4 => note("x".parse::<u32>().map_err(Error::from)).map(|_| Action::Continue),
        _ => read.map(|_| Action::Continue),
    };
    case().ledger.returned(match &decision {
        Ok(Action::Continue) => Outcome::Continue,
        Ok(Action::Pause | Action::Hold(_)) => Outcome::Pause,
        Ok(Action::Respond(_)) => Outcome::Respond,
        Err(_) => Outcome::Error,
    });
    decision
}

/// The same in a root context, where there is nothing to decide.
pub(crate) fn finish(read: Result<usize>) -> Result<()> {
    perhaps(|| Err(Error::new("root")));
    read.map(drop)
}

/// The same, where it is too late for an answer.
pub(crate) fn decide_late(read: Result<usize>) -> Result<Flow> {
    let decision = match case().chaos.below(4) {
        0 => Ok(Flow::Continue),
        1 => Ok(Flow::Pause),
        2 => note(Err(Error::new("late"))),
        _ => read.map(|_| Flow::Continue),
    };
    case().ledger.returned(match decision {
        Ok(Flow::Continue) => Outcome::Continue,
        Ok(Flow::Pause | Flow::Hold(_)) => Outcome::Pause,
        Err(_) => Outcome::Error,
    });
    decision
}

/// Notes which error it is.
pub(crate) fn note<T>(result: Result<T>) -> Result<T> {
    if let Err(error) = &result {
        let _ = error.to_string();
        met(&match error {
            Error::Host { status, .. } if status.text().is_some() => {
                "error host refusal with a known status".into()
            }
            Error::Host { .. } => "error host refusal with an unknown status".into(),
            Error::Malformed { problem, .. } => format!("error malformed: {problem}"),
            Error::InvalidHeader(
                invalid @ (InvalidHeader::EmptyName
                | InvalidHeader::NameSeparator
                | InvalidHeader::ValueControlByte),
            ) => format!("error {invalid:?}"),
            Error::NotText => "error not text".into(),
            Error::Call { .. } => "error callout".into(),
            Error::SharedData { error, .. } => format!("error shared data {error:?}"),
            Error::InvalidMetric { error, .. } => format!("error metric {error:?}"),
            Error::Unresolved { .. } => "error DNS lookup".into(),
            Error::UnknownFunction { .. } => "error unknown function".into(),
            Error::Other(_) => "error other".into(),
            Error::TimedOut { .. } => "error timeout".into(),
            Error::BodyTooLarge { .. } => "error body".into(),
            Error::ResponseBegun { .. } => "error response begun".into(),
            other => unreachable!("no call gives {other:?}"),
        });
    }
    result
}
