//! What the cases met, and what they must have met.

use std::cell::RefCell;
use std::collections::BTreeSet;

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
    "callback drop",
    "error host refusal with a known status",
    "error host refusal with an unknown status",
    "error malformed: it is not where the module allocated it",
    "error malformed: the block is shorter than its count",
    "error malformed: the block is shorter than its lengths",
    "error malformed: the block is longer than its lengths say",
    "error malformed: a key or a value does not end where its length says",
    "error EmptyName",
    "error NameSeparator",
    "error ValueControlByte",
    "error not text",
    "error other",
    "log the stream has been answered already",
    "log the context is unknown",
    "log the context is running already, or was never made",
    "log the context exists already",
    "log the parent is not a root context",
    "log the root context has no accepted configuration",
    "log proxy_send_local_response: internal failure",
    "log configuration: it is empty, and JSON is expected",
    "log configuration at `a`: invalid type, expected u32",
    "log the configuration is not UTF-8 text",
    "host re-entered",
];

#[derive(Default)]
pub(crate) struct Coverage(RefCell<BTreeSet<&'static str>>);

impl Coverage {
    /// Notes that something was met, if it is one of those expected, or begins with one.
    pub(crate) fn met(&self, what: &str) {
        for expected in EXPECTED.iter().filter(|expected| what.starts_with(**expected)) {
            self.0.borrow_mut().insert(expected);
        }
    }

    /// Notes a line of the SDK's log: what follows the callback and the context.
    pub(crate) fn logged(&self, line: &str) {
        if let Some((_, what)) = line.split_once("): ") {
            self.met(&format!("log {what}"));
        }
    }

    #[track_caller]
    pub(crate) fn assert_complete(&self) {
        let met = self.0.borrow();
        let missing: Vec<_> = EXPECTED.iter().filter(|expected| !met.contains(**expected)).collect();
        assert!(missing.is_empty(), "no case met {missing:#?}");
    }
}
