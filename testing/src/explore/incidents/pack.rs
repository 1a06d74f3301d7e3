//! The incidents.

use super::incident::Incident;
use super::{callout, host, life, message};

/// All incidents of the pack.
pub const INCIDENTS: &[Incident] = &[
    Incident::new(
        "no-text",
        "headers hold bytes that are no text",
        "proxy-wasm-rust-sdk 25, 26, 187, 188, 217, 263, 287, 328; higress 1280",
        message::bytes_that_are_no_text,
    ),
    Incident::new(
        "twice",
        "each header comes twice, once without a value",
        "proxy-wasm-go-sdk proxytest; proxy-wasm test-framework",
        message::headers_twice,
    ),
    Incident::new(
        "large-body",
        "bodies are larger than what the proxy holds back",
        "envoy 14856",
        message::bodies_beyond_the_limit,
    ),
    Incident::new(
        "no-body",
        "responses end with their headers",
        "proxy-wasm-rust-sdk 14; proxy-wasm-cpp-sdk 127",
        message::responses_without_body,
    ),
    Incident::new(
        "trailers",
        "trailers end the bodies, and no piece does",
        "proxy-wasm-rust-sdk 14, 32, 166, 180; proxy-wasm-go-sdk 117",
        message::trailers_end_bodies,
    ),
    Incident::new(
        "content-length",
        "messages say how long their bodies are",
        "proxy-wasm-rust-sdk 219; proxy-wasm-cpp-sdk 146; higress 546",
        message::lengths_of_changed_bodies,
    ),
    Incident::new(
        "upstream-breaks",
        "the upstream closes the connection before its response, and in the middle of it",
        "envoy 16726; proxy-wasm-rust-sdk 82",
        message::upstream_breaks,
    ),
    Incident::new(
        "callout-fails",
        "a callout breaks off, and its callback has no headers",
        "proxy-wasm-go-sdk 217; ngx_wasm_module 622, 625",
        callout::fails,
    ),
    Incident::new("callout-times-out", "a callout ends with 504", "ngx_wasm_module 622", callout::times_out),
    Incident::new(
        "callout-refused",
        "the cluster of a callout does not exist",
        "envoy 26485; proxy-wasm-rust-sdk 310",
        callout::is_refused,
    ),
    Incident::new(
        "callout-garbage",
        "a callout's answer is bytes, or empty, or a page of HTML",
        "envoy 26485, 33600",
        callout::is_answered_with_garbage,
    ),
    Incident::new(
        "client-leaves",
        "the client goes away before a callout is answered",
        "proxy-wasm-rust-sdk 82, 83, 385; proxy-wasm-cpp-sdk 188",
        callout::client_leaves,
    ),
    Incident::new(
        "body-in-flight",
        "the body arrives while a callout is under way",
        "proxy-wasm-rust-sdk 54, 154, 159, 240",
        callout::body_is_in_flight,
    ),
    Incident::new(
        "out-of-order",
        "callouts of several streams are answered in the opposite order",
        "proxy-wasm-rust-sdk 385; proxy-wasm-go-sdk 217, 228, 261; proxy-wasm-cpp-sdk 156, 188",
        callout::answers_come_out_of_order,
    ),
    Incident::new(
        "all-deny",
        "all callouts of a stream are answered with an error",
        "envoy 28826, 13873; proxy-wasm-go-sdk 122, 364; proxy-wasm-rust-sdk 44",
        callout::all_deny,
    ),
    Incident::new(
        "nothing-to-read",
        "the host refuses to read headers and properties, as when the client has gone",
        "proxy-wasm-rust-sdk 82, 83, 185",
        host::refuses_to_read,
    ),
    Incident::new(
        "poor-host",
        "the host has no callouts, timers, metrics, properties and shared data",
        "proxy-wasm-rust-sdk 237, 255, 271, 282, 310",
        host::has_little,
    ),
    Incident::new(
        "bad-configuration",
        "the configuration is garbage",
        "proxy-wasm-go-sdk 360; higress 112, 2822",
        life::configuration_is_garbage,
    ),
    Incident::new(
        "configured-twice",
        "the host configures the extension again",
        "envoy 27336; proxy-wasm-go-sdk 360; higress 2822",
        life::configured_twice,
    ),
    Incident::new(
        "second-worker",
        "a second worker finds what the first has made",
        "istio-ecosystem/wasm-extensions 43, 53; higress 686; proxy-wasm-rust-sdk 300",
        life::a_second_worker_starts,
    ),
    Incident::new(
        "only-logged",
        "a stream is logged whose request the extension has not seen, or not all of it",
        "proxy-wasm-rust-sdk 82; envoy 16726",
        life::a_stream_is_only_logged,
    ),
    Incident::new(
        "idle",
        "ten minutes pass between requests",
        "envoy 17576; proxy-wasm-cpp-host 2; proxy-wasm-rust-sdk 103",
        life::minutes_pass,
    ),
];
