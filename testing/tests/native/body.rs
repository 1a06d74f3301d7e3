use super::*;

extension!(Shout, ShoutStream {
    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().remove("content-length")?;
        Ok(Action::Continue)
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        if !body.end_of_stream() {
            return Ok(Flow::Pause);
        }
        let text = body.bytes()?.to_ascii_uppercase();
        body.replace(text)?;
        body.append("!")?;
        Ok(Flow::Continue)
    }
});

#[test]
fn a_body_collected_until_its_end_is_replaced_whatever_its_pieces() {
    for response in [
        Response::new(200).body("hello"),
        Response::new(200).chunks(["he", "l", "lo"]),
        Response::new(200).chunks(["hel", "lo"]).empty_end(),
    ] {
        let response = response.header("content-length", "5");
        let host = Host::builder::<Shout>().origin(move |_| response.clone()).start();
        let exchange = host.exchange(Request::get("/"));
        exchange.response().assert_body("HELLO!").assert_no_header("content-length");
    }
}

#[test]
fn a_response_without_a_body_passes() {
    let host = Host::builder::<Shout>().origin(|_| Response::new(204)).start();
    host.exchange(Request::get("/")).response().assert_status(204).assert_body("");
}

#[test]
fn a_body_that_is_larger_than_the_limit_resets_the_stream() {
    let host =
        Host::builder::<Shout>().buffer_limit(8).origin(|_| Response::new(200).chunks(["hello", "world"]));
    let exchange = host.start().exchange(Request::get("/"));
    assert_eq!(exchange.outcome(), Outcome::Reset);
    assert_eq!(exchange.details(), "response_payload_too_large");
}

extension!(Collecting, CollectingStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        request.set_timer(std::time::Duration::from_millis(1))?;
        Ok(Action::Continue)
    }

    fn request_body_mode(&self) -> BodyMode {
        BodyMode::Buffer { limit: 10 }
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        let text = body.bytes()?.to_ascii_uppercase();
        body.replace(text)?;
        Ok(Action::Continue)
    }

    fn on_timer(&mut self, _: TimerId, _: &mut StreamView<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }
});

#[test]
fn what_comes_from_outside_does_not_resume_a_body_that_is_not_complete() {
    let host = Host::builder::<Collecting>().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_request_body("ab", EndOfStream::No);
    host.clock().advance(std::time::Duration::from_millis(5));
    assert_eq!(stream.buffered_request_body(), b"ab");
    stream.send_request_body("c", EndOfStream::Yes);
    stream.upstream_request().assert_body("ABC");
}

/// Wants small bodies only, and goes on without those that are larger.
#[derive(Extension)]
#[extension(http = LenientStream)]
struct Lenient;

impl RootContext for Lenient {
    type Config = ();

    const ON_ERROR: ErrorPolicy = ErrorPolicy::FailOpen;

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Lenient)
    }
}

struct LenientStream;

#[callbacks]
impl HttpContext for LenientStream {
    type Root = Lenient;

    fn new(_: &Lenient) -> Self {
        LenientStream
    }

    fn request_body_mode(&self) -> BodyMode {
        BodyMode::Buffer { limit: 4 }
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        body.replace("changed")?;
        Ok(Action::Continue)
    }
}

#[test]
fn failing_open_a_body_beyond_the_limit_passes_whole_and_unseen() {
    let host = Host::builder::<Lenient>().start();
    for request in [
        Request::post("/").chunks(["abc", "def", "g"]),
        Request::post("/").chunks(["abc", "def", "g"]).trailer("x-end", "1"),
        Request::post("/").header("content-length", "7").chunks(["abc", "def", "g"]),
    ] {
        let exchange = host.exchange(request);
        exchange.upstream_request().assert_body("abcdefg");
        exchange.logs().assert_contains("the body is larger than the limit");
    }
    host.exchange(Request::post("/").body("abcd")).upstream_request().assert_body("changed");
}
