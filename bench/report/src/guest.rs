//! The guests that are measured, and what the design promises of each.

use crate::async_callout::AskAndWait;
use crate::attributes::Read;
use crate::callout::Ask;
use crate::counter::Measure;
use crate::do_nothing::DoNothing;
use crate::headers::Rewrite;
use crate::local_response::Deny;
use crate::measurement::allocations;
use crate::read_headers::Scan;
use crate::shared_counter::Count;
use waxwing::__private::Callback;

/// A guest: a row of [`GUESTS`] is all that it needs, and for its allocations its module in `main.rs`.
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
    /// What follows its package in a sentence.
    pub(crate) does: &'static str,
    /// The callbacks that hold the stream back.
    pub(crate) holds: &'static [Callback],
    /// The functions of the proxy that it calls itself.
    pub(crate) calls: &'static [&'static str],
    pub(crate) instructions: Promise,
    /// Of its module.
    pub(crate) bytes: Option<Promise>,
    /// The allocations of a stream, which are counted natively.
    pub(crate) allocations: Option<(fn() -> u64, Promise)>,
}

/// What a number may be.
pub(crate) struct Promise {
    /// The most that it may be.
    pub(crate) budget: u64,
    /// What a guest written by hand, without any SDK, needs.
    pub(crate) limit: &'static str,
    /// What `proxy-wasm` 0.2.5 needs.
    pub(crate) incumbent: &'static str,
}

const fn promise(budget: u64, limit: &'static str, incumbent: &'static str) -> Promise {
    Promise { budget, limit, incumbent }
}

/// All guests; of the first, memory is measured too.
pub(crate) const GUESTS: &[Guest] = &[
    Guest {
        name: "doing nothing",
        package: "bench-do-nothing",
        does: "implements all callbacks of a stream and does nothing in them",
        holds: &[],
        calls: &[],
        instructions: promise(350, "11", "1,245"),
        bytes: None,
        allocations: Some((|| allocations::<DoNothing>(&[]), promise(0, "0", "2"))),
    },
    Guest {
        name: "headers",
        package: "bench-headers",
        does: "reads one request header; on the response it adds one header and removes one",
        holds: &[],
        calls: HEADERS,
        instructions: promise(400, "75", "1,732"),
        bytes: Some(promise(40_000, "539", "113,321")),
        allocations: Some((|| allocations::<Rewrite>(&[]), promise(0, "0", "2 + 2 per header"))),
    },
    Guest {
        name: "headers, `no_std`",
        package: "bench-headers-no-std",
        does: "is the same extension without `std`, with the allocator `rlsf`, which frees",
        holds: &[],
        calls: HEADERS,
        instructions: promise(400, "75", "1,732"),
        bytes: Some(promise(20_000, "539", "–")),
        allocations: None,
    },
    Guest {
        name: "callout",
        package: "bench-callout",
        does: "pauses each request, asks an upstream about it, and resumes it with the answer",
        holds: REQUEST,
        calls: &[
            "proxy_http_call",
            "proxy_get_header_map_value",
            "proxy_get_buffer_bytes",
            "proxy_set_effective_context",
            "proxy_continue_stream",
            "proxy_send_local_response",
        ],
        instructions: promise(1_000, "125", "4,072"),
        bytes: None,
        allocations: Some((|| allocations::<Ask>(REQUEST), promise(0, "0", "–"))),
    },
    Guest {
        name: "callout, async",
        package: "bench-async-callout",
        does: "is the same as one function, an exchange",
        holds: REQUEST,
        calls: &[
            "proxy_http_call",
            "proxy_get_header_map_value",
            // For a reply that is still there at the next await.
            "proxy_get_header_map_pairs",
            "proxy_get_buffer_bytes",
            "proxy_set_effective_context",
            "proxy_continue_stream",
            "proxy_send_local_response",
        ],
        instructions: promise(2_500, "125", "–"),
        // The design asks for at most 14 KB more than the module of the callout in callback form has.
        bytes: Some(promise(68_200, "–", "–")),
        // The function's state, unless it has the memory of the exchange before.
        allocations: Some((|| allocations::<AskAndWait>(REQUEST), promise(1, "0", "–"))),
    },
    Guest {
        name: "shared counter",
        package: "bench-shared-counter",
        does: "adds 1 to a number in shared data with every request, by compare and swap",
        holds: &[],
        calls: &["proxy_get_shared_data", "proxy_set_shared_data"],
        instructions: promise(500, "90", "1,495"),
        bytes: None,
        allocations: Some((|| allocations::<Count>(&[]), promise(0, "0", "–"))),
    },
    Guest {
        name: "attributes",
        package: "bench-attributes",
        does: "reads five attributes of each request: the method, the client's address and port, whether mutual TLS was \
               used, and the time",
        holds: &[],
        calls: &["proxy_get_property"],
        instructions: promise(800, "245", "6,781"),
        bytes: None,
        allocations: Some((|| allocations::<Read>(&[]), promise(0, "0", "–"))),
    },
    Guest {
        name: "all headers",
        package: "bench-read-headers",
        does: "reads all 20 headers of the request, and counts some",
        holds: &[],
        calls: &["proxy_get_header_map_pairs"],
        // The design asks for 1,500. What is left are the checks of each length, once when the block comes and once
        // when it is read.
        instructions: promise(2_900, "759", "25,340"),
        bytes: None,
        allocations: Some((|| allocations::<Scan>(&[]), promise(0, "0", "2 + 2 per header"))),
    },
    Guest {
        name: "counter",
        package: "bench-counter",
        does: "counts its streams in a metric, by the handle that each of them has",
        holds: &[],
        calls: &["proxy_define_metric", "proxy_increment_metric"],
        instructions: promise(250, "6", "1,612"),
        bytes: None,
        // Its own state.
        allocations: Some((|| allocations::<Measure>(&[]), promise(1, "0", "–"))),
    },
    Guest {
        name: "local response",
        package: "bench-local-response",
        does: "answers each request itself, with a header and a body",
        holds: REQUEST,
        calls: &["proxy_send_local_response"],
        instructions: promise(300, "11", "1,696"),
        bytes: None,
        allocations: Some((|| allocations::<Deny>(REQUEST), promise(0, "0", "–"))),
    },
];

const REQUEST: &[Callback] = &[Callback::RequestHeaders];

const HEADERS: &[&str] =
    &["proxy_get_header_map_value", "proxy_add_header_map_value", "proxy_remove_header_map_value"];

/// What the memory of the first guest may be with [`OPEN_STREAMS`](crate::measurement::OPEN_STREAMS), in KiB.
pub(crate) const MEMORY: Promise = promise(640, "64", "1,472");

/// How many functions any guest may import that neither it nor the SDK calls.
pub(crate) const UNUSED: Promise = promise(0, "0", "24 to 32");
