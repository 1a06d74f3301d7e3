//! Messages, both ways.

use waxwing_testing::envoy::{Config, Observed};
use waxwing_testing::{LogLevel, Request, Response};

use crate::module::Module;

/// Does nothing.
const NOTHING: &str = "";

/// Adds a header to each response.
const ADDS_A_HEADER: &str = r#"
    (data (i32.const 64) "x-tag") (data (i32.const 72) "blue\ff")
    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
        (drop (call $add (i32.const 2) (i32.const 64) (i32.const 5) (i32.const 72) (i32.const 5)))
        (i32.const 0))
"#;

/// Logs each piece of a body, and the trailers.
const LOGS_BODIES: &str = r#"
    (data (i32.const 64) "end")
    (func $log_end (param $end i32)
        (if (local.get $end) (then (drop (call $log (i32.const 3) (i32.const 64) (i32.const 3))))))
    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
        (call $log_buffer (i32.const 1) (i32.const 0)) (call $log_end (local.get 2)) (i32.const 0))
    (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
        (call $log_buffer (i32.const 2) (i32.const 1)) (call $log_end (local.get 2)) (i32.const 0))
"#;

/// Answers by itself, with 403.
const RESPONDS: &str = r#"
    (data (i32.const 64) "denied")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $respond (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 6)
            (i32.const 0) (i32.const 0) (i32.const -1)))
        (i32.const 1))
"#;

fn exchange(module: &str, request: &Request, response: &Response) -> Observed {
    exchange_with(|config| config, module, request, response)
}

fn exchange_with(
    configure: impl FnOnce(Config) -> Config,
    module: &str,
    request: &Request,
    response: &Response,
) -> Observed {
    let module = Module::new(module);
    let mut proxy = module.start(&configure(module.config())).unwrap_or_else(|error| panic!("{error}"));
    proxy.exchange(request, |_| Some(response.clone())).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn messages_without_a_body_pass_unchanged() {
    let module = Module::new(NOTHING);
    let mut proxy = module.start(&module.config()).unwrap();
    let exchanges = [
        (Request::get("/orders?id=7"), Response::new(200)),
        (Request::post("/orders"), Response::new(204)),
        (Request::new("HEAD", "/"), Response::new(200).header("content-length", "10")),
        (Request::new("DELETE", "/"), Response::new(404).header("date", "Thu, 01 Jan 1970 00:00:00 GMT")),
    ];
    for (request, response) in exchanges {
        let observed = proxy.exchange(&request, |_| Some(response.clone())).unwrap();
        assert_eq!(observed.forwarded, Some(request));
        assert_eq!(observed.response, Some(response));
    }
}

#[test]
fn order_duplicates_and_bytes_of_headers_are_kept() {
    let request =
        Request::get("/").header("b", "2").header("a", b"\xff\x80".to_vec()).header("b", "1").header("c", "");
    let response = Response::new(200)
        .header("set-cookie", "b")
        .header("server", b"\xe9".to_vec())
        .header("content-length", "0")
        .header("set-cookie", "a");
    let observed = exchange(NOTHING, &request, &response);
    assert_eq!(observed.forwarded, Some(request));
    assert_eq!(observed.response, Some(response));
}

#[test]
fn chunks_and_trailers_pass_both_ways_as_they_were_cut() {
    let request = Request::post("/").chunks(["one", "two"]).trailer("sum", "6");
    let response =
        Response::new(201).chunks(["three", "four", "five"]).trailer("sum", "13").trailer("sum", "14");
    let observed = exchange(LOGS_BODIES, &request, &response);
    assert_eq!(observed.forwarded, Some(request));
    assert_eq!(observed.response, Some(response));
    // With trailers, no piece is the end.
    let lines: Vec<_> = observed.logs.iter().map(|line| (line.level, line.message.as_str())).collect();
    let (sent, answered) = (LogLevel::Debug, LogLevel::Info);
    let expected =
        [(sent, "one"), (sent, "two"), (answered, "three"), (answered, "four"), (answered, "five")];
    assert_eq!(lines, expected);
}

#[test]
fn a_body_ends_with_an_empty_piece() {
    let request = Request::post("/").header("content-length", "6").chunks(["one", "two"]);
    let response = Response::new(200).body("three");
    let observed = exchange(LOGS_BODIES, &request, &response);
    assert_eq!(observed.forwarded.unwrap().body_bytes(), b"onetwo");
    assert_eq!(observed.response, Some(response));
    let lines: Vec<_> = observed.logs.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines, ["one", "two", "", "end", "three", "", "end"]);
}

