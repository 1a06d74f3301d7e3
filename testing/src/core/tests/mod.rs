//! The model against a guest that does anything: the reference's rows, one test each.

mod body;
mod buffers;
mod callout;
mod contexts;
mod grpc;
mod headers;
mod local_response;
mod metric;
mod misuse;
mod pause;
mod properties;
mod reload;
mod remains;
mod root;
mod route;
mod shared_data;
mod shared_queue;
mod ticks;
mod trap;
mod upstream;
mod workers;

use super::script::{Script, reply};
use crate::{Arguments, EndOfStream, Event, Host, HttpStream, Outcome, Phase, Request, Response};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use waxwing::__private::{Answer, BufferType, Callback, MapType, StreamType};
use waxwing::Status;

const CONTINUE: u32 = 0;
const PAUSE: u32 = 1;

/// The callbacks of a message's way, in both directions.
const WAY: [Callback; 6] = [
    Callback::RequestHeaders,
    Callback::RequestBody,
    Callback::RequestTrailers,
    Callback::ResponseHeaders,
    Callback::ResponseBody,
    Callback::ResponseTrailers,
];

/// The callbacks that end a stream.
const END: [Callback; 3] = [Callback::Log, Callback::Done, Callback::Delete];

/// What handlers note, to be looked at after the run.
type Notes<T> = Rc<RefCell<Vec<T>>>;

fn notes<T>() -> Notes<T> {
    Rc::default()
}

/// The callbacks of a stream with their arguments, in order.
fn shown(stream: &HttpStream) -> Vec<(Callback, Arguments)> {
    let events = stream.timeline().events().to_vec();
    let callback = |event| match event {
        Event::Callback { callback, arguments, .. } => Some((callback, arguments)),
        _ => None,
    };
    events.into_iter().filter_map(callback).collect()
}

fn headers(count: usize, end_of_stream: bool) -> Arguments {
    Arguments::Headers { count, end_of_stream }
}

fn body(size: usize, end_of_stream: bool) -> Arguments {
    Arguments::Body { size, end_of_stream }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The message with which this fails.
fn failure<T>(run: impl FnOnce() -> T) -> String {
    let result = catch_unwind(AssertUnwindSafe(run));
    let panic = result.err().expect("it should have failed");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().expect("it says why")).to_owned(),
    }
}

/// A request with a body of two pieces, and trailers.
fn full_request() -> Request {
    Request::post("/").chunks(["ab", "cde"]).trailer("x-sum", "5")
}
