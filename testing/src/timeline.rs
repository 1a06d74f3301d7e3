//! What happened between the host and the guest, in order.

mod marks;

pub(crate) use marks::Written;

use crate::host_call::{HostCall, Reply};
use crate::misuse::Misuse;
use crate::trap::Trap;
use std::fmt;
use waxwing::__private::{Callback, PeerType};
use waxwing::Status;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The host called the guest.
    Callback {
        /// Which callback.
        callback: Callback,
        /// For which context.
        context: u32,
        /// What else it passed.
        arguments: Arguments,
    },
    /// The guest called the host.
    Call {
        /// What it asked for.
        call: HostCall,
        /// What the host answered.
        answer: Result<Reply, Status>,
    },
    /// A callback returned.
    Return(Returned),
    /// The guest trapped.
    Trap(Trap),
    /// The host went on: a message was forwarded, say.
    Host(String),
    /// The guest did what a host accepts and an extension should not do.
    Misuse {
        /// What it is.
        misuse: Misuse,
        /// In words.
        text: String,
    },
    /// The call before was answered as a [`Fault`](crate::fault::Fault) wants it.
    Fault(String),
}

/// What the host passes to a callback besides the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arguments {
    /// Nothing.
    None,
    /// `on_context_create`: the root context, 0 for a root context itself.
    Parent(u32),
    /// `on_vm_start`, `on_configure`: the size of the configuration.
    Size(usize),
    /// Header callbacks.
    Headers {
        /// The number of headers.
        count: usize,
        /// Whether the message ends with them.
        end_of_stream: bool,
    },
    /// Body callbacks.
    Body {
        /// The number of bytes that the guest can read.
        size: usize,
        /// Whether the message ends with them.
        end_of_stream: bool,
    },
    /// Trailer callbacks: the number of trailers.
    Trailers(usize),
    /// Metadata callbacks: the number of entries.
    Metadata(usize),
    /// `on_queue_ready`: the queue.
    Queue(u32),
    /// The close callbacks of TCP connections: who closed it.
    Peer(PeerType),
    /// `on_http_call_response`
    HttpCall {
        /// Of which call.
        token: u32,
        /// The number of headers; 0 if the call failed.
        headers: usize,
        /// The number of bytes of the body.
        body_size: usize,
        /// The number of trailers.
        trailers: usize,
    },
    /// The gRPC callbacks but the last, and `on_resolve_dns`.
    Grpc {
        /// Of which call, stream or lookup.
        token: u32,
        /// The number of entries of metadata, or the bytes of the message.
        size: usize,
    },
    /// `on_grpc_close`
    GrpcClose {
        /// Of which call or stream.
        token: u32,
        /// The gRPC status.
        status: u32,
    },
    /// `on_foreign_function`
    Foreign {
        /// Which function.
        function: u32,
        /// The number of bytes of its argument.
        size: usize,
    },
}

/// What a callback returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Returned {
    /// It returns nothing.
    Nothing,
    /// Of `on_vm_start`, `on_configure` and `on_done`.
    Bool(bool),
    /// A `proxy_action_t`, as the guest gave it.
    Action(u32),
}

/// The callbacks and host calls of a stream, or of a root context.
///
/// It prints as a numbered list: callbacks with what they returned, and between them the host calls with
/// their answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    events: Vec<Event>,
}

impl Timeline {
    pub(crate) fn new(events: Vec<Event>) -> Self {
        Timeline { events }
    }

    /// All events, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The callbacks that were called, in order.
    pub fn callbacks(&self) -> Vec<Callback> {
        let callback = |event: &Event| match event {
            Event::Callback { callback, .. } => Some(*callback),
            _ => None,
        };
        self.events.iter().filter_map(callback).collect()
    }

    /// The host calls that were made, in order, with their answers.
    pub fn calls(&self) -> impl Iterator<Item = (&HostCall, &Result<Reply, Status>)> {
        self.events.iter().filter_map(|event| match event {
            Event::Call { call, answer } => Some((call, answer)),
            _ => None,
        })
    }

