//! Sends a line of JSON for each stream to an HTTP upstream.
//!
//! Streams put their lines into a queue, which all workers share. A root context takes them out and posts them in
//! batches: when there are enough of them, or when they have waited long enough. A batch that fails is sent again, up to
//! two times, while others wait. Memory is bounded: lines that find no room are dropped, and counted in
//! `access_log_dropped_total`.
#![forbid(unsafe_code)]

mod batch;
mod config;

use batch::Batch;
use config::{Config, Field};
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::rc::Rc;
use waxwing::prelude::*;

/// One per configured plugin instance.
#[derive(Extension)]
#[extension(http = LoggedStream, root)]
struct AccessLog {
    config: Rc<Config>,
    queue: Queue,
    waiting: VecDeque<Vec<u8>>,
    sending: Option<Batch>,
    sent: Counter,
    dropped: Counter,
    /// Set when the host takes the extension out of service: what waits is sent before.
    is_ending: bool,
}

impl RootContext for AccessLog {
    type Config = Json<Config>;

    // What cannot be logged goes on all the same.
    const ON_ERROR: ErrorPolicy = ErrorPolicy::FailOpen;

    fn configure(Json(config): Json<Config>, cx: &mut Configure<'_>) -> Result<Self> {
        config.check()?;
        cx.set_interval(config.flush())?;
        Ok(AccessLog {
            config: Rc::new(config),
            queue: Queue::register(cx, "access-log")?,
            waiting: VecDeque::new(),
            sending: None,
            sent: Counter::define(cx, "access_log_sent_total", &[])?,
            dropped: Counter::define(cx, "access_log_dropped_total", &[])?,
            is_ending: false,
        })
    }
}

#[callbacks]
impl RootCallbacks for AccessLog {
    fn on_queue_ready(&mut self, _queue: Queue, root: &mut RootView<'_>) -> Result<()> {
        self.take_in(root)?;
        self.send_if_full(root)
    }

    fn on_timer(&mut self, _timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
        self.take_in(root)?;
        self.send(root)?;
        self.end_if_idle(root)
    }

    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        response: &HttpCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        let Some(mut batch) = self.sending.take_if(|batch| batch.call == Some(call)) else { return Ok(()) };
        match response.status() {
            Ok(200..=299) => self.sent.increment(batch.lines)?,
            status => {
                let reason =
                    status.map_or_else(|error| error.to_string(), |status| format!("status {status}"));
                root.log(LogLevel::Warn, &format!("a batch was not accepted: {reason}"));
                batch.call = None;
                self.keep_or_drop(batch)?;
            }
        }
        if self.is_ending {
            self.send(root)?;
            return self.end_if_idle(root);
        }
        self.send_if_full(root)
    }

    fn on_done(&mut self, root: &mut RootView<'_>) -> Result<Done> {
        self.is_ending = true;
        self.take_in(root)?;
        self.send(root)?;
        Ok(if self.is_idle() { Done::Now } else { Done::Later })
    }
}

impl AccessLog {
    /// Takes lines out of the queue, as far as there is room for them.
    fn take_in(&mut self, root: &RootView<'_>) -> Result<()> {
        for line in self.queue.drain(root) {
            if self.waiting.len() < self.config.capacity {
                self.waiting.push_back(line?.to_vec());
            } else {
                self.dropped.increment(1)?;
            }
        }
        Ok(())
    }

    /// Sends a full batch, unless there is one that has not arrived. What has failed waits for the timer.
    fn send_if_full(&mut self, root: &RootView<'_>) -> Result<()> {
        if self.sending.is_none() && self.waiting.len() >= self.config.batch {
            self.send(root)
        } else {
            Ok(())
        }
    }

    /// Sends a batch, unless one is under way: that which has failed before, or the lines that wait.
    fn send(&mut self, root: &RootView<'_>) -> Result<()> {
        let mut batch = match self.sending.take() {
            Some(batch) if batch.call.is_some() => {
                self.sending = Some(batch);
                return Ok(());
            }
            Some(batch) => batch,
            None if self.waiting.is_empty() => return Ok(()),
            None => Batch::of(&mut self.waiting, self.config.batch),
        };
        if batch.send(root, &self.config.cluster, &self.config.path) {
            self.sending = Some(batch);
            return Ok(());
        }
        self.keep_or_drop(batch)
    }

    /// Keeps a batch that has failed for the next time, unless it has failed too often.
    fn keep_or_drop(&mut self, batch: Batch) -> Result<()> {
        if batch.can_be_sent_again() {
            self.sending = Some(batch);
            return Ok(());
        }
        self.dropped.increment(batch.lines)
    }

    /// Ends what was put off until nothing was left.
    fn end_if_idle(&self, root: &mut RootView<'_>) -> Result<()> {
        if self.is_ending && self.is_idle() { root.done() } else { Ok(()) }
    }

    fn is_idle(&self) -> bool {
        self.sending.is_none() && self.waiting.is_empty()
    }
}

/// One per HTTP stream.
struct LoggedStream {
    config: Rc<Config>,
    queue: Queue,
}

#[callbacks]
impl HttpContext for LoggedStream {
    type Root = AccessLog;

    fn new(root: &AccessLog) -> Self {
        LoggedStream { config: root.config.clone(), queue: root.queue }
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        let mut line = Map::new();
        for field in &self.config.fields {
            let (name, value) = read(*field, stream)?;
            line.insert(name.to_owned(), value);
        }
        self.queue.enqueue(stream, Value::Object(line).to_string())
    }
}

/// A field of a line: its name, and its value, which is null if the stream has none.
fn read(field: Field, stream: &StreamLog<'_>) -> Result<(&'static str, Value)> {
    let text = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes));
    let header = |name: &str| Ok::<_, Error>(stream.request_headers().get(name)?.map_or(Value::Null, text));
    Ok(match field {
        Field::Time => {
            let milliseconds = u64::try_from(stream.current_time()?.as_millis()).unwrap_or(u64::MAX);
            ("time", milliseconds.into())
        }
        Field::Method => ("method", header(":method")?),
        Field::Authority => ("authority", header(":authority")?),
        Field::Path => ("path", header(":path")?),
        Field::UserAgent => ("user_agent", header("user-agent")?),
        Field::Status => {
            let status =
                stream.response_headers().get_str(":status")?.and_then(|status| status.parse::<u16>().ok());
            ("status", status.map_or(Value::Null, Value::from))
        }
    })
}

#[cfg(test)]
mod tests;
