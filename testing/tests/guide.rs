//! The code of `docs/testing.md`, and the extensions that it tests.

use serde_json::Value;
use std::rc::Rc;
use std::time::Duration;
use waxwing::attributes::source;
use waxwing::prelude::*;
use waxwing_testing::matching::{any, grpc, header, method, path};
use waxwing_testing::{
    Answer, Callback, EndOfStream, Host, Metric, Native, Phase, Request, Response, Scenario, json,
    metric_name,
};

/// Asks a gRPC server whose token it is.
#[derive(Extension)]
#[extension(http = VouchStream)]
struct Vouch;

impl RootContext for Vouch {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Vouch)
    }
}

struct VouchStream;

#[callbacks]
impl HttpContext for VouchStream {
    type Root = Vouch;

    fn new(_: &Vouch) -> Self {
        VouchStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let token = request.headers().get("x-token")?.unwrap_or_default();
        GrpcCall::new("authz", "acme.Auth", "Check").message(token).send(request)?;
        Ok(Action::Pause)
    }

    fn on_grpc_call_response(
        &mut self,
        _: GrpcCallId,
        response: &GrpcCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        if response.status() == GrpcStatus::UNAUTHENTICATED {
            return Ok(LocalResponse::new(401).into());
        }
        stream.request_headers_mut().set("x-user", response.message()?)?;
        Ok(Action::Continue)
    }
}

/// Lets requests with a token, or from the own network, pass as its user.
#[derive(Extension)]
#[extension(http = GateStream)]
struct Gate {
    user: String,
}

impl RootContext for Gate {
    type Config = Vec<u8>;

    fn configure(config: Vec<u8>, _: &mut Configure<'_>) -> Result<Self> {
        let config: Value = serde_json::from_slice(&config)?;
        match config["user"].as_str() {
            Some("") | None => Err(Error::new("the user is empty")),
            Some(user) => Ok(Gate { user: user.to_owned() }),
        }
    }
}

struct GateStream {
    user: String,
}

#[callbacks]
impl HttpContext for GateStream {
    type Root = Gate;

    fn new(root: &Gate) -> Self {
        GateStream { user: root.user.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let inside =
            request.property(&["source", "address"])?.is_some_and(|address| address.starts_with(b"10."));
        match request.headers().get("x-token")? {
            None if !inside => return Ok(LocalResponse::new(401).body("who are you?").into()),
            Some(b"panic") => panic!("what a token"),
            _ => {}
        }
        request.headers_mut().set("x-user", &self.user)?;
        request.headers_mut().remove("x-internal")?;
        Ok(Action::Continue)
    }
}

/// Holds back what a client sends until its first line is whole.
#[derive(Extension)]
#[extension(tcp = LineConnection)]
struct Lines;

impl RootContext for Lines {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Lines)
    }
}

struct LineConnection {
    has_line: bool,
}

#[callbacks]
impl StreamContext for LineConnection {
    type Root = Lines;

    fn new(_: &Lines) -> Self {
        LineConnection { has_line: false }
    }

    fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
        self.has_line = self.has_line || data.bytes()?.contains(&b'\n');
        Ok(if self.has_line || data.end_of_stream() { Flow::Continue } else { Flow::Pause })
    }
}

/// Hides a word in request bodies.
#[derive(Extension)]
#[extension(http = RedactStream)]
struct Redact;

impl RootContext for Redact {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Redact)
    }
}

struct RedactStream;

impl RedactStream {
    fn redacted(body: &[u8]) -> String {
        String::from_utf8_lossy(body).replace("secret", "******")
    }
}

#[callbacks]
impl HttpContext for RedactStream {
    type Root = Redact;

    fn new(_: &Redact) -> Self {
        RedactStream
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        if !body.end_of_stream() {
            return Ok(Action::Pause);
        }
        let redacted = RedactStream::redacted(body.bytes()?);
        body.replace(redacted)?;
        Ok(Action::Continue)
    }

