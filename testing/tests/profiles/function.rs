//! Host functions: missing, refused, without effect, traps and aborts.

use super::*;
use waxwing_testing::{EndOfStream, Outcome, Support};

/// Host functions, and a line of the probe's that calls each; what Envoy makes of it is not that.
const CALLS: [(&str, &str); 25] = [
    ("proxy_get_log_level", "log-level"),
    ("proxy_set_tick_period_milliseconds", "tick 100"),
    ("proxy_get_buffer_status", "buffer-size 6"),
    ("proxy_get_header_map_size", "size 0"),
    ("proxy_continue_stream", "continue 1"),
    ("proxy_close_stream", "close 0"),
    ("proxy_done", "root-done"),
    ("proxy_http_call", "raw-call authz 100 :method GET :path / :authority authz"),
    ("proxy_grpc_call", "raw-grpc-call authz 100"),
    ("proxy_grpc_stream", "raw-grpc-open authz"),
    ("proxy_grpc_send", "grpc-send 6 a"),
    ("proxy_grpc_close", "grpc-close 6"),
    ("proxy_grpc_cancel", "grpc-cancel 6"),
    ("proxy_get_status", "status"),
    ("proxy_get_shared_data", "shared key"),
    ("proxy_set_shared_data", "set-shared key value"),
    ("proxy_register_shared_queue", "register queue"),
    ("proxy_resolve_shared_queue", "resolve - queue"),
    ("proxy_enqueue_shared_queue", "enqueue 1 item"),
    ("proxy_dequeue_shared_queue", "dequeue 1"),
    ("proxy_define_metric", "define 0 hits"),
    ("proxy_increment_metric", "increment-metric 4 1"),
    ("proxy_record_metric", "record 4 1"),
    ("proxy_get_metric", "metric 4"),
    ("proxy_call_foreign_function", "foreign clear_route_cache -"),
];

/// A host that could do all of it.
fn able(profile: Profile, script: &str) -> Host {
    let host = host(profile, script);
    host.upstream("authz").on(waxwing_testing::matching::any()).hang();
    host.grpc_upstream("authz").on(waxwing_testing::matching::grpc::any()).hang();
    host
}

/// The answer to a line that is the only one.
fn answer(profile: Profile, line: &str) -> (Host, Exchange) {
    let host = able(profile, &format!("request-headers {line}"));
    let exchange = host.exchange(Request::get("/"));
    (host, exchange)
}

#[test]
fn every_function_that_hosts_differ_in_is_called() {
    let differ: Vec<_> = waxwing::abi::imports::NAMES
        .iter()
        .filter(|import| Profile::ALL.iter().any(|profile| profile.support(import) != Support::Works))
        .collect();
    let called: Vec<_> = CALLS.iter().map(|(import, _)| import).collect();
    let missing: Vec<_> = differ.iter().filter(|import| !called.contains(*import)).collect();
    // That one has a test of its own.
    assert_eq!(missing, [&&"envoy_resolve_dns"]);
}

#[test]
fn what_is_refused_is_an_error_with_the_status() {
    let mut count = 0;
    for (import, line) in CALLS {
        for profile in Profile::ALL {
            let Support::Refused(status) = profile.support(import) else { continue };
            let (_host, exchange) = answer(profile, line);
            let text = format!("{import}: {status}");
            assert!(answers_of(&exchange)[0].contains(&text), "{profile}: {:?}", answers_of(&exchange));
            let (_host, exchange) = answer(Profile::ENVOY, line);
            assert!(!answers_of(&exchange)[0].contains(&text), "Envoy: {:?}", answers_of(&exchange));
            count += 1;
        }
    }
    assert_eq!(count, 25);
}

#[test]
fn what_has_no_effect_succeeds_and_writes_nothing() {
    assert_eq!(answers(Profile::ENVOY, &["define 0 hits", "increment-metric 4 1"]), ["4", "done"]);
    let host = host(
        Profile::APISIX,
        "request-headers define 0 hits\nrequest-headers increment-metric 0 1\nrequest-headers record 0 1\n\
         request-headers close 0",
    );
    let exchange = host.exchange(Request::get("/"));
    assert_eq!(answers_of(&exchange), ["0", "done", "done", "done"]);
    assert_eq!(host.metric("hits"), None);
    let timeline = exchange.timeline().to_string();
    assert_eq!(timeline.matches("APISIX does nothing for it").count(), 4, "{timeline}");
    exchange.response().assert_status(200);
}

#[test]
fn what_traps_ends_the_vm() {
    let mut count = 0;
    for (import, line) in CALLS {
        for profile in Profile::ALL {
            if profile.support(import) != Support::Traps {
                continue;
            }
            let (host, exchange) = answer(profile, line);
            assert_eq!(exchange.outcome(), Outcome::FailedClosed, "{import}");
            let trap = host.expect_trap(&format!("{import} is not implemented: {profile} traps"));
            assert_eq!(trap.location, None);
            // Nothing of the guest's has panicked: no hook has logged.
            exchange.logs().assert_lacks("panicked");
            let (host, exchange) = answer(Profile::ENVOY, line);
            assert!(host.trap().is_none(), "{import}");
            assert_eq!(answers_of(&exchange).len(), 1, "{import}");
            count += 1;
        }
    }
    assert_eq!(count, 9);
}

#[test]
fn what_aborts_ends_the_whole_proxy() {
    for (import, line) in CALLS {
        if Profile::TRAFFIC_SERVER.support(import) != Support::Aborts {
            continue;
        }
        let script = format!("request-body {line}");
        let host = Host::builder::<Probe>().profile(Profile::TRAFFIC_SERVER).lenient().config(script);
        let host = host.workers(2).fail_open().start();
        let other = host.worker(1).begin();
        other.send_request_headers(&Request::post("/"), EndOfStream::No);

        assert_eq!(host.worker(0).exchange(full()).outcome(), Outcome::Reset, "{import}");

        host.expect_trap(&format!("{import} is not implemented: the whole proxy aborts"));
        assert_eq!(other.finish().outcome(), Outcome::Reset, "{import}");
        // Nobody is there any more, whatever the policy is for a VM that has trapped.
        for worker in 0..2 {
            assert_eq!(host.worker(worker).exchange(Request::get("/")).outcome(), Outcome::Reset);
        }
        assert_eq!(host.open_streams(), 0);

        let host = Host::builder::<Probe>().lenient().config(format!("request-body {line}")).start();
        host.exchange(full()).response().assert_status(200);
    }
}

#[test]
fn what_is_missing_fails_the_test_that_calls_it() {
    let mut count = 0;
    for (import, line) in CALLS {
        for profile in Profile::ALL {
            if profile.support(import) != Support::Missing {
                continue;
            }
            let host = able(profile, &format!("request-headers {line}"));
            let message = failure(|| host.exchange(Request::get("/")));
            let missing = format!("{import} is missing in {profile}: a module that imports it does not load");
            assert!(message.starts_with(&missing), "{message}");
            count += 1;
        }
    }
    assert_eq!(count, 7);
}

#[test]
fn what_is_missing_while_it_starts_is_a_start_error() {
    let start = |profile| Host::builder::<Probe>().profile(profile).config("configure log-level").try_start();
    assert!(start(Profile::ENVOY).is_ok());
    for profile in [Profile::NGX_WASM_MODULE, Profile::APISIX] {
        let error = start(profile).unwrap_err().to_string();
        let expected = format!(
            "the extension cannot be loaded: proxy_get_log_level is missing in {profile}: a module that imports it does \
             not load"
        );
        assert_eq!(error.lines().next(), Some(&*expected));
    }
}
