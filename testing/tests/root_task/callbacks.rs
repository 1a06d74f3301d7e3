//! A task beside the callbacks of its root context: each gets what it has asked for.

use super::*;

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(text: impl Into<String>) {
    SEEN.with_borrow_mut(|seen| seen.push(text.into()));
}

#[derive(Extension, Clone)]
#[extension(exchange, root, task)]
struct Both {
    callout: HttpCallId,
    timers: [TimerId; 2],
}

fn ask<'cb>(view: &impl View<'cb>) -> Result<HttpCallId> {
    HttpCall::get("words", "/callbacks").send(view)
}

impl RootContext for Both {
    type Config = ();
    fn configure(_: (), cx: &mut Configure<'_>) -> Result<Self> {
        let timers = [cx.set_timer(ms(20))?, cx.set_interval(ms(30))?];
        Ok(Both { callout: ask(cx)?, timers })
    }
}

#[callbacks]
impl RootCallbacks for Both {
    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        response: &HttpCallResponse<'_>,
        _: &mut RootView<'_>,
    ) -> Result<()> {
        assert_eq!(call, self.callout);
        note(format!("callback {}", String::from_utf8_lossy(response.body()?)));
        Ok(())
    }

    fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
        assert!(self.timers.contains(&timer));
        note(format!("callback timer {}", self.timers[1] == timer));
        self.callout = ask(root)?;
        Ok(())
    }
}

impl RootTask for Both {
    async fn start(self, root: Root) -> Result<()> {
        root.sleep(ms(20)).await?;
        note("task timer");
        note(format!("task {}", fetch(&root).await?));
        Ok(())
    }

    async fn run(self, root: Root) -> Result<()> {
        root.every(ms(30), async || {
            note(format!("task {}", fetch(&root).await?));
            Ok(())
        })
        .await
    }
}

impl HttpExchange for Both {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let request = exchange.request_headers().await?;
        request.headers_mut().set("x-word", HttpCall::get("words", "/stream").send(&request).await?.body()?)
    }
}

#[test]
fn answers_and_timers_come_to_who_has_asked_for_them() {
    SEEN.take();
    let host = start(Host::builder::<Both>(), |words| {
        words.on(any()).reply_with(|request| word(&request.path())).delay(ms(1));
    });
    let stream = host.open(Request::get("/"));
    for _ in 0..65 {
        host.clock().advance(ms(1));
    }
    stream.upstream_request().assert_header("x-word", "/stream");
    let expected = [
        "callback /callbacks",
        "callback timer false",
        "task timer",
        "callback /callbacks",
        "task /",
        "callback timer true",
        "callback /callbacks",
        "task /",
        "callback timer true",
        "callback /callbacks",
    ];
    assert_eq!(SEEN.take(), expected);
    assert!(host.logs().lines().is_empty(), "{}", host.logs());
}
