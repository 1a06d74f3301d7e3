//! What the cases met, and what they must have met.

use std::cell::RefCell;
use std::collections::BTreeMap;
use waxwing::__private::Callback;
use waxwing::ErrorPolicy;
use waxwing::abi::imports::NAMES;

/// What must have happened at least once in all cases together: a callback of the extension, an error that it
/// got, or a line that the SDK logged.
///
/// Left out is `OutOfMemory`: the test's allocator does not fail.
const EXPECTED: &[&str] = &[
    "callback new",
    "callback configure",
    "callback on_request_headers",
    "callback on_request_body",
    "callback on_request_trailers",
    "callback on_response_headers",
    "callback on_response_body",
    "callback on_response_trailers",
    "callback on_done",
    "callback on_log",
    "callback on_timer of a stream",
    "callback on_timer of a root context",
    "callback on_queue_ready",
    "callback on_grpc_call_response of a stream",
    "callback on_grpc_stream_initial_metadata of a stream",
    "callback on_grpc_stream_message of a stream",
    "callback on_grpc_stream_trailing_metadata of a stream",
    "callback on_grpc_stream_close of a stream",
    "callback on_grpc_call_response of a root context",
    "callback on_grpc_stream_initial_metadata of a root context",
    "callback on_grpc_stream_message of a root context",
    "callback on_grpc_stream_trailing_metadata of a root context",
    "callback on_grpc_stream_close of a root context",
    "error callout",
    "callback drop",
    "error host refusal with a known status",
    "error host refusal with an unknown status",
    "error malformed: not where the module allocated it",
    "error malformed: no number to compare by",
    "error malformed: not a truth value",
    "error malformed: not a whole number of that size",
    "error malformed: not a time",
    "error malformed: not a duration",
    "error malformed: not UTF-8 text",
    "error malformed: not a message of protocol buffers",
    "error malformed: the token of the expression has not four bytes",
    "error unknown function",
    "error malformed: the block is shorter than its count",
    "error malformed: the block is shorter than its lengths",
    "error malformed: the block is longer than its lengths say",
    "error malformed: a key or a value does not end where its length says",
    "error EmptyName",
    "error NameSeparator",
    "error ValueControlByte",
    "error metric Name",
    "error metric Label",
    "error metric Value",
    "error not text",
    "error shared data WrongType",
    "error shared data Contended",
    "error other",
    "log the stream has been answered already",
    "log the context is unknown",
    "log the queue was not registered here",
    "log the context runs already, or was never made",
    "log the context exists already",
    "log the parent is not a root context",
    "log the root context is not configured",
    "log proxy_send_local_response: ",
    "log configuration: it is empty, and JSON is expected",
    "log configuration at `a`: invalid type, expected u32",
    "log the configuration is not UTF-8 text",
    "host re-entered",
    "Request: continue",
    "Request: pause",
    "Request: an answer",
    "ResponseHeaders: continue",
    "ResponseHeaders: pause",
    "ResponseHeaders: an answer",
    "ResponseBody: continue",
    "ResponseBody: pause",
    "ResponseTrailers: continue",
    "ResponseTrailers: pause",
];

/// The same for one policy: what became of errors and of absent contexts.
fn expected_of(policy: ErrorPolicy) -> &'static [&'static str] {
    match policy {
        ErrorPolicy::FailClosed => &[
            "Request: an error was turned into an answer",
            "Request: an error after an answer was turned into pause",
            "Request: an absent context was turned into pause",
            "ResponseHeaders: an error was turned into an answer",
            "ResponseHeaders: an error after an answer was turned into continue",
            "ResponseHeaders: an absent context was turned into pause",
            "ResponseBody: an error was turned into a reset",
            "ResponseBody: an absent context was turned into pause",
            "ResponseTrailers: an error was turned into pause",
            "ResponseTrailers: an absent context was turned into pause",
        ],
        ErrorPolicy::FailOpen => &[
            "Request: an error was turned into continue",
            "Request: an absent context was turned into continue",
            "ResponseHeaders: an error was turned into continue",
            "ResponseHeaders: an absent context was turned into continue",
            "ResponseBody: an error was turned into continue",
            "ResponseBody: an absent context was turned into continue",
            "ResponseTrailers: an error was turned into continue",
            "ResponseTrailers: an absent context was turned into continue",
        ],
        ErrorPolicy::Reset => &[
            "Request: an error was turned into a reset",
            "Request: an absent context was turned into pause",
            "ResponseHeaders: an error was turned into a reset",
            "ResponseHeaders: an absent context was turned into pause",
            "ResponseBody: an error was turned into a reset",
            "ResponseBody: an absent context was turned into pause",
            "ResponseTrailers: an error was turned into pause",
            "ResponseTrailers: an absent context was turned into pause",
        ],
        other => unreachable!("{other:?} is not tested"),
    }
}

