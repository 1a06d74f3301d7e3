use super::*;
use waxwing::ErrorPolicy;

/// An extension with a policy, whose callbacks fail where the request's `x-fail` header says.
macro_rules! failing {
    ($root:ident, $stream:ident, $policy:ident) => {
        #[derive(Extension)]
        #[extension(http = $stream)]
        struct $root;

        impl RootContext for $root {
            type Config = ();
            const ON_ERROR: ErrorPolicy = ErrorPolicy::$policy;

            fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
                Ok($root)
            }
        }

        #[derive(Default)]
        struct $stream {
            fail_in: String,
        }

        #[callbacks]
        impl HttpContext for $stream {
            type Root = $root;

            fn new(_: &$root) -> Self {
                $stream::default()
            }

            fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
                self.fail_in = request.headers().get_str("x-fail")?.unwrap_or_default().to_owned();
                self.check("request headers").map(|()| Action::Continue)
            }

            fn on_request_body(&mut self, _: &mut RequestBody<'_>) -> Result<Action> {
                self.check("request body").map(|()| Action::Continue)
            }

            fn on_request_trailers(&mut self, _: &mut RequestTrailers<'_>) -> Result<Action> {
                self.check("request trailers").map(|()| Action::Continue)
            }

            fn on_response_headers(&mut self, _: &mut ResponseHeaders<'_>) -> Result<Action> {
                self.check("response headers").map(|()| Action::Continue)
            }

            fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
                self.check("response body")?;
                Ok(if body.end_of_stream() { Flow::Continue } else { Flow::Pause })
            }

            fn on_response_trailers(&mut self, _: &mut ResponseTrailers<'_>) -> Result<Flow> {
                self.check("response trailers").map(|()| Flow::Continue)
            }
        }

        impl $stream {
            fn check(&self, callback: &str) -> Result<()> {
                if self.fail_in == callback { Err(Error::new("as it was told")) } else { Ok(()) }
            }
        }
    };
}

failing! { Closed, ClosedStream, FailClosed }
failing! { Open, OpenStream, FailOpen }
failing! { Resetting, ResettingStream, Reset }

fn exchange<E: Extension>(fail_in: &str) -> waxwing_testing::Exchange {
    let host = Host::builder::<E>().origin(|_| Response::new(200).body("secret")).start();
    let exchange = host.exchange(Request::post("/").header("x-fail", fail_in).body("body").trailer("x", "y"));
    exchange.logs().assert_contains("as it was told");
    exchange
}

#[test]
fn failing_closed_answers_500_while_that_is_possible() {
    for callback in ["request headers", "request body", "request trailers", "response headers"] {
        let exchange = exchange::<Closed>(callback);
        exchange.local_response().assert_status(500).assert_body("");
        assert_eq!(exchange.details(), "extension_error", "{callback}");
    }
    exchange::<Closed>("request headers").assert_not_forwarded();
}

#[test]
fn failing_closed_resets_what_has_begun() {
    assert_eq!(exchange::<Closed>("response body").outcome(), Outcome::Reset);
}

#[test]
fn failing_in_the_last_trailers_holds_back_what_was_held_back() {
    for start in [|| Host::builder::<Closed>(), || Host::builder::<Resetting>()] {
        let host = start().origin(|_| Response::new(200).body("secret").trailer("x", "y")).start();
        let stream = host.open(Request::get("/").header("x-fail", "response trailers"));
        stream.assert_paused(Phase::ResponseTrailers);
        stream.disconnect();
        assert_eq!(stream.finish().outcome(), Outcome::Reset);
    }
}

#[test]
fn failing_open_lets_everything_through() {
    for callback in
        ["request headers", "request body", "request trailers", "response headers", "response body"]
    {
        let exchange = exchange::<Open>(callback);
        exchange.upstream_request().assert_body("body");
        exchange.response().assert_status(200).assert_body("secret");
    }
}

#[test]
fn resetting_resets_everywhere() {
    for callback in
        ["request headers", "request body", "request trailers", "response headers", "response body"]
    {
        assert_eq!(exchange::<Resetting>(callback).outcome(), Outcome::Reset, "{callback}");
    }
}

extension!(Smuggler, SmugglerStream {
    fn on_request_headers(&mut self, _: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(LocalResponse::new(403).header("x", "a\r\nset-cookie: b").into())
    }
});

#[test]
fn a_local_response_that_cannot_be_sent_fails_closed() {
    let exchange = Host::builder::<Smuggler>().start().exchange(Request::get("/"));
    exchange.assert_not_forwarded();
    exchange.local_response().assert_status(500).assert_no_header("set-cookie");
    exchange.logs().assert_contains("a header value has CR, LF or NUL");
}

extension!(Insistent, InsistentStream {
    fn on_request_headers(&mut self, _: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(LocalResponse::new(403).into())
    }

    fn on_response_headers(&mut self, _: &mut ResponseHeaders<'_>) -> Result<Action> {
        Ok(LocalResponse::new(404).into())
    }
});

#[test]
fn the_first_of_two_answers_counts_and_the_second_is_logged() {
    let exchange = Host::builder::<Insistent>().start().exchange(Request::get("/"));
    exchange.local_response().assert_status(403);
    exchange.logs().assert_contains("on_response_headers (context 2): the stream has been answered already");
}
