//! Exchanges that arrive before the start has ended.

use super::*;
use waxwing_testing::explore;
use waxwing_testing::{Native, Outcome, Scenario};

#[test]
fn a_request_is_held_until_the_start_has_ended_and_later_ones_are_not() {
    let host = slow(Host::builder::<Fetching>(), 50);
    let first = host.open(Request::get("/first"));
    host.clock().advance(ms(49));
    let second = host.open(Request::get("/second"));
    first.assert_paused(Phase::RequestHeaders);
    second.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(1));
    first.upstream_request().assert_header("x-word", "blue");
    second.upstream_request().assert_header("x-word", "blue");
    host.exchange(Request::get("/third")).upstream_request().assert_header("x-word", "blue");
    assert_eq!(host.upstream("words").calls().len(), 1);
}

#[test]
fn each_worker_has_a_start_of_its_own() {
    let host = slow(Host::builder::<Fetching>().workers(2), 10);
    let streams = [0, 1].map(|worker| host.worker(worker).open(Request::get("/")));
    host.clock().advance(ms(10));
    for stream in streams {
        stream.upstream_request().assert_header("x-word", "blue");
    }
    assert_eq!(host.upstream("words").calls().len(), 2);
}

#[test]
fn a_start_that_has_nothing_to_wait_for_holds_nothing() {
    marking! { Quick;
        async fn start(self, _root: Root) -> Result<()> {
            *self.word.borrow_mut() = "now".into();
            Ok(())
        }
    }
    let host = Host::builder::<Quick>().start();
    host.exchange(Request::get("/")).upstream_request().assert_header("x-word", "now");

    marking! { Idle; }
    let host = Host::builder::<Idle>().start();
    host.exchange(Request::get("/")).upstream_request().assert_header("x-word", "");
}

// Until it has started, it answers for itself.
marking! { Answering;
    fn while_starting(&self) -> WhileStarting {
        match &*self.config {
            "admit" => WhileStarting::Admit,
            _ => WhileStarting::Respond(LocalResponse::new(503).body("not yet")),
        }
    }
    async fn start(self, root: Root) -> Result<()> {
        *self.word.borrow_mut() = "none".into();
        *self.word.borrow_mut() = fetch(&root).await?;
        Ok(())
    }
}

#[test]
fn requests_are_answered_or_admitted_while_starting_if_it_says_so() {
    for (config, body) in
        [("respond", &[][..]), ("admit", &[]), ("respond", &["a", "b"]), ("admit", &["a", "b"])]
    {
        let host = slow(Host::builder::<Answering>().config(config), 50);
        let exchange = host.exchange(Request::post("/").chunks(body.iter().copied()));
        if config == "admit" {
            exchange.upstream_request().assert_header("x-word", "none").assert_body(body.concat());
        } else {
            exchange.local_response().assert_status(503).assert_body("not yet");
            exchange.assert_not_forwarded();
        }
        host.clock().advance(ms(50));
        host.exchange(Request::get("/")).upstream_request().assert_header("x-word", "blue");
    }
}

#[test]
fn a_start_that_fails_fails_those_that_wait_and_all_that_come() {
    fn failing<R: Extension>() -> [Option<u16>; 2] {
        let host = start(Host::builder::<R>(), |words| {
            words.on(any()).reply(Response::new(500)).delay(ms(10));
        });
        let waiting = host.open(Request::post("/").body("body"));
        host.clock().advance(ms(10));
        let exchanges = [waiting.finish(), host.exchange(Request::post("/").chunks(["bo", "dy"]))];
        for exchange in &exchanges {
            exchange.logs().assert_contains("on_request_headers (context");
            exchange.logs().assert_contains("the root context has failed to start");
        }
        let statuses = exchanges.each_ref().map(|exchange| match exchange.outcome() {
            Outcome::Local => Some(exchange.local_response().status()),
            Outcome::Forwarded => {
                exchange.upstream_request().assert_body("body").assert_no_header("x-word");
                Some(exchange.response().status())
            }
            _ => {
                exchange.assert_not_forwarded();
                None
            }
        });
        host.logs().assert_contains("at the start: status 500");
        statuses
    }
    marking! { Open, FailOpen;
        async fn start(self, root: Root) -> Result<()> { fetch(&root).await.map(drop) }
    }
    marking! { Resetting, Reset;
        async fn start(self, root: Root) -> Result<()> { fetch(&root).await.map(drop) }
    }
    assert_eq!(failing::<Fetching>(), [Some(500); 2]);
    assert_eq!(failing::<Open>(), [Some(200); 2]);
    assert_eq!(failing::<Resetting>(), [None; 2]);
}