    fn on_request_trailers(&mut self, request: &mut RequestTrailers<'_>) -> Result<Action> {
        let redacted = RedactStream::redacted(request.held_body()?);
        request.replace_held_body(redacted)?;
        Ok(Action::Continue)
    }
}

/// Asks another service whether a token is known, and whose it is.
#[derive(Extension)]
#[extension(http = AuthStream)]
struct Auth;

impl RootContext for Auth {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Auth)
    }
}

struct AuthStream;

#[callbacks]
impl HttpContext for AuthStream {
    type Root = Auth;

    fn new(_: &Auth) -> Self {
        AuthStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        HttpCall::get("authz", "/check")
            .header("x-token", request.headers().get("x-token")?.unwrap_or_default())
            .timeout(Duration::from_millis(200))
            .send(request)?;
        Ok(Action::Pause)
    }

    fn on_http_call_response(
        &mut self,
        _: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        if response.error()?.is_some() {
            return Ok(LocalResponse::new(503).into());
        }
        match response.status()? {
            200 => {
                stream.request_headers_mut().set("x-user", response.headers().get("x-user")?)?;
                Ok(Action::Continue)
            }
            _ => Ok(LocalResponse::new(403).into()),
        }
    }
}

/// Counts requests and queues their paths.
#[derive(Extension)]
#[extension(http = TallyStream)]
struct Tally {
    paths: Queue,
}

impl RootContext for Tally {
    type Config = ();

    fn configure(_: (), cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Tally { paths: Queue::register(cx, "paths")? })
    }
}

struct TallyStream {
    paths: Queue,
    number: u64,
}

#[callbacks]
impl HttpContext for TallyStream {
    type Root = Tally;

    fn new(root: &Tally) -> Self {
        TallyStream { paths: root.paths, number: 0 }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.number = request.shared_data().increment("requests", 1)?;
        self.paths.enqueue(request, request.headers().get(":path")?.unwrap_or_default())?;
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set("x-request", self.number.to_string())?;
        Ok(Action::Continue)
    }
}

#[test]
fn strips_internal_headers() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).start();

    let exchange = host.exchange(Request::get("/cart?id=7").header("x-token", "t").header("x-internal", "1"));

    exchange
        .upstream_request()
        .assert_path("/cart?id=7")
        .assert_header("x-user", "ana")
        .assert_no_header("x-internal");
    exchange.response().assert_status(200);
    host.logs().assert_none_at_least(LogLevel::Warn);
}

#[test]
fn an_upstream_failure_keeps_its_body() {
    let host = Host::builder::<Gate>()
        .config(json!({ "user": "ana" }))
        .origin(|request| Response::new(503).header("x-seen", request.path()).body("try later"))
        .start();

    let exchange = host.exchange(Request::get("/cart").header("x-token", "t"));

    exchange.response().assert_status(503).assert_header("x-seen", "/cart").assert_body("try later");
}

#[test]
fn without_a_token_nothing_reaches_the_upstream() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).start();

    let exchange = host.exchange(Request::get("/cart"));

    exchange.local_response().assert_status(401).assert_body("who are you?");
    exchange.assert_not_forwarded();
}

#[test]
fn a_word_across_pieces_is_found() {
    let host = Host::builder::<Redact>().start();
    for request in [
        Request::post("/").body("a secret"),
        Request::post("/").chunks(["a sec", "ret"]),
        Request::post("/").chunks(["a sec", "ret"]).empty_end(),
        Request::post("/").chunks(["a sec", "ret"]).trailer("x-sum", "8"),
    ] {
        host.exchange(request).upstream_request().assert_body("a ******");
    }
}

#[test]
fn the_body_waits_until_it_is_complete() {
    let host = Host::builder::<Redact>().start();
    let stream = host.begin();

    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_request_body("a sec", EndOfStream::No);
    stream.assert_paused(Phase::RequestBody);
    assert_eq!(stream.buffered_request_body(), b"a sec");

    stream.send_request_body("ret", EndOfStream::Yes);
    stream.assert_flowing();
    stream.upstream_request().assert_body("a ******");

    stream.send_response(&Response::new(204));
    stream.finish().response().assert_status(204);
}

