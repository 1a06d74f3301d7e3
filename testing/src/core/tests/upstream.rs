//! The upstreams that a test makes up: their rules, and how these fail.

use super::*;
use crate::matching::{any, header, method, path};
use waxwing::__private::HttpCallParts;

/// A host whose extension sends each request on as a callout, and answers with what comes back.
fn forwarding() -> Host {
    Script::new()
        .on(Callback::RequestHeaders, |host, _, _| {
            let headers = host.header_map_pairs(MapType::HTTP_REQUEST_HEADERS).unwrap();
            let parts = HttpCallParts {
                upstream: b"api",
                headers: &headers,
                body: b"",
                trailers: b"",
                timeout_milliseconds: 0,
            };
            host.http_call(parts).unwrap();
            PAUSE
        })
        .on(Callback::HttpCallResponse, |host, _, _| {
            let status = host.header_map_value(MapType::HTTP_CALL_RESPONSE_HEADERS, b":status").unwrap();
            let status = String::from_utf8(status).unwrap().parse().unwrap();
            for context in 2..10 {
                if host.set_effective_context(context).is_ok() {
                    host.send_local_response(reply(status, b"")).unwrap();
                }
            }
            0
        })
        .host()
        .start()
}

fn status(host: &Host, request: Request) -> u16 {
    host.exchange(request).response().status()
}

#[test]
fn the_first_rule_that_holds_answers() {
    let host = forwarding();
    let api = host.upstream("api");
    let posts = api.on(method("POST").and(path("/a"))).reply(Response::new(201));
    let others =
        api.on(any()).reply_with(|request| Response::new(if request.path() == "/b" { 202 } else { 203 }));
    api.on(path("/b")).reply(Response::new(500)).times(0);
    assert_eq!(status(&host, Request::post("/a")), 201);
    assert_eq!(status(&host, Request::get("/b")), 202);
    assert_eq!(status(&host, Request::get("/a")), 203);
    assert_eq!((posts.calls().len(), others.calls().len(), api.calls().len()), (1, 2, 3));
    assert_eq!(host.upstream("api").calls()[2].path(), "/a");
}

#[test]
fn a_trap_is_what_fails_the_test_and_not_the_call_that_did_not_come_because_of_it() {
    let host = Script::new().on(Callback::RequestHeaders, |_, _, _| panic!("boom")).host().start();
    host.upstream("api").on(any()).times(1);
    host.exchange(Request::get("/"));
    let message = failure(|| drop(host));
    assert!(message.contains("the extension trapped") && message.contains("boom"), "{message}");
}

#[test]
fn a_rule_answers_200_unless_it_says_otherwise() {
    let host = forwarding();
    host.upstream("api").on(|request: &Request| request.path() == "/");
    assert_eq!(status(&host, Request::get("/")), 200);
}

#[test]
fn answers_come_one_after_the_other_and_the_last_one_stays() {
    let host = forwarding();
    host.upstream("api").on(any()).refuse().then(Response::new(429)).delay(ms(5)).then(Response::new(204));
    let start = host.clock().now();
    assert_eq!([(); 4].map(|()| status(&host, Request::get("/"))), [503, 429, 204, 204]);
    assert_eq!(host.clock().now(), start + ms(5));
}

#[test]
fn a_call_without_a_rule_fails_the_test_and_names_the_closest_one() {
    let host = forwarding();
    let api = host.upstream("api");
    api.on(method("PUT").and(path("/b")));
    api.on(method("POST").and(path("/a")).and(header("x-token", "t0"))).named("check token");
    api.on(path("/b"));
    let message = failure(|| host.open(Request::post("/a").header("x-token", "t1")).context());
    assert!(
        message.starts_with(
            "upstream \"api\": no rule is for this call\n  POST /a\n  :scheme: \"http\"\n  :authority: \"example.com\"\n  \
             x-token: \"t1\"\nthe closest is the rule \"check token\" ("
        ),
        "{message}"
    );
    assert!(message.contains(r#"), but the header x-token is "t1", not "t0""#), "{message}");
    assert!(message.contains("core/tests/upstream.rs:"), "{message}");
}

#[test]
fn an_upstream_without_rules_says_so() {
    let host = forwarding();
    host.upstream("api");
    let message = failure(|| host.exchange(Request::get("/")));
    assert!(message.contains(r#"it has no rules; `host.upstream("api").on(any())` adds one"#), "{message}");
}

#[test]
fn more_calls_than_expected_fail_at_once() {
    let host = forwarding();
    host.upstream("api").on(any()).times(1..3);
    host.exchange(Request::get("/a"));
    host.exchange(Request::get("/b"));
    let message = failure(|| host.exchange(Request::get("/c")));
    assert!(message.starts_with(r#"upstream "api": the rule for any request ("#), "{message}");
    assert!(
        message.contains(
            ") expected 1 to 2 calls, and this is number 3\nit received\n  GET /a\n  GET /b\n  GET /c"
        ),
        "{message}"
    );
}

#[test]
fn fewer_calls_than_expected_fail_when_the_host_is_dropped() {
    let host = forwarding();
    host.upstream("api").on(path("/b")).named("flush").times(1);
    host.upstream("api").on(any());
    host.exchange(Request::get("/a"));
    let message = failure(|| drop(host));
    assert!(message.starts_with(r#"upstream "api": the rule "flush" ("#), "{message}");
    assert!(message.ends_with(") expected 1 call, and there were 0\nit received\n  GET /a"), "{message}");

    let host = forwarding();
    host.upstream("api").on(any()).times(2..);
    let message = failure(|| drop(host));
    assert!(
        message.ends_with("expected at least 2 calls, and there were 0\nit received nothing"),
        "{message}"
    );
}

#[test]
fn a_failed_test_is_not_failed_again_when_the_host_is_dropped() {
    let message = failure(|| {
        let host = forwarding();
        host.upstream("api").on(any()).times(1);
        panic!("the first failure");
    });
    assert_eq!(message, "the first failure");
}

#[test]
fn a_panic_of_the_tests_own_closure_is_the_tests_failure_and_not_a_trap() {
    let host = forwarding();
    host.upstream("api").on(any()).reply_with(|request| {
        assert_eq!(request.path(), "/a", "an assertion about the call");
        Response::new(200)
    });
    assert_eq!(status(&host, Request::get("/a")), 200);
    let message = failure(|| host.exchange(Request::get("/b")));
    assert!(message.contains("an assertion about the call"), "{message}");
    assert!(host.trap().is_none());
}

#[test]
fn two_upstreams_of_one_name_and_a_delay_of_nothing_are_the_tests_mistakes() {
    let builder = || Script::new().host().cluster("api", |_| Response::new(200).into());
    let message = failure(|| builder().cluster("api", |_| Response::new(200).into()));
    assert_eq!(message, "this host has an upstream \"api\" already");
    let message = failure(|| crate::Upstream::new("api").on(any()).delay(ms(1)));
    assert!(message.starts_with("there is no answer to delay yet"), "{message}");
}