#[test]
fn what_the_extension_adds_is_there() {
    let observed = exchange(ADDS_A_HEADER, &Request::get("/"), &Response::new(200).header("a", "1"));
    let expected = Response::new(200).header("a", "1").header("x-tag", b"blue\xff".to_vec());
    assert_eq!(observed.response, Some(expected));
}

#[test]
fn the_scheme_reaches_the_extension() {
    let logs_headers = r#"
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $log_pairs (i32.const 2) (i32.const 0)) (i32.const 0))
    "#;
    let module = Module::new(logs_headers);
    let mut proxy = module.start(&module.config()).unwrap();
    let request = Request::get("https://shop.example/cart");
    let observed = proxy.exchange(&request, |_| Some(Response::new(200))).unwrap();
    assert!(observed.logs[0].message.contains(":scheme\0https\0"), "{observed:?}");
    assert_eq!(observed.forwarded, Some(request));
}

#[test]
fn a_local_response_does_not_reach_the_origin() {
    let request = Request::post("/").chunks(["one", "two"]);
    let observed = exchange(RESPONDS, &request, &Response::new(200));
    let expected =
        Response::new(403).header("content-length", "6").header("content-type", "text/plain").body("denied");
    assert_eq!(observed.forwarded, None);
    assert_eq!(observed.response, Some(expected));
}

#[test]
fn a_response_that_breaks_off_is_no_response() {
    // The origin promises more than it sends.
    let response = Response::new(200).header("content-length", "10").body("one");
    let observed = exchange(NOTHING, &Request::get("/"), &response);
    assert_eq!(observed.forwarded, Some(Request::get("/")));
    assert_eq!(observed.response, None);
}

/// Whether Envoy has sent the headers on by then, it decides by itself; here the origin has had time to see them.
#[test]
fn a_request_that_breaks_off_is_forwarded_in_part() {
    let traps_at_the_end = r#"
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
            (if (local.get 2) (then (unreachable))) (i32.const 0))
    "#;
    let request = Request::post("/").body("one");
    let observed = exchange(traps_at_the_end, &request, &Response::new(200));
    assert_eq!(observed.response, Some(Response::new(503)));
    assert_eq!(observed.forwarded, Some(request));
}

#[test]
fn an_origin_that_hangs_up_is_a_503_of_envoy() {
    let module = Module::new(NOTHING);
    let mut proxy = module.start(&module.config()).unwrap();
    let observed = proxy.exchange(&Request::get("/"), |_| None).unwrap();
    assert_eq!(observed.response.unwrap().status(), 503);
    // The next stream is not affected.
    let observed = proxy.exchange(&Request::get("/"), |_| Some(Response::new(200))).unwrap();
    assert_eq!(observed.response, Some(Response::new(200)));
}

#[test]
fn a_body_above_the_buffer_limit_is_refused() {
    let buffers = r#"
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
            (i32.eqz (local.get 2)))
    "#;
    let request = Request::post("/").body(vec![b'x'; 5000]);
    let observed = exchange_with(|config| config.buffer_limit(1000), buffers, &request, &Response::new(200));
    assert_eq!(observed.response.unwrap().status(), 413);
    let observed = exchange(buffers, &request, &Response::new(200));
    assert_eq!(observed.forwarded.unwrap().body_bytes(), vec![b'x'; 5000]);
}

#[test]
fn a_body_above_what_envoy_reads_at_once_passes_both_ways() {
    let body: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).step_by(3).collect();
    let request = Request::post("/").chunks([body.clone(), body.clone()]);
    let observed = exchange(NOTHING, &request, &Response::new(200).body(body.clone()));
    assert!(observed.forwarded.unwrap().body_bytes() == [body.clone(), body.clone()].concat());
    assert!(observed.response.unwrap().body_bytes() == body);
}

#[test]
fn an_assertion_in_the_origin_fails_the_test_and_not_more() {
    let module = Module::new(NOTHING);
    let mut proxy = module.start(&module.config()).unwrap();
    let exchange =
        std::panic::AssertUnwindSafe(|| proxy.exchange(&Request::get("/"), |_| panic!("not what I want")));
    let panic = std::panic::catch_unwind(exchange).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"not what I want"));
    let observed = proxy.exchange(&Request::get("/"), |_| Some(Response::new(200))).unwrap();
    assert_eq!(observed.response, Some(Response::new(200)));
}
