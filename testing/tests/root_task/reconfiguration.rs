//! New configurations, and the end of root contexts.

use super::*;

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(text: impl Into<String>) {
    SEEN.with_borrow_mut(|seen| seen.push(text.into()));
}

/// Notes that it was dropped.
struct Noting(Rc<str>);

impl Drop for Noting {
    fn drop(&mut self) {
        note(format!("{} ends", self.0));
    }
}

marking! { Named;
    async fn start(self, root: Root) -> Result<()> {
        let _noting = Noting(self.config.clone());
        note(format!("{} begins", self.config));
        let word = fetch(&root).await?;
        *self.word.borrow_mut() = format!("{} {word}", self.config);
        Ok(())
    }
    async fn run(self, root: Root) -> Result<()> {
        let _noting = Noting(self.config.clone());
        root.every(ms(100), async || {
            note(format!("{} runs", self.config));
            Ok(())
        })
        .await
    }
}

#[test]
fn each_root_context_has_a_task_until_it_ends() {
    SEEN.take();
    let host = slow(Host::builder::<Named>().config("old"), 10);
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    host.clock().advance(ms(5));
    host.reconfigure("new").unwrap();
    // The first one of them was a trial.
    assert_eq!(SEEN.take(), ["old begins", "new begins", "new ends", "new begins"]);
    let later = host.open(Request::get("/"));
    host.clock().advance(ms(5));
    stream.upstream_request().assert_header("x-word", "old blue");
    later.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(5));
    later.upstream_request().assert_header("x-word", "new blue");
    assert_eq!(SEEN.take(), ["old ends", "new ends"]);
    host.clock().advance(ms(100));
    assert_eq!(SEEN.take(), ["old runs", "new runs"]);
    // The old one ends with the last of its streams.
    stream.send_request_body("ab", EndOfStream::Yes);
    stream.send_response(&Response::new(200));
    assert_eq!(SEEN.take(), ["old ends"]);
    host.shutdown();
    assert_eq!(SEEN.take(), ["new ends"]);
}

#[test]
fn a_configuration_after_a_failed_start_begins_anew() {
    let host = start(Host::builder::<Fetching>().config("old"), |words| {
        words.on(any()).reply(Response::new(500)).then(word("blue"));
    });
    host.clock().advance(ms(0));
    host.exchange(Request::get("/")).local_response().assert_status(500);
    host.reconfigure("new").unwrap();
    host.clock().advance(ms(0));
    host.exchange(Request::get("/")).upstream_request().assert_header("x-word", "blue");
}

#[test]
fn a_configuration_that_is_refused_changes_nothing() {
    #[derive(Extension, Clone)]
    #[extension(exchange, task)]
    struct Picky {
        word: Rc<RefCell<String>>,
    }
    impl RootContext for Picky {
        type Config = String;
        fn configure(config: String, cx: &mut Configure<'_>) -> Result<Self> {
            HttpCall::get("words", "/").send(cx)?;
            if config.is_empty() { Err(Error::new("empty")) } else { Ok(Picky { word: Rc::default() }) }
        }
    }
    impl RootTask for Picky {
        async fn start(self, root: Root) -> Result<()> {
            root.sleep(ms(10)).await?;
            *self.word.borrow_mut() = fetch(&root).await?;
            Ok(())
        }
    }
    impl HttpExchange for Picky {
        async fn handle(self, exchange: Exchange) -> Result<()> {
            exchange.request_headers().await?.headers_mut().set("x-word", &**self.word.borrow())
        }
    }
    for at in [5, 15] {
        let host = slow(Host::builder::<Picky>().config("good"), 10);
        let stream = host.open(Request::get("/"));
        host.clock().advance(ms(at));
        host.reconfigure("").unwrap_err();
        host.clock().advance(ms(20 - at));
        stream.upstream_request().assert_header("x-word", "blue");
    }
}
