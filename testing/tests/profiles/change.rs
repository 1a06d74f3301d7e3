//! Changes that Google's proxy does not take.

use super::*;

const GOOGLE: Profile = Profile::GOOGLE_SERVICE_EXTENSIONS;

#[test]
fn some_headers_stay_as_they_are() {
    let script = "request-headers replace 0 connection close\nrequest-headers remove 0 x-forwarded-for\n\
                  request-headers add 0 X-Goog-User ana\nrequest-headers replace 0 x-mine 1";
    let request = || Request::get("/").header("connection", "upgrade").header("x-forwarded-for", "10.0.0.7");

    let of_envoy = exchange(Profile::ENVOY, script, request());
    assert_eq!(answers_of(&of_envoy), ["done"; 4]);
    of_envoy
        .upstream_request()
        .assert_header("connection", "close")
        .assert_no_header("x-forwarded-for")
        .assert_header("x-goog-user", "ana");

    let of_google = exchange(GOOGLE, script, request());
    // Nobody is told that it is ignored.
    assert_eq!(answers_of(&of_google), ["done"; 4]);
    of_google
        .upstream_request()
        .assert_header("connection", "upgrade")
        .assert_header("x-forwarded-for", "10.0.0.7")
        .assert_no_header("x-goog-user")
        .assert_header("x-mine", "1");
}

#[test]
fn they_also_stay_when_all_headers_are_replaced() {
    let script = "request-headers set 0 :method GET :path /b :authority b x-mine 1";
    let request = || Request::get("/").header("x-forwarded-for", "10.0.0.7").header("x-other", "1");
    exchange(Profile::ENVOY, script, request()).upstream_request().assert_no_header("x-forwarded-for");
    exchange(GOOGLE, script, request())
        .upstream_request()
        .assert_path("/b")
        .assert_header("x-forwarded-for", "10.0.0.7")
        .assert_header("x-mine", "1")
        .assert_no_header("x-other");
}

#[test]
fn what_a_callback_changes_is_limited() {
    let half = "x".repeat(65_000);
    let line = |callback: &str, name: &str| {
        format!("{callback} replace {} {name} {half}\n", u32::from(callback.starts_with("response")) * 2)
    };
    let enough =
        line("request-headers", "x-a") + &line("request-headers", "x-b") + &line("response-headers", "x-c");
    let too_much = enough.clone() + &line("request-headers", "x-d");

    // Each callback by itself.
    exchange(GOOGLE, &enough, Request::get("/")).response().assert_status(200);
    exchange(Profile::ENVOY, &too_much, Request::get("/")).response().assert_status(200);

    let refused = exchange(GOOGLE, &too_much, Request::get("/"));
    refused.local_response().assert_status(500).assert_details("mutation_too_large");
    refused.assert_not_forwarded();
    let misuses = refused.timeline().misuses().join("\n");
    assert!(misuses.contains("a callback changes more than 131072 bytes"), "{misuses}");
}

#[test]
fn a_body_is_limited_too() {
    let script = format!("request-body set-bytes 0 0 9 {}", "x".repeat(131_073));
    let request = || Request::post("/").body("abc");
    exchange(Profile::ENVOY, &script, request()).upstream_request();
    exchange(GOOGLE, &script, request()).local_response().assert_status(500);
}