#[test]
fn an_empty_user_is_refused() {
    let error = Host::builder::<Gate>().config(json!({ "user": "" })).try_start().unwrap_err();

    assert_eq!(error.refused_by(), Some(Callback::Configure));
    error.logs().assert_contains("the user is empty");
}

#[test]
fn requests_of_the_network_need_no_token() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).start();

    let exchange = host.exchange(Request::get("/").attribute(source::ADDRESS, "10.0.0.7:4711"));

    exchange.upstream_request().assert_header("x-user", "ana");
}

#[test]
fn a_token_is_checked_before_the_request_goes_on() {
    let host = Host::builder::<Auth>().start();
    let authz = host.upstream("authz");
    authz
        .on(method("GET").and(path("/check")).and(header("x-token", "t0")))
        .named("a known token")
        .reply(Response::new(200).header("x-user", "ana"))
        .delay(Duration::from_millis(30))
        .times(1);
    authz.on(any()).reply(Response::new(403));

    let stream = host.open(Request::post("/orders").header("x-token", "t0").body("apples"));
    stream.assert_paused(Phase::RequestHeaders);
    assert_eq!(stream.waiting_on()[0].request().path(), "/check");
    host.clock().advance(Duration::from_millis(30));
    stream.finish().upstream_request().assert_header("x-user", "ana").assert_body("apples");

    host.exchange(Request::get("/orders").header("x-token", "t1")).local_response().assert_status(403);
}

#[test]
fn without_an_answer_nothing_reaches_the_upstream() {
    let host = Host::builder::<Auth>().start();
    host.upstream("authz").on(any()).hang().then(Answer::Reset).then(Answer::Refuse);

    for _ in 0..3 {
        let exchange = host.exchange(Request::get("/orders").header("x-token", "t0"));
        exchange.local_response().assert_status(503);
        exchange.assert_not_forwarded();
    }
}

#[test]
fn every_worker_takes_the_new_configuration() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).workers(2).start();

    host.reconfigure(json!({ "user": "bo" })).unwrap();

    for worker in [host.worker(0), host.worker(1)] {
        let exchange = worker.exchange(Request::get("/cart").header("x-token", "t"));
        exchange.upstream_request().assert_header("x-user", "bo");
    }
}

#[test]
fn the_workers_count_together_and_queue_the_paths() {
    let host = Host::builder::<Tally>().workers(2).start();
    host.set_shared_data("requests", 40_u64.to_le_bytes());

    host.worker(0).exchange(Request::get("/a"));
    host.worker(1).exchange(Request::get("/b")).response().assert_header("x-request", "42");
    host.race_shared_data("requests", 99_u64.to_le_bytes());
    host.worker(0).exchange(Request::get("/c")).response().assert_header("x-request", "100");

    assert_eq!(host.shared_data("requests"), Some(100_u64.to_le_bytes().to_vec()));
    assert_eq!(host.queue("paths").items(), [b"/a", b"/b", b"/c"]);
}

#[test]
fn a_panic_takes_the_vm_down() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).start();

    host.exchange(Request::get("/").header("x-token", "panic")).local_response().assert_status(503);

    host.expect_trap("what a token");
    host.exchange(Request::get("/").header("x-token", "t")).local_response().assert_status(503);
}

/// Counts requests by their method, in each worker.
#[derive(Extension)]
#[extension(http = CountedStream)]
struct Counted {
    requests: Rc<CounterFamily<1>>,
}

impl RootContext for Counted {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Counted { requests: Rc::new(CounterFamily::new("requests_total", ["method"])) })
    }
}

struct CountedStream {
    requests: Rc<CounterFamily<1>>,
}

#[callbacks]
impl HttpContext for CountedStream {
    type Root = Counted;

