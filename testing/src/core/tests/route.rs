//! What the proxy makes of a request before the extension sees it, and when it has seen it.

use super::*;
use crate::route::Route;

const ROUTE: &[u8] = b"xds\0route_name";

fn chat() -> [Route; 1] {
    [Route { name: "chat".to_owned(), header: "x-team".to_owned(), value: "chat".to_owned() }]
}

#[test]
fn a_route_is_chosen_anew_when_the_headers_go_on() {
    let read: Notes<Answer<Vec<u8>>> = notes();
    let [changed, logged] = [read.clone(), read.clone()];
    let script = Script::new()
        .on(Callback::RequestHeaders, move |host, _, _| {
            changed.borrow_mut().push(host.property(ROUTE));
            host.add_header_map_value(MapType::HTTP_REQUEST_HEADERS, b"x-team", b"chat").unwrap();
            changed.borrow_mut().push(host.property(ROUTE));
            CONTINUE
        })
        .on(Callback::Log, move |host, _, _| {
            logged.borrow_mut().push(host.property(ROUTE));
            CONTINUE
        });
    let host = script.host().routes(&chat()).start();
    // Each value of the header counts.
    let exchange = host.exchange(Request::get("/").header("x-team", "sales"));
    exchange.upstream_request().assert_header(crate::route::TAKEN, "chat");
    let [none, chat] = [b"".to_vec(), b"chat".to_vec()];
    assert_eq!(read.take(), [Ok(none.clone()), Ok(none), Ok(chat)]);
}

#[test]
fn the_expectation_of_a_client_is_met_by_the_proxy() {
    for (value, goes_on) in [("100-Continue", false), ("something else", true)] {
        let host = Script::new().host().start();
        let exchange = host.exchange(Request::post("/").header("expect", value).body("x"));
        let upstream = exchange.upstream_request();
        assert_eq!(upstream.headers().get("expect").is_some(), goes_on, "{value}");
    }
}

#[test]
fn a_stream_that_is_closed_says_so_unless_its_response_has_come() {
    for (callback, details) in
        [(Callback::RequestBody, "wasm_close_stream"), (Callback::ResponseBody, "via_upstream")]
    {
        let read: Notes<Answer<Vec<u8>>> = notes();
        let noted = read.clone();
        let script = Script::new()
            .on(callback, |host, _, _| {
                host.close_stream(StreamType::HTTP_REQUEST).unwrap();
                CONTINUE
            })
            .on(Callback::Log, move |host, _, _| {
                noted.borrow_mut().push(host.property(b"response\0code_details"));
                CONTINUE
            });
        let host = script.host().origin(|_| Response::new(200).body("body")).start();
        assert_eq!(host.exchange(Request::post("/").body("x")).outcome(), Outcome::Reset);
        assert_eq!(read.take(), [Ok(details.as_bytes().to_vec())]);
    }
}
