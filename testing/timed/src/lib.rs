//! An extension that sets timers as it is told, and logs what comes of them.
//!
//! Its configuration is a list of timers, one per line, in milliseconds: `once 50`, `every 100`, or
//! `every 100 cancels 3` for an interval that ends itself when it comes the third time. Each logs its line.
//!
//! A request with the header `x-wait` is held back for as many milliseconds, and with `x-answer` as well it is
//! answered then.

use std::time::Duration;
use waxwing::prelude::*;

/// The extension.
#[derive(Debug, Extension)]
#[extension(http = TimedStream, root)]
pub struct Timed {
    timers: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    timer: TimerId,
    line: String,
    /// How often it comes yet, if that is limited.
    left: Option<u32>,
}

impl RootContext for Timed {
    type Config = String;

    fn configure(timers: String, cx: &mut Configure<'_>) -> Result<Self> {
        let start = |line: &str| {
            let words: Vec<_> = line.split_whitespace().collect();
            let (timer, left) = match words[..] {
                ["once", after] => (cx.set_timer(milliseconds(after)?)?, None),
                ["every", period] => (cx.set_interval(milliseconds(period)?)?, None),
                ["every", period, "cancels", times] => {
                    (cx.set_interval(milliseconds(period)?)?, Some(times.parse()?))
                }
                _ => return Err(Error::new(format!("{line:?} is not a timer"))),
            };
            Ok(Running { timer, line: line.to_owned(), left })
        };
        Ok(Timed { timers: timers.lines().map(start).collect::<Result<_>>()? })
    }
}

#[callbacks]
impl RootCallbacks for Timed {
    fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
        let running = self.timers.iter_mut().find(|running| running.timer == timer);
        let Some(running) = running else { return Err(Error::new("nobody has set this timer")) };
        root.log(LogLevel::Info, &running.line);
        running.left = running.left.map(|left| left.saturating_sub(1));
        if running.left == Some(0) {
            let ended = [root.cancel_timer(timer), root.cancel_timer(timer)];
            if ended != [true, false] {
                return Err(Error::new("a timer ends once"));
            }
        }
        Ok(())
    }
}

/// A stream of the extension.
#[derive(Debug)]
pub struct TimedStream {
    waits: Option<TimerId>,
    answers: bool,
}

#[callbacks]
impl HttpContext for TimedStream {
    type Root = Timed;

    fn new(_root: &Timed) -> Self {
        TimedStream { waits: None, answers: false }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let headers = request.headers();
        let Some(wait) = headers.get_str("x-wait")? else { return Ok(Action::Continue) };
        self.answers = headers.get("x-answer")?.is_some();
        self.waits = Some(request.set_timer(milliseconds(wait)?)?);
        Ok(Action::Pause)
    }

    fn on_timer(&mut self, timer: TimerId, stream: &mut StreamView<'_>) -> Result<Action> {
        if self.waits != Some(timer) {
            return Err(Error::new("nobody has set this timer"));
        }
        if self.answers {
            return Ok(LocalResponse::new(504).body("it took too long").into());
        }
        stream.request_headers_mut().set("x-waited", "1")?;
        stream.log(LogLevel::Info, "goes on");
        Ok(Action::Continue)
    }
}

fn milliseconds(word: &str) -> Result<Duration> {
    Ok(Duration::from_millis(word.parse()?))
}
