//! Where a message can be held back.

use super::*;
use waxwing::prelude::*;
use waxwing_testing::{Exchange, Outcome, Phase};

/// What becomes of a request that a callback holds back.
fn held_by(profile: Profile, callback: &str) -> (Option<Phase>, Option<Exchange>) {
    let host = host(profile, &format!("{callback} pause"));
    let stream = host.open(Request::post("/").chunks(["ab", "c"]));
    let paused = stream.paused_at();
    (paused, if paused.is_none() { Some(stream.finish()) } else { None })
}

#[test]
fn nginx_holds_messages_back_where_it_can_and_fails_the_request_elsewhere() {
    for (callback, phase, in_nginx) in [
        ("request-headers", Phase::RequestHeaders, true),
        ("request-body", Phase::RequestBody, true),
        ("response-headers", Phase::ResponseHeaders, false),
        ("response-body", Phase::ResponseBody, true),
    ] {
        assert_eq!(held_by(Profile::ENVOY, callback).0, Some(phase));
        let (paused, exchange) = held_by(Profile::NGX_WASM_MODULE, callback);
        assert_eq!(paused.is_some(), in_nginx, "{callback}");
        if let Some(exchange) = exchange {
            exchange.local_response().assert_status(500).assert_details("action_not_allowed");
            let misuses = exchange.timeline().misuses().join("\n");
            assert!(misuses.contains("returns 1, which ngx_wasm_module does not allow there"), "{misuses}");
        }
    }
}

/// An extension that holds its headers, or the last piece of a response, in ways that Envoy alone has.
#[derive(Extension)]
#[extension(http = HoldingStream)]
struct Holding;

impl RootContext for Holding {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Holding)
    }
}

struct HoldingStream;

#[callbacks]
impl HttpContext for HoldingStream {
    type Root = Holding;

    fn new(_: &Holding) -> Self {
        HoldingStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(match request.headers().get("x-hold")? {
            Some(_) => request.stop_and_buffer(),
            None => Action::Continue,
        })
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        Ok(if body.end_of_stream() { body.stop_and_watermark() } else { Flow::Continue })
    }
}

fn holding(profile: Profile) -> Host {
    Host::builder::<Holding>()
        .profile(profile)
        .lenient()
        .origin(|_| Response::new(200).chunks(["one", "two"]))
        .start()
}

#[test]
fn nginx_knows_no_other_action_than_to_go_on_and_to_pause() {
    let request = || Request::get("/").header("x-hold", "1");
    assert_eq!(holding(Profile::ENVOY).open(request()).paused_at(), Some(Phase::RequestHeaders));
    let exchange = holding(Profile::NGX_WASM_MODULE).exchange(request());
    exchange.local_response().assert_status(500).assert_details("action_not_allowed");
    exchange.assert_not_forwarded();
}

#[test]
fn a_response_that_has_begun_is_reset_in_place_of_an_answer() {
    assert_eq!(holding(Profile::ENVOY).open(Request::get("/")).paused_at(), Some(Phase::ResponseBody));
    let exchange = holding(Profile::NGX_WASM_MODULE).exchange(Request::get("/"));
    assert_eq!(exchange.outcome(), Outcome::Reset);
}
