//! An extension that does anything, in any order, and keeps what it reads until its callback ends.

use crate::chaos::Chaos;
use crate::coverage::Coverage;
use std::cell::RefCell;
use std::rc::Rc;
use waxwing::prelude::*;
use waxwing::{Headers, HeadersMut, InvalidHeader, log};

thread_local! {
    static CASE: RefCell<Option<(Rc<Chaos>, Rc<Coverage>)>> = const { RefCell::new(None) };
}

/// Gives the extension its decisions, for the case that runs on this thread.
pub(crate) fn set_case(case: Option<(Rc<Chaos>, Rc<Coverage>)>) {
    CASE.with(|place| *place.borrow_mut() = case);
}

fn case() -> (Rc<Chaos>, Rc<Coverage>) {
    CASE.with(|case| case.borrow().clone()).expect("a case runs")
}

fn met(what: &str) {
    case().1.met(what);
}

/// A configuration that is JSON or text, so that both kinds are refused.
pub(crate) struct Settings;

impl FromConfig for Settings {
    fn from_config(bytes: &[u8]) -> Result<Self> {
        if case().0.rarely(2) {
            String::from_config(bytes)?;
        } else {
            Json::<std::collections::BTreeMap<String, u32>>::from_config(bytes)?;
        }
        Ok(Settings)
    }
}

#[derive(Extension)]
#[extension(http = ChaoticStream)]
pub(crate) struct Chaotic;

impl RootContext for Chaotic {
    type Config = Settings;

    fn configure(_config: Settings, cx: &mut Configure<'_>) -> Result<Self> {
        met("callback configure");
        if case().0.rarely(4) {
            cx.set_log_level(LogLevel::Trace);
        }
        capabilities(cx);
        Ok(Chaotic)
    }
}

impl Drop for Chaotic {
    fn drop(&mut self) {
        log::trace!("dropped");
    }
}

pub(crate) struct ChaoticStream(u8);

impl Drop for ChaoticStream {
    fn drop(&mut self) {
        met("callback drop");
        log::debug!("dropped after {} callbacks", self.0);
    }
}

#[callbacks]
impl HttpContext for ChaoticStream {
    type Root = Chaotic;

    fn new(_root: &Chaotic) -> Self {
        met("callback new");
        log::debug!("new");
        ChaoticStream(0)
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.enter("callback on_request_headers");
        let _ = request.end_of_stream();
        capabilities(request);
        let read = read_headers(request.headers());
        write_headers(request.headers_mut());
        perhaps(|| request.resume_response());
        perhaps(|| request.reset());
        decide(read)
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        self.enter("callback on_request_body");
        let _ = (body.size(), body.end_of_stream());
        capabilities(body);
        let read = (|| {
            let start = usize::from(case().0.byte());
            let kept = (note(body.bytes())?, note(body.range(start..))?, note(body.range(..=start))?);
            note(body.append("x"))?;
            note(body.prepend("y"))?;
            note(body.replace(kept.0))?;
            note(body.resume_response())?;
            Ok(kept.1.len() + kept.2.len())
        })();
        decide(read)
    }

    fn on_request_trailers(&mut self, request: &mut RequestTrailers<'_>) -> Result<Action> {
        self.enter("callback on_request_trailers");
        let read = read_headers(request.trailers());
        write_headers(request.trailers_mut());
        perhaps(|| request.replace_held_body("z"));
        decide(read.and(note(request.held_body()).map(<[u8]>::len)))
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        self.enter("callback on_response_headers");
        let read = read_headers(response.headers());
        write_headers(response.headers_mut());
        perhaps(|| response.resume_request());
        decide(read)
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        self.enter("callback on_response_body");
        decide_late(note(body.bytes()).map(<[u8]>::len))
    }

    fn on_response_trailers(&mut self, response: &mut ResponseTrailers<'_>) -> Result<Flow> {
        self.enter("callback on_response_trailers");
        write_headers(response.trailers_mut());
        decide_late(read_headers(response.trailers()))
    }

    fn on_done(&mut self, stream: &mut StreamDone<'_>) -> Result<()> {
        self.enter("callback on_done");
        capabilities(stream);
        perhaps(|| Err(Error::new("done")));
        Ok(())
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        self.enter("callback on_log");
        read_headers(stream.request_headers())?;
        read_headers(stream.response_headers())?;
        read_headers(stream.response_trailers())?;
        Ok(())
    }
}

impl ChaoticStream {
    fn enter(&mut self, callback: &str) {
        met(callback);
        self.0 = self.0.wrapping_add(1);
    }
}

/// Reads in every way; what the first calls gave is used after the last.
fn read_headers(headers: Headers<'_>) -> Result<usize> {
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

fn write_headers(mut headers: HeadersMut<'_>) {
    let chaos = case().0;
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
fn capabilities<'cb>(view: &mut impl View<'cb>) {
    let chaos = case().0;
    let property = note(view.property(&["request", "a"]));
    let _ = note(view.property(&[]));
    let _ = note(view.set_property(&["own"], chaos.bytes()));
    let _ = note(view.current_time());
    view.log(LogLevel::Debug, "from a view");
    log::warn!("from the log crate: {property:?}");
}

fn perhaps(call: impl FnOnce() -> Result<()>) {
    if case().0.rarely(3) {
        let _ = note(call());
    }
}

fn decide(read: Result<usize>) -> Result<Action> {
    let chaos = case().0;
    match chaos.below(6) {
        0 => Ok(Action::Continue),
        1 => Ok(Action::Pause),
        2 => {
            let mut response =
                LocalResponse::new(u16::from(chaos.byte())).details("chaos").body(chaos.bytes());
            for _ in 0..chaos.below(4) {
                response = response.header(chaos.bytes(), chaos.bytes());
            }
            Ok(response.into())
        }
        3 => note("x".parse::<u32>().map_err(Error::from)).map(|_| Action::Continue),
        _ => read.map(|_| Action::Continue),
    }
}

fn decide_late(read: Result<usize>) -> Result<Flow> {
    match case().0.below(3) {
        0 => Ok(Flow::Continue),
        1 => Ok(Flow::Pause),
        _ => read.map(|_| Flow::Continue),
    }
}

/// Notes which error it is.
fn note<T>(result: Result<T>) -> Result<T> {
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
            Error::Other(_) => "error other".into(),
            other => unreachable!("no call gives {other:?}"),
        });
    }
    result
}
