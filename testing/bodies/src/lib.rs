//! An extension that wants its bodies as its configuration says, changes them, and logs what it was shown.
//!
//! Its configuration has a line for each direction, and the words for what it does there:
//!
//! ```text
//! request buffer 100 double
//! response transform halve
//! ```

use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;

/// The extension.
#[derive(Debug, Extension)]
#[extension(http = BodiesStream)]
pub struct Bodies {
    request: Wish,
    response: Wish,
}

/// What is wanted of one direction.
#[derive(Clone, Debug)]
struct Wish {
    mode: BodyMode,
    words: Rc<[String]>,
}

impl RootContext for Bodies {
    type Config = String;

    fn configure(config: String, _: &mut Configure<'_>) -> Result<Self> {
        Ok(Bodies { request: Wish::of("request", &config)?, response: Wish::of("response", &config)? })
    }
}

impl Wish {
    fn of(direction: &str, config: &str) -> Result<Wish> {
        let mut lines = config.lines().map(|line| line.split_whitespace().map(str::to_owned));
        let words: Vec<String> = lines
            .find_map(|mut words| (words.next().as_deref() == Some(direction)).then(|| words.collect()))
            .unwrap_or_default();
        let limit = words.iter().find_map(|word| word.parse().ok()).unwrap_or(1000);
        let mode = match words.first().map(String::as_str) {
            Some("chunks") => BodyMode::Chunks,
            Some("skip") | None => BodyMode::Skip,
            Some("inspect") => BodyMode::Inspect,
            Some("transform") => BodyMode::Transform,
            Some("buffer") => BodyMode::Buffer { limit },
            Some(other) => return Err(Error::new(format!("{other}: no such mode"))),
        };
        Ok(Wish { mode, words: words.into() })
    }

    fn says(&self, word: &str) -> bool {
        self.words.iter().any(|other| other == word)
    }

    /// The bytes that are to be in the place of these; the same for all ways to cut a body into pieces.
    fn changed(&self, body: &[u8]) -> Option<Vec<u8>> {
        if self.says("double") {
            Some(body.iter().flat_map(|byte| [*byte, *byte]).collect())
        } else if self.says("no-a") {
            Some(body.iter().copied().filter(|byte| *byte != b'a').collect())
        } else {
            None
        }
    }
}

/// After how long the streams go on that hold something back at its headers.
const SHORTLY: Duration = Duration::from_millis(100);

/// A stream of the extension.
#[derive(Debug)]
pub struct BodiesStream {
    request: Wish,
    response: Wish,
    /// Whether the first piece was held back, until the timer.
    request_paused: bool,
    response_paused: bool,
}

/// The value, or an error where the wish is to fail.
fn unless_failing<T>(wish: &Wish, value: T) -> Result<T> {
    if wish.says("fail") { Err(Error::new("the wish is to fail")) } else { Ok(value) }
}

#[callbacks]
impl HttpContext for BodiesStream {
    type Root = Bodies;

    fn new(root: &Bodies) -> Self {
        BodiesStream {
            request: root.request.clone(),
            response: root.response.clone(),
            request_paused: false,
            response_paused: false,
        }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        log::info!("request headers, end {}", request.end_of_stream());
        if self.request.says("skip-this") {
            self.request.mode = BodyMode::Skip;
        }
        if self.request.says("pause-headers") {
            return Ok(Action::Pause);
        }
        if self.request.says("stop-and-buffer") {
            request.set_timer(SHORTLY)?;
            return Ok(request.stop_and_buffer());
        }
        if self.request.says("stop-and-watermark") {
            request.set_timer(SHORTLY)?;
            return Ok(request.stop_and_watermark());
        }
        Ok(Action::Continue)
    }

    fn request_body_mode(&self) -> BodyMode {
        self.request.mode
    }

    fn inspect_request_body(&mut self, body: &RequestBody<'_>) -> Result<Option<LocalResponse>> {
        log::info!("request body inspected, {} bytes, end {}", body.size(), body.end_of_stream());
        let refused = self.request.says("refuse").then(|| LocalResponse::new(422).body("refused"));
        unless_failing(&self.request, refused)
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        log::info!("request body, {} bytes, end {}", body.size(), body.end_of_stream());
        if let Some(changed) = self.request.changed(body.bytes()?) {
            body.replace(changed)?;
        }
        if self.request.says("refuse") {
            return Ok(LocalResponse::new(422).body("refused").into());
        }
        if body.end_of_stream() {
            return unless_failing(&self.request, Action::Continue);
        }
        if self.request.says("pause-first") && !std::mem::replace(&mut self.request_paused, true) {
            body.set_timer(SHORTLY)?;
            return Ok(Action::Pause);
        }
        if self.request.says("watermark") {
            return Ok(body.stop_and_watermark());
        }
        if self.request.says("discard") {
            return Ok(body.stop_and_discard());
        }
        let action = if self.request.says("pause") { Action::Pause } else { Action::Continue };
        unless_failing(&self.request, action)
    }

    fn on_request_trailers(&mut self, request: &mut RequestTrailers<'_>) -> Result<Action> {
        log::info!("request trailers, {}", request.trailers().len()?);
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        log::info!("response headers, end {}", response.end_of_stream());
        if self.response.says("skip-this") {
            self.response.mode = BodyMode::Skip;
        }
        if self.response.says("pause-headers") {
            return Ok(Action::Pause);
        }
        if self.response.says("stop-and-buffer") {
            response.set_timer(SHORTLY)?;
            return Ok(response.stop_and_buffer());
        }
        if self.response.says("stop-and-watermark") {
            response.set_timer(SHORTLY)?;
            return Ok(response.stop_and_watermark());
        }
        Ok(Action::Continue)
    }

    fn on_timer(&mut self, _timer: TimerId, _stream: &mut StreamView<'_>) -> Result<Action> {
        log::info!("goes on");
        Ok(Action::Continue)
    }

    fn response_body_mode(&self) -> BodyMode {
        self.response.mode
    }

    fn inspect_response_body(&mut self, body: &ResponseBody<'_>) -> Result<()> {
        log::info!("response body inspected, {} bytes, end {}", body.size(), body.end_of_stream());
        unless_failing(&self.response, ())
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        log::info!("response body, {} bytes, end {}", body.size(), body.end_of_stream());
        if let Some(changed) = self.response.changed(body.bytes()?) {
            body.replace(changed)?;
        }
        if body.end_of_stream() {
            return unless_failing(&self.response, Flow::Continue);
        }
        if self.response.says("pause-first") && !std::mem::replace(&mut self.response_paused, true) {
            body.set_timer(SHORTLY)?;
            return Ok(Flow::Pause);
        }
        if self.response.says("watermark") {
            return Ok(body.stop_and_watermark());
        }
        if self.response.says("discard") {
            return Ok(body.stop_and_discard());
        }
        let flow = if self.response.says("pause") { Flow::Pause } else { Flow::Continue };
        unless_failing(&self.response, flow)
    }

    fn on_response_trailers(&mut self, response: &mut ResponseTrailers<'_>) -> Result<Flow> {
        log::info!("response trailers, {}", response.trailers().len()?);
        Ok(Flow::Continue)
    }
}