    fn new(root: &Counted) -> Self {
        CountedStream { requests: root.requests.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let method = request.headers().get_str(":method")?.unwrap_or_default();
        self.requests.with(request, [method])?.increment(1)?;
        Ok(Action::Continue)
    }
}

#[test]
fn requests_are_counted_by_their_method() {
    let host = Host::builder::<Counted>().workers(2).start();

    host.worker(0).exchange(Request::get("/"));
    host.worker(1).exchange(Request::get("/"));

    host.assert_metric(metric_name("requests_total", [("method", "GET")]), Metric::Counter(2));
}

/// Holds each request back for 50 milliseconds.
#[derive(Extension)]
#[extension(http = PatientStream)]
struct Patient;

impl RootContext for Patient {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Patient)
    }
}

struct PatientStream;

#[callbacks]
impl HttpContext for PatientStream {
    type Root = Patient;

    fn new(_: &Patient) -> Self {
        PatientStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        request.set_timer(Duration::from_millis(50))?;
        Ok(Action::Pause)
    }

    fn on_timer(&mut self, _: TimerId, _: &mut StreamView<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }
}

#[test]
fn a_request_that_is_held_back_goes_on_when_its_time_has_come() {
    let host = Host::builder::<Patient>().start();

    let stream = host.open(Request::get("/"));
    host.clock().advance(Duration::from_millis(49));
    stream.assert_paused(Phase::RequestHeaders);
    host.clock().advance(Duration::from_millis(1));

    stream.assert_flowing();
}

/// What is between the fences of the page's Rust code, one entry each.
fn code(page: &str) -> Vec<&str> {
    page.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_code_of_the_page_is_the_code_of_this_file() {
    let words = |text: &str| text.split_whitespace().collect::<String>().replace(",)", ")");
    let file = words(include_str!("guide.rs"));
    let page = code(include_str!("../../docs/testing.md"));
    assert!(page.len() > 5, "the page has lost its code");
    for code in page {
        assert!(
            file.contains(&words(code)),
            "docs/testing.md has code that tests/guide.rs does not run:\n{code}"
        );
    }
}

#[test]
fn every_test_of_this_file_is_on_the_page() {
    let page = include_str!("../../docs/testing.md");
    let tests = include_str!("guide.rs").split("\n#[test]\nfn ").skip(1);
    let names = tests.filter_map(|test| test.split_once('(')).map(|(name, _)| name);
    // Those that are about the page itself are not.
    let missing: Vec<_> = names.filter(|name| !name.contains("page") && !page.contains(name)).collect();
    assert!(missing.is_empty(), "docs/testing.md has lost {missing:?}");
}

#[test]
fn each_worker_knows_the_user() {
    let scenario = Scenario::new("each worker knows the user")
        .config(json!({ "user": "ana" }))
        .workers(2)
        .request(Request::get("/cart").header("x-token", "t"))
        .wait(Duration::from_millis(20))
        .request_to(1, Request::get("/cart").header("x-token", "t"));

    let run = scenario.compare(&[&Native::<Gate>::new()]);

    run[0].upstream_request().assert_header("x-user", "ana");
    run[1].upstream_request().assert_header("x-user", "ana");
}

#[test]
fn a_token_that_the_server_does_not_know_is_denied() {
    let host = Host::builder::<Vouch>().start();
    let authz = host.grpc_upstream("authz");
    authz.on(grpc::method("Check").and(grpc::message("t0"))).reply("ana").times(1);
    authz.on(grpc::any()).error(16, "who is this?").delay(Duration::from_millis(30));

    let exchange = host.exchange(Request::get("/orders").header("x-token", "t0"));
    exchange.upstream_request().assert_header("x-user", "ana");

    let exchange = host.exchange(Request::get("/orders").header("x-token", "t1"));
    exchange.local_response().assert_status(401);
    assert_eq!(authz.calls().len(), 2);
}

#[test]
fn a_request_is_held_back_until_it_is_whole() {
    let connection = Host::builder::<Lines>().start().connect();

    connection.send("HELO exa");
    connection.assert_paused().assert_upstream_received("");
    connection.send("mple.com\n");
    connection.assert_upstream_received("HELO example.com\n");

    connection.upstream_sends("250 OK\n");
    connection.assert_received("250 OK\n");
    connection.end();
    connection.upstream_ends();
    connection.assert_closed();
}
