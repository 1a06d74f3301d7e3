use super::*;

extension!(Guard, GuardStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        if request.headers().get("authorization")?.is_none() {
            let reply = LocalResponse::new(401).header("www-authenticate", "Basic").body("who are you?");
            return Ok(reply.details("no_credentials").into());
        }
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        if response.headers().get("x-secret")?.is_some() {
            return Ok(LocalResponse::new(502).into());
        }
        response.headers_mut().set("x-guarded", "1")?;
        Ok(Action::Continue)
    }
});

#[test]
fn an_answer_never_reaches_the_upstream_and_passes_its_own_response_callbacks() {
    let host = Host::builder::<Guard>().start();
    let exchange = host.exchange(Request::get("/"));
    exchange.assert_not_forwarded();
    assert_eq!(exchange.outcome(), Outcome::Local);
    exchange
        .local_response()
        .assert_status(401)
        .assert_header("www-authenticate", "Basic")
        .assert_header("x-guarded", "1")
        .assert_body("who are you?")
        .assert_details("no_credentials");
}

#[test]
fn an_answer_in_place_of_the_upstreams_leaves_nothing_of_it() {
    let origin = |_: &Request| Response::new(200).header("x-secret", "1").body("secret");
    let host = Host::builder::<Guard>().origin(origin).start();
    let exchange = host.exchange(Request::get("/").header("authorization", "x"));
    assert!(exchange.reached_upstream());
    exchange.local_response().assert_status(502).assert_no_header("x-secret").assert_body("");
}

#[test]
fn asking_for_a_local_response_that_is_not_there_shows_the_exchange() {
    let host = Host::builder::<Guard>().start();
    let exchange = host.exchange(Request::get("/").header("authorization", "x"));
    let message = failure(|| {
        exchange.local_response();
    });
    assert!(
        message.starts_with("there is no local response: the client received the upstream's\n\n  sent"),
        "{message}"
    );
}

extension!(Broken, BrokenStream {
    fn on_request_headers(&mut self, _: &mut RequestHeaders<'_>) -> Result<Action> {
        Err(Error::new("the disk is full"))
    }
});

#[test]
fn an_error_is_logged_and_fails_closed_with_500() {
    let host = Host::builder::<Broken>().start();
    let exchange = host.exchange(Request::get("/"));
    exchange.local_response().assert_status(500);
    exchange.logs().assert_contains("the disk is full");
    let message = failure(|| {
        host.logs().assert_none_at_least(LogLevel::Warn);
    });
    assert!(message.contains("[error] on_request_headers"), "{message}");
}

/// Answers in the callbacks that its configuration names, once more in each.
#[derive(Extension)]
#[extension(http = TwiceStream)]
struct Twice {
    callbacks: Rc<str>,
}

impl RootContext for Twice {
    type Config = String;

    fn configure(callbacks: String, _: &mut Configure<'_>) -> Result<Self> {
        Ok(Twice { callbacks: callbacks.into() })
    }
}

struct TwiceStream {
    callbacks: Rc<str>,
}

impl TwiceStream {
    fn answer(&self, callback: &str) -> Action {
        if self.callbacks.split(' ').any(|name| name == callback) {
            LocalResponse::new(403).body(callback.to_owned()).into()
        } else {
            Action::Continue
        }
    }
}

#[callbacks]
impl HttpContext for TwiceStream {
    type Root = Twice;

    fn new(root: &Twice) -> Self {
        TwiceStream { callbacks: root.callbacks.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        if self.callbacks.contains("timer") {
            request.set_timer(std::time::Duration::from_millis(1))?;
            if self.callbacks.contains("two-timers") {
                request.set_timer(std::time::Duration::from_millis(2))?;
            }
        }
        Ok(match self.answer("request-headers") {
            Action::Continue if self.callbacks.contains("held") => Action::Pause,
            action => action,
        })
    }

    fn on_request_body(&mut self, _: &mut RequestBody<'_>) -> Result<Action> {
        Ok(self.answer("request-body"))
    }

    fn on_request_trailers(&mut self, _: &mut RequestTrailers<'_>) -> Result<Action> {
        Ok(self.answer("request-trailers"))
    }

    fn on_response_headers(&mut self, _: &mut ResponseHeaders<'_>) -> Result<Action> {
        Ok(self.answer("response-headers"))
    }

    fn on_timer(&mut self, _: TimerId, _: &mut StreamView<'_>) -> Result<Action> {
        Ok(match self.answer("timer") {
            Action::Continue => Action::Pause,
            action => action,
        })
    }
}

fn answered(callbacks: &str) -> waxwing_testing::Exchange {
    let host = Host::builder::<Twice>().config(callbacks).start();
    host.exchange(Request::post("/").chunks(["x", "y"]).trailer("x-end", "1"))
}

#[test]
fn the_first_answer_counts_and_another_is_an_error_wherever_it_comes_from() {
    for (callbacks, first) in [
        ("request-headers response-headers", "request-headers"),
        ("request-body response-headers", "request-body"),
        ("request-trailers response-headers", "request-trailers"),
        ("held timer response-headers", "timer"),
    ] {
        let exchange = answered(callbacks);
        exchange.local_response().assert_status(403).assert_body(first);
        exchange.logs().assert_contains("the stream has been answered already");
        let answers = exchange.timeline().to_string().matches("send_local_response").count();
        assert_eq!(answers, 1, "{callbacks}: {}", exchange.timeline());
    }
}

#[test]
fn an_answer_from_outside_after_the_response_has_begun_is_an_error() {
    let host = Host::builder::<Twice>().config("timer").start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_response_headers(&Response::new(200), EndOfStream::No);
    host.clock().advance(std::time::Duration::from_millis(5));
    let exchange = stream.finish();
    exchange.logs().assert_contains("the response has begun, and it is too late for another one");
    assert!(!exchange.timeline().to_string().contains("send_local_response"), "{}", exchange.timeline());
}

extension!(Detailed, DetailedStream {
    fn on_request_headers(&mut self, _: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(LocalResponse::new(429).grpc_status(GrpcStatus::RESOURCE_EXHAUSTED).body("try 50% later").grpc_details(b"\x08\x08").into())
    }
});

#[test]
fn a_grpc_client_gets_status_message_and_details_in_the_headers_alone() {
    let host = Host::builder::<Detailed>().start();
    let request = Request::post("/acme.Shop/Buy").header("content-type", "application/grpc");
    let exchange = host.exchange(request.body("x"));
    exchange
        .local_response()
        .assert_status(200)
        .assert_header("grpc-status", "8")
        .assert_header("grpc-message", "try 50%25 later")
        .assert_header("grpc-status-details-bin", "CAg")
        .assert_body("");
    host.exchange(Request::get("/")).local_response().assert_status(429).assert_body("try 50% later");
}
