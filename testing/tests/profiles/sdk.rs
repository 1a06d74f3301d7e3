//! The SDK on each host: what works on all of them, and what one does not take.

use super::*;
use waxwing::prelude::*;
use waxwing_bodies::Bodies;
use waxwing_testing::{Exchange, Outcome, Phase};

#[test]
fn bodies_are_changed_on_each_host() {
    let requests = || {
        [
            Request::get("/"),
            Request::post("/").body("abc"),
            Request::post("/").chunks(["ab", "c"]).empty_end(),
            full(),
        ]
    };
    for mode in ["skip", "inspect", "chunks", "transform", "buffer 1000"] {
        let doubled = |body: Vec<u8>| match mode {
            "skip" | "inspect" => body,
            _ => body.iter().flat_map(|byte| [*byte; 2]).collect(),
        };
        Profile::each(|profile| {
            let host = Host::builder::<Bodies>().profile(profile);
            let host = host.config(format!("request {mode} double\nresponse {mode} double")).start();
            for request in requests() {
                let exchange = host.exchange(request.clone());
                let sent = doubled(request.body_bytes());
                exchange.upstream_request().assert_body(&sent);
                exchange.response().assert_status(200).assert_body(doubled(sent));
                assert_eq!(exchange.timeline().misuses(), Vec::<&str>::new(), "{mode}");
            }
            host.logs().assert_none_at_least(LogLevel::Warn);
        });
    }
}

/// An extension that fails in a callback of the header `x-fail`.
#[derive(Extension)]
#[extension(http = FailingStream)]
struct Failing;

impl RootContext for Failing {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Failing)
    }
}

#[derive(Default)]
struct FailingStream {
    fails_late: bool,
}

#[callbacks]
impl HttpContext for FailingStream {
    type Root = Failing;

    fn new(_: &Failing) -> Self {
        FailingStream::default()
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.fails_late = request.headers().get("x-fail")? == Some(b"late");
        if self.fails_late { Ok(Action::Continue) } else { Err(Error::new("it fails")) }
    }

    fn on_response_body(&mut self, _: &mut ResponseBody<'_>) -> Result<Flow> {
        Err(Error::new("it fails"))
    }
}

fn failing(profile: Profile, when: &str) -> (Host, Exchange) {
    let host = Host::builder::<Failing>().profile(profile).origin(|_| Response::new(200).body("up")).start();
    let exchange = host.exchange(Request::get("/").header("x-fail", when));
    (host, exchange)
}

#[test]
fn an_error_before_the_response_is_a_500_on_each_host() {
    Profile::each(|profile| {
        let (_host, exchange) = failing(profile, "early");
        exchange.local_response().assert_status(500);
        exchange.assert_not_forwarded();
    });
}

/// The SDK resets the stream then, for which nginx has no function that works.
#[test]
fn an_error_behind_the_headers_of_the_response_resets_where_the_host_can() {
    for profile in [Profile::ENVOY, Profile::TRAFFIC_SERVER, Profile::GOOGLE_SERVICE_EXTENSIONS] {
        let (host, exchange) = failing(profile, "late");
        assert_eq!(exchange.outcome(), Outcome::Reset, "{profile}");
        assert!(host.trap().is_none());
    }
    let (host, exchange) = failing(Profile::NGX_WASM_MODULE, "late");
    assert!(!exchange.reached_client());
    host.expect_trap("proxy_close_stream is not implemented: ngx_wasm_module traps");
    // It says that it has reset the stream, and has not.
    let host = Host::builder::<Failing>().profile(Profile::APISIX);
    let stream = host
        .origin(|_| Response::new(200).body("up"))
        .start()
        .open(Request::get("/").header("x-fail", "late"));
    assert_eq!(stream.paused_at(), Some(Phase::ResponseBody));
}