    /// What the guest did that a host accepts and an extension should not do: two local responses, say, or
    /// resuming what is not paused.
    pub fn misuses(&self) -> Vec<&str> {
        let mut misuses = Vec::new();
        for event in &self.events {
            if let Event::Misuse { text, .. } = event {
                misuses.push(text.as_str());
            }
        }
        misuses
    }

    /// As lines, without styles.
    pub(crate) fn lines(&self) -> String {
        self.events.iter().enumerate().map(|(at, event)| format!("\n{}", line(at, event))).collect()
    }

    /// For a terminal, with a heading, with styles, and without its middle if it is long. What matters for the assertion is
    /// marked.
    pub(crate) fn to_text(&self, written: Option<&Written<'_>>) -> String {
        marks::to_text(&self.events, written)
    }

    /// The same without heading and marks.
    pub(crate) fn shown(&self) -> String {
        marks::shown(&self.events, &[])
    }
}

/// An event with its number.
fn line(at: usize, event: &Event) -> String {
    format!("{:>4} {}", at + 1, event.to_string().replace('\n', "\n       "))
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timeline:{}", self.lines())
    }
}

/// Where the answers of host calls start, if the call is not longer.
const ANSWER_COLUMN: usize = 58;

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Callback { callback, context, arguments } => {
                write!(f, "{callback} #{context}{arguments}")
            }
            Event::Call { call, answer } => {
                let call = call.to_string();
                match answer {
                    Ok(reply) => write!(f, "  {call:<ANSWER_COLUMN$} -> {reply}"),
                    Err(status) => write!(f, "  {call:<ANSWER_COLUMN$} -> refused: {status}"),
                }
            }
            Event::Return(returned) => returned.fmt(f),
            Event::Trap(trap) => write!(f, "! {trap}"),
            Event::Host(text) => write!(f, "* {text}"),
            Event::Misuse { text, .. } => write!(f, "! misuse: {text}"),
            Event::Fault(text) => write!(f, "! fault: {text}"),
        }
    }
}

impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end_of_stream: bool| if end_of_stream { " end of stream" } else { "" };
        match *self {
            Arguments::None => Ok(()),
            Arguments::Parent(0) => f.write_str(" root"),
            Arguments::Parent(parent) => write!(f, " of root #{parent}"),
            Arguments::Size(size) => write!(f, " {size} bytes"),
            Arguments::Headers { count, end_of_stream } => {
                write!(f, " {count} headers{}", end(end_of_stream))
            }
            Arguments::Body { size, end_of_stream } => write!(f, " {size} bytes{}", end(end_of_stream)),
            Arguments::Trailers(count) => write!(f, " {count} trailers"),
            Arguments::Metadata(count) => write!(f, " {count} entries"),
            Arguments::Queue(queue) => write!(f, " queue {queue}"),
            Arguments::Peer(peer) => match peer.name() {
                Some(name) => write!(f, " by {}", name.to_lowercase()),
                None => write!(f, " by peer type {}", peer.0),
            },
            Arguments::HttpCall { token, headers, body_size, trailers } => {
                write!(f, " call {token}: {headers} headers, {body_size} bytes, {trailers} trailers")
            }
            Arguments::Grpc { token, size } => write!(f, " token {token}: {size}"),
            Arguments::GrpcClose { token, status } => write!(f, " token {token}: gRPC status {status}"),
            Arguments::Foreign { function, size } => write!(f, " function {function}: {size} bytes"),
        }
    }
}

impl fmt::Display for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Returned::Nothing => f.write_str("="),
            Returned::Bool(value) => write!(f, "= {value}"),
            Returned::Action(0) => f.write_str("= Continue"),
            Returned::Action(1) => f.write_str("= Pause"),
            Returned::Action(other) => write!(f, "= action {other}"),
        }
    }
}