/// What must have happened in the cases of an extension with TCP connections, whatever else it has.
const EXPECTED_OF_CONNECTIONS: &[&str] = &[
    "callback new",
    "callback on_new_connection",
    "callback on_downstream_data",
    "callback on_upstream_data",
    "callback on_downstream_close",
    "callback on_upstream_close",
    "callback on_http_call_response of a connection",
    "callback on_timer of a connection",
    "callback on_grpc_call_response of a connection",
    "callback on_grpc_stream_initial_metadata of a connection",
    "callback on_grpc_stream_message of a connection",
    "callback on_grpc_stream_trailing_metadata of a connection",
    "callback on_grpc_stream_close of a connection",
    "callback on_done",
    "callback on_log of a connection",
    "callback drop",
    "error callout",
    "host re-entered",
    "Connection: continue",
    "Connection: pause",
];

/// The same for one policy.
fn expected_of_connections(policy: ErrorPolicy) -> &'static [&'static str] {
    match policy {
        ErrorPolicy::FailOpen => &[
            "Connection: an error was turned into continue",
            "Connection: an absent context was turned into continue",
        ],
        _ => &[
            "Connection: an error was turned into a reset",
            "Connection: an absent context was turned into pause",
        ],
    }
}

/// What the cases of one policy met, and how often.
pub(crate) struct Coverage {
    policy: ErrorPolicy,
    met: RefCell<BTreeMap<&'static str, u32>>,
}

impl Coverage {
    pub(crate) fn of_streams(policy: ErrorPolicy) -> Self {
        Coverage::new(policy, EXPECTED, expected_of(policy))
    }

    pub(crate) fn of_connections(policy: ErrorPolicy) -> Self {
        Coverage::new(policy, EXPECTED_OF_CONNECTIONS, expected_of_connections(policy))
    }

    /// That of an extension that asks for everything: every import, and every callback, too.
    pub(crate) fn of_callers(policy: ErrorPolicy) -> Self {
        let imports = NAMES.iter().copied();
        let callbacks = Callback::ALL.iter().map(|callback| callback.export_name());
        let expected: Vec<_> = imports.chain(callbacks).collect();
        Coverage::new(policy, crate::caller::EXPECTED, &expected)
    }

    pub(crate) fn of_modes(policy: ErrorPolicy) -> Self {
        Coverage::new(policy, crate::modes::EXPECTED, &[])
    }

    pub(crate) fn of_exchanges(policy: ErrorPolicy) -> Self {
        Coverage::new(policy, crate::exchange::EXPECTED, &[])
    }

    /// Of tasks beside functions, or beside streams with callbacks.
    pub(crate) fn of_tasks(policy: ErrorPolicy, streams: &[&'static str]) -> Self {
        Coverage::new(policy, crate::task::EXPECTED, streams)
    }

    fn new(policy: ErrorPolicy, always: &[&'static str], of_policy: &[&'static str]) -> Self {
        let expected = always.iter().chain(of_policy).map(|expected| (*expected, 0));
        Coverage { policy, met: RefCell::new(expected.collect()) }
    }

    /// Notes that something was met, if it is one of those expected, or begins with one.
    pub(crate) fn met(&self, what: &str) {
        for (_, times) in
            self.met.borrow_mut().iter_mut().filter(|(expected, _)| what.starts_with(**expected))
        {
            *times += 1;
        }
    }

    /// Notes a line of the SDK's log: what follows the callback and the context.
    pub(crate) fn logged(&self, line: &str) {
        if let Some((_, what)) = line.split_once("): ") {
            self.met(&format!("log {what}"));
        }
    }

    /// Notes an import that the host was called with, or a callback that it has called, if that is one of those expected.
    pub(crate) fn counts(&self, function: &'static str) {
        if let Some(times) = self.met.borrow_mut().get_mut(function) {
            *times += 1;
        }
    }

    /// What no case has met.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let met = self.met.borrow();
        met.iter().filter(|(_, times)| **times == 0).map(|(what, _)| *what).collect()
    }

    #[track_caller]
    pub(crate) fn assert_complete(&self) {
        let missing = self.missing();
        assert!(missing.is_empty(), "{:?}: no case met {missing:#?}", self.policy);
    }
}