#[test]
fn a_failed_start_is_logged_with_the_await_and_runs_nothing() {
    marking! { Hanging;
        async fn start(self, root: Root) -> Result<()> { fetch(&root).await.map(drop) }
        async fn run(self, root: Root) -> Result<()> {
            root.with(|host| { host.log(LogLevel::Info, "it runs"); Ok(()) })
        }
    }
    let host = start(Host::builder::<Hanging>(), |words| {
        words.on(any()).hang();
    });
    host.clock().advance(ms(100));
    host.logs().assert_contains("at the start, awaiting an HTTP callout (testing/tests/root_task/main.rs:");
    host.logs().assert_lacks("it runs");
}

#[test]
fn a_start_can_try_again() {
    marking! { Stubborn;
        async fn start(self, root: Root) -> Result<()> {
            loop {
                match fetch(&root).await {
                    Ok(word) => {
                        *self.word.borrow_mut() = word;
                        return Ok(());
                    }
                    Err(_) => root.sleep(ms(20)).await?,
                }
            }
        }
    }
    let host = start(Host::builder::<Stubborn>(), |words| {
        words.on(any()).reply(Response::new(500)).then(Response::new(500)).then(word("blue"));
    });
    let stream = host.open(Request::get("/"));
    host.clock().advance(ms(39));
    stream.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(1));
    stream.upstream_request().assert_header("x-word", "blue");
}

#[test]
fn the_start_may_end_before_after_and_during_the_body() {
    for stops in [false, true] {
        for steps in interleaving::ALL {
            let builder = Host::builder::<Fetching>();
            let builder = if stops { builder.allow_on_headers_stop_iteration() } else { builder };
            let host = slow(builder, 10);
            let stream = host.begin();
            stream.send_request_headers(&Request::post("/"), EndOfStream::No);
            interleaving::play(steps, &host, &stream);
            stream.upstream_request().assert_header("x-word", "blue").assert_body("abcd");
            stream.send_response(&Response::new(200));
            assert_eq!(stream.finish().outcome(), Outcome::Forwarded, "{steps:?}");
        }
    }
}

#[test]
fn a_client_that_is_gone_or_answered_by_another_filter_is_not_begun() {
    thread_local!(static BEGUN: Cell<u32> = const { Cell::new(0) });
    #[derive(Extension, Clone)]
    #[extension(exchange, task)]
    struct Counting;
    impl RootContext for Counting {
        type Config = ();
        fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
            Ok(Counting)
        }
    }
    impl HttpExchange for Counting {
        async fn handle(self, _exchange: Exchange) -> Result<()> {
            BEGUN.set(BEGUN.get() + 1);
            Ok(())
        }
    }
    impl RootTask for Counting {
        async fn start(self, root: Root) -> Result<()> {
            fetch(&root).await.map(drop)
        }
    }
    let host = slow(Host::builder::<Counting>(), 10);
    let gone = host.open(Request::get("/"));
    gone.disconnect();
    let answered = host.open(Request::get("/"));
    answered.send_response(&Response::new(302).header("location", "/login").body("elsewhere"));
    let waiting = host.open(Request::get("/"));
    host.clock().advance(ms(10));
    assert_eq!(BEGUN.get(), 1);
    assert!(waiting.reached_upstream());
    answered.response().assert_status(302).assert_body("elsewhere");
    assert!(!answered.reached_upstream());
    assert!(answered.finish().logs().lines().is_empty());
    assert!(gone.finish().logs().lines().is_empty());
}

#[test]
fn in_every_order_nothing_goes_on_unmarked() {
    let scenario = Scenario::new("held")
        .config("")
        .cluster("words", |_| Response::new(200).body("blue").into())
        .workers(2)
        .request(Request::get("/"))
        .request(Request::post("/").chunks(["a", "b"]))
        .request(Request::get("/"));
    let all_marked = |run: &waxwing_testing::Run| {
        for exchange in run.exchanges().iter().filter(|exchange| exchange.reached_upstream()) {
            exchange.upstream_request().assert_header("x-word", "blue");
        }
    };
    let native = Native::<Fetching>::new();
    explore::orders(&native, &scenario)
        .limit(500)
        .disconnects()
        .reconfigurations()
        .check_each(all_marked)
        .check();
    explore::faults(&native, &scenario).fail_closed().hostile().check();
    explore::incidents(&native, &scenario).fail_closed().check();
}
