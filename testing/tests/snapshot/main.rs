//! Snapshots of traces: `cargo insta review` shows what has changed.
#![cfg(feature = "insta")]

use waxwing::prelude::*;
use waxwing_testing::{EndOfStream, Host, Phase, Request, Response, assert_trace, json};

/// Holds back what has a body, and panics at one that asks for it.
#[derive(Extension)]
#[extension(http = HoldStream)]
struct Hold;

impl RootContext for Hold {
    type Config = Vec<u8>;

    fn configure(_: Vec<u8>, _: &mut Configure<'_>) -> Result<Self> {
        Ok(Hold)
    }
}

struct HoldStream;

#[callbacks]
impl HttpContext for HoldStream {
    type Root = Hold;

    fn new(_: &Hold) -> Self {
        HoldStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        assert!(request.headers().get("x-panic")?.is_none(), "it was asked for");
        request.headers_mut().set("x-held", "1")?;
        Ok(if request.end_of_stream() { Action::Continue } else { Action::Pause })
    }
}

fn host() -> Host {
    let origin = |_: &Request| Response::new(200).header("x-origin", "1").body("hello");
    Host::builder::<Hold>().config(json!({ "any": "thing" })).origin(origin).start()
}

#[test]
fn an_exchange() {
    assert_trace!(host().exchange(Request::get("/cart").header("accept", "text/html")));
}

#[test]
fn a_stream_that_is_held_back() {
    let stream = host().open(Request::post("/cart").body("apples"));
    stream.assert_paused(Phase::RequestHeaders);
    assert_trace!("held_back", stream);
    stream.disconnect();
}

#[test]
fn a_panic_without_its_place_in_the_code() {
    let host = host();
    let exchange = host.exchange(Request::get("/").header("x-panic", "1"));
    assert_trace!(exchange);
    host.expect_trap("it was asked for");
}

#[test]
fn a_snapshot_in_the_test_itself() {
    let stream = host().begin();
    stream.send_request_headers(&Request::get("/"), EndOfStream::No);
    assert_trace!(stream, @r#"
    paused in RequestHeaders

      sent                   | forwarded
      :method    GET         | (nothing)
      :path      /           |
      :scheme    http        |
      :authority example.com |

    timeline
       1 on_context_create #2 of root #1
       2 =
       3 on_request_headers #2 4 headers
       4   get_header_map_value request headers "x-panic"             -> refused: not found
       5   replace_header_map_value request headers "x-held" "1"      -> Ok
       6 = Pause
    "#);
}
