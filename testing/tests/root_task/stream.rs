//! Streams with callbacks that begin before the start has ended.

use super::*;

thread_local! {
    /// The callbacks of the streams, in their order.
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(text: impl Into<String>) {
    SEEN.with_borrow_mut(|seen| seen.push(text.into()));
}

#[derive(Extension, Clone)]
#[extension(http = Stream, task)]
struct Streams {
    word: Rc<RefCell<String>>,
}

impl RootContext for Streams {
    type Config = ();
    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Streams { word: Rc::default() })
    }
}

impl RootTask for Streams {
    async fn start(self, root: Root) -> Result<()> {
        *self.word.borrow_mut() = fetch(&root).await?;
        Ok(())
    }
}

/// What it does is the path of its request.
struct Stream {
    word: Rc<RefCell<String>>,
    path: String,
}

#[callbacks]
impl HttpContext for Stream {
    type Root = Streams;

    fn new(root: &Streams) -> Self {
        Stream { word: root.word.clone(), path: String::new() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.path = request.headers().get_str(":path")?.unwrap_or_default().to_owned();
        note(format!("{} headers", self.path));
        request.headers_mut().set("x-word", &**self.word.borrow())?;
        match &*self.path {
            "/ask" => {
                HttpCall::get("words", "/ask").send(request)?;
                Ok(Action::Pause)
            }
            "/answer" => Ok(LocalResponse::new(403).body("no").into()),
            "/fail" => Err(Error::new("not this one")),
            _ => Ok(Action::Continue),
        }
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        note(format!("{} body {}", self.path, String::from_utf8_lossy(body.bytes()?)));
        Ok(Action::Continue)
    }

    fn on_request_trailers(&mut self, _: &mut RequestTrailers<'_>) -> Result<Action> {
        note(format!("{} trailers", self.path));
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, _: &mut ResponseHeaders<'_>) -> Result<Action> {
        note(format!("{} response", self.path));
        Ok(Action::Continue)
    }

    fn on_http_call_response(
        &mut self,
        _: HttpCallId,
        response: &HttpCallResponse<'_>,
        _: &mut StreamView<'_>,
    ) -> Result<Action> {
        note(format!("{} asked {}", self.path, response.status()?));
        Ok(Action::Continue)
    }
}

#[test]
fn streams_are_begun_in_their_order_and_what_each_decides_is_done() {
    SEEN.take();
    let host = slow(Host::builder::<Streams>(), 10);
    let paths = ["/a", "/ask", "/answer", "/fail", "/b"];
    let streams = paths.map(|path| host.open(Request::get(path)));
    assert!(SEEN.take().is_empty());
    for stream in &streams {
        stream.assert_paused(Phase::RequestHeaders);
    }
    host.clock().advance(ms(10));
    let begun: Vec<_> = SEEN.take().into_iter().filter(|line| line.ends_with("headers")).collect();
    assert_eq!(begun, paths.map(|path| format!("{path} headers")));
    let [a, ask, answer, fail, b] = streams;
    for stream in [a, b] {
        stream.upstream_request().assert_header("x-word", "blue");
    }
    ask.assert_paused(Phase::RequestHeaders);
    answer.finish().local_response().assert_status(403).assert_body("no");
    let failed = fail.finish();
    failed.local_response().assert_status(500);
    failed.logs().assert_contains("on_request_headers");
    host.clock().advance(ms(10));
    ask.upstream_request().assert_header("x-word", "blue");
    assert!(SEEN.take().contains(&"/ask asked 200".to_owned()));
}

#[test]
fn the_start_may_end_before_after_and_during_the_body() {
    for (stops, path) in [(false, "/a"), (true, "/a"), (false, "/ask")] {
        for steps in interleaving::ALL {
            SEEN.take();
            let builder = Host::builder::<Streams>();
            let builder = if stops { builder.allow_on_headers_stop_iteration() } else { builder };
            let host = slow(builder, 10);
            let stream = host.begin();
            stream.send_request_headers(&Request::post(path), EndOfStream::No);
            interleaving::play(steps, &host, &stream);
            host.clock().advance(ms(10));
            let what = format!("{steps:?} stops: {stops} {path}\n{}", stream.timeline());
            stream.upstream_request().assert_header("x-word", "blue").assert_body("abcd");
            let seen = SEEN.take();
            assert_eq!(seen.first(), Some(&format!("{path} headers")), "{what}");
            let bodies = seen.iter().filter_map(|line| line.strip_prefix(&format!("{path} body ")));
            assert_eq!(bodies.collect::<String>(), "abcd", "{what}");
            let has_trailers = steps.iter().any(|step| matches!(step, interleaving::Step::Trailers));
            assert_eq!(seen.contains(&format!("{path} trailers")), has_trailers, "{what}");
        }
    }
}

#[test]
fn a_client_that_is_gone_or_answered_by_another_filter_is_not_begun() {
    SEEN.take();
    let host = slow(Host::builder::<Streams>(), 10);
    host.open(Request::get("/gone")).disconnect();
    let answered = host.open(Request::get("/answered"));
    answered.send_response(&Response::new(302));
    host.clock().advance(ms(10));
    // It sees that response, as always when another filter is faster.
    assert_eq!(SEEN.take(), [" response"]);
    answered.response().assert_status(302);
    assert!(!answered.reached_upstream());
}

#[test]
fn it_is_held_although_its_streams_have_no_callback_of_the_request() {
    #[derive(Extension, Clone)]
    #[extension(http = Plain, task)]
    struct Quiet;
    impl RootContext for Quiet {
        type Config = ();
        fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
            Ok(Quiet)
        }
    }
    impl RootTask for Quiet {
        async fn start(self, root: Root) -> Result<()> {
            fetch(&root).await.map(drop)
        }
    }
    struct Plain;
    #[callbacks]
    impl HttpContext for Plain {
        type Root = Quiet;
        fn new(_: &Quiet) -> Self {
            Plain
        }
    }
    let host = slow(Host::builder::<Quiet>(), 10);
    let stream = host.open(Request::get("/"));
    stream.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(10));
    assert!(stream.reached_upstream());
}

#[test]
fn connections_are_not_held() {
    #[derive(Extension, Clone)]
    #[extension(http = Both, tcp = Connection, task)]
    struct Mixed;
    impl RootContext for Mixed {
        type Config = ();
        fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
            Ok(Mixed)
        }
    }
    impl RootTask for Mixed {
        async fn start(self, root: Root) -> Result<()> {
            fetch(&root).await.map(drop)
        }
    }
    struct Both;
    #[callbacks]
    impl HttpContext for Both {
        type Root = Mixed;
        fn new(_: &Mixed) -> Self {
            Both
        }
    }
    struct Connection;
    #[callbacks]
    impl StreamContext for Connection {
        type Root = Mixed;
        fn new(_: &Mixed) -> Self {
            Connection
        }
        fn on_downstream_data(&mut self, _: &mut DownstreamData<'_>) -> Result<Flow> {
            note("data");
            Ok(Flow::Continue)
        }
    }
    SEEN.take();
    let host = slow(Host::builder::<Mixed>(), 10);
    let connection = host.connect();
    connection.send("hello");
    assert_eq!(SEEN.take(), ["data"]);
    let stream = host.open(Request::get("/"));
    stream.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(10));
    assert!(stream.reached_upstream());
}
