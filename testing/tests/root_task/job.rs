//! What goes on beside the streams.

use super::*;
use waxwing_testing::matching::grpc;
use waxwing_testing::{Answer, GrpcAnswer};

thread_local! {
    /// What the tasks of this file have done.
    static DONE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(text: impl Into<String>) {
    DONE.with_borrow_mut(|done| done.push(text.into()));
}

#[test]
fn a_job_comes_again_and_again_and_a_failure_is_logged_with_its_await() {
    marking! { Refreshing;
        async fn start(self, root: Root) -> Result<()> {
            *self.word.borrow_mut() = fetch(&root).await?;
            Ok(())
        }
        async fn run(self, root: Root) -> Result<()> {
            root.every(ms(1000), async || {
                *self.word.borrow_mut() = fetch(&root).await?;
                Ok(())
            })
            .await
        }
    }
    let host = start(Host::builder::<Refreshing>(), |words| {
        let rule = words.on(any()).reply(word("red")).then(word("green"));
        rule.then(Response::new(500)).then(word("blue")).then(Answer::Hang);
    });
    host.clock().advance(ms(0));
    for expected in ["red", "green", "green", "blue"] {
        host.exchange(Request::get("/")).upstream_request().assert_header("x-word", expected);
        host.clock().advance(ms(1000));
    }
    host.logs().assert_contains("job of testing/tests/root_task/job.rs:");
    host.logs().assert_contains("at the run: status 500");
    host.clock().advance(ms(100));
    host.logs().assert_contains("at the run, awaiting an HTTP callout (testing/tests/root_task/main.rs:");
}

#[test]
fn runs_do_not_overlap_and_what_was_missed_does_not_pile_up() {
    #[derive(Extension, Clone)]
    #[extension(exchange, task)]
    struct Slow;
    impl RootContext for Slow {
        type Config = ();
        fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
            Ok(Slow)
        }
    }
    impl HttpExchange for Slow {
        async fn handle(self, _: Exchange) -> Result<()> {
            Ok(())
        }
    }
    impl RootTask for Slow {
        async fn run(self, root: Root) -> Result<()> {
            let now = || root.with(|host| host.current_time());
            let begun = now()?;
            let mut number = 0;
            let long = root.every(ms(100), async || {
                number += 1;
                note(format!("{number} at {}", (now()? - begun).as_millis()));
                // The first one takes as long as three periods and a half.
                root.sleep(if number == 1 { ms(350) } else { ms(10) }).await
            });
            let other = root.every(ms(250), async || {
                note(format!("other at {}", (now()? - begun).as_millis()));
                Ok(())
            });
            let (long, other) = join(long, other).await;
            long.and(other)
        }
    }
    let host = Host::builder::<Slow>().start();
    for _ in 0..70 {
        host.clock().advance(ms(10));
    }
    let expected = ["1 at 100", "other at 250", "2 at 450", "other at 500", "3 at 550", "4 at 650"];
    assert_eq!(DONE.take(), expected);
}

#[test]
fn a_task_that_fails_is_logged_and_over_and_the_streams_go_on() {
    marking! { Ending;
        async fn run(self, root: Root) -> Result<()> {
            root.sleep(ms(10)).await?;
            Err(Error::new("enough"))
        }
    }
    let host = Host::builder::<Ending>().start();
    host.clock().advance(ms(1000));
    host.logs().assert_contains("on_tick (context 1): at the run: enough");
    host.exchange(Request::get("/")).response().assert_status(200);
}

#[test]
fn grpc_is_awaited_as_from_a_request_and_cancelled_with_the_task() {
    marking! { Talking;
        async fn start(self, root: Root) -> Result<()> {
            let reply = GrpcCall::new("words", "acme.Words", "Get").message("?").send(&root).await?;
            *self.word.borrow_mut() = String::from_utf8_lossy(reply.message()).into_owned();
            Ok(())
        }
        async fn run(self, root: Root) -> Result<()> {
            let mut words = GrpcCall::new("words", "acme.Words", "Watch").message("?").open(&root)?;
            let hang = GrpcCall::new("silence", "acme.Words", "Get").message("?").send(&root);
            while let Some(word) = words.next_message().await? {
                *self.word.borrow_mut() = String::from_utf8_lossy(&word).into_owned();
            }
            hang.await.map(drop)
        }
    }
    let (words, silence) = (Upstream::grpc("words"), Upstream::grpc("silence"));
    words.on(grpc::method("Get")).reply("red").delay(ms(10));
    let watched = GrpcAnswer::stream().message("green").message("blue").wait(ms(60_000));
    words.on(grpc::method("Watch")).answer_with(move |_| watched.clone());
    silence.on(grpc::any()).hang();
    let host = Host::builder::<Talking>().grpc_upstream(&words).grpc_upstream(&silence).start();
    let stream = host.open(Request::get("/"));
    stream.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(10));
    assert!(stream.upstream_request().headers().get("x-word").is_some_and(|word| !word.is_empty()));
    host.clock().advance(ms(10));
    host.exchange(Request::get("/")).upstream_request().assert_header("x-word", "blue");
    host.reconfigure("new").unwrap();
    // The call and the stream.
    assert_eq!(host.timeline().to_string().matches("grpc_cancel").count(), 2, "{}", host.timeline());
}

#[test]
fn a_root_that_is_handed_out_of_its_task_is_over() {
    #[derive(Extension, Clone)]
    #[extension(exchange, task)]
    struct Leaking {
        root: Rc<RefCell<Option<Root>>>,
    }
    impl RootContext for Leaking {
        type Config = ();
        fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
            Ok(Leaking { root: Rc::default() })
        }
    }
    impl RootTask for Leaking {
        async fn start(self, root: Root) -> Result<()> {
            *self.root.borrow_mut() = Some(root);
            Ok(())
        }
    }
    impl HttpExchange for Leaking {
        async fn handle(self, exchange: Exchange) -> Result<()> {
            let _request = exchange.request_headers().await?;
            let root = self.root.take();
            let Some(root) = &root else { return Ok(()) };
            assert!(matches!(root.with(|_| Ok(())), Err(Error::StageOver { .. })));
            assert!(matches!(root.sleep(ms(1)).await, Err(Error::StageOver { .. })));
            let reply = HttpCall::get("words", "/").send(root).await;
            assert!(matches!(reply, Err(Error::StageOver { .. })));
            Ok(())
        }
    }
    let host = slow(Host::builder::<Leaking>(), 10);
    host.exchange(Request::get("/")).response().assert_status(200);
    assert!(host.upstream("words").calls().is_empty());
}

#[test]
fn a_period_of_zero_is_a_millisecond_and_lets_the_host_go_on_between() {
    marking! { Hurrying;
        async fn run(self, root: Root) -> Result<()> {
            let count = Cell::new(0);
            root.every(Duration::ZERO, async || {
                count.set(count.get() + 1);
                *self.word.borrow_mut() = count.get().to_string();
                Ok(())
            })
            .await
        }
    }
    let host = start(Host::builder::<Hurrying>(), |_| {});
    host.clock().advance(ms(10));
    host.exchange(Request::get("/")).upstream_request().assert_header("x-word", "10");
}
