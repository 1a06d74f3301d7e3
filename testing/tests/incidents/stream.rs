//! The life of streams and root contexts, and what they share.

use super::*;

/// istio-ecosystem wasm-extensions 43 and 53; proxytest of proxy-wasm-go-sdk refuses to set a value that exists.
#[test]
fn a_shared_value_that_exists_is_set_and_counts_are_not_lost() {
    let run = run(Scenario::new("shared data")
        .vm_id("incidents")
        .workers(2)
        .request_to(0, doing("share"))
        .request_to(1, doing("share")));
    run[0].logs().assert_contains("1 byte, count 1");
    run[1].logs().assert_contains("1 byte, count 2");
}

/// proxy-wasm-rust-sdk 4, 36, 49, 229, 242 and 322: metrics could be had by host calls alone.
#[test]
fn metrics_are_counted() {
    let run =
        run(Scenario::new("metrics").metric("incidents").request(doing("metric")).request(doing("metric")));
    run[1].logs().assert_contains("2 counted");
}

on_each_host! {
    extension: Incidents,
    package: "waxwing-incidents",

    /// Envoy logs requests that it refuses itself, for streams that saw nothing else; proxy-wasm-rust-sdk 82 is a panic in
    /// such a callback.
    fn a_stream_that_saw_nothing_else_is_logged(host) {
        let host = host.start();
        let refused = host.begin();
        refused.send_response(&Response::new(400));
        refused.finish().logs().assert_contains("0 bytes to do, 400");
        let reset = host.begin();
        reset.send_request_headers(&doing("add"), EndOfStream::No);
        reset.disconnect();
        reset.finish().logs().assert_contains("3 bytes to do, no status");
    }

    /// envoy 27336, proxy-wasm-go-sdk 360, higress 2822: a second configuration, and one that is refused.
    fn a_host_may_configure_twice(host) {
        let host = host.config("timer 20ms").start();
        let stream = host.begin();
        stream.send_request_headers(&doing("add"), EndOfStream::No);
        host.reconfigure("timer 50ms").unwrap();
        assert!(host.reconfigure("what").unwrap_err().to_string().contains("is nothing to do"));
        stream.send_request_body("", EndOfStream::Yes);
        stream.send_response(&Response::new(200));
        stream.finish().response().assert_status(200);
        host.clock().advance(Duration::from_millis(200));
        let lines = host.logs();
        lines.assert_contains("timer 50ms");
        lines.assert_lacks("timer 20ms");
    }

    /// proxy-wasm-rust-sdk 41 and 102, istio 44310: nothing was logged until a level was set.
    fn the_extension_logs_without_having_set_a_level(host) {
        let error = host.config("what").try_start().unwrap_err();
        error.logs().assert_contains("\"what\" is nothing to do");
    }
}
