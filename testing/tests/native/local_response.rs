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
    assert!(message.starts_with("there is no local response: Forwarded\n\n  sent"), "{message}");
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
