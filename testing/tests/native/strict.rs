//! Misuse: when it fails a test, and when it does not.

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use waxwing_testing::explore::{self, Problem};
use waxwing_testing::matching::any;
use waxwing_testing::{Misuse, Native, Response, Scenario};

/// The message with which this fails.
fn failure<T>(run: impl FnOnce() -> T) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(run)).err()?;
    panic.downcast::<String>().ok().map(|message| *message)
}

extension!(Mirror, MirrorStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        HttpCall::get("audit", "/seen").send(request)?;
        Ok(Action::Continue)
    }
});

extension!(Counting, CountingStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        Counter::define(request, "requests", &[])?.increment(1)?;
        Ok(Action::Continue)
    }
});

#[test]
fn the_failure_says_what_happened_where_and_what_to_do() {
    let host = Host::builder::<Mirror>().start();
    host.upstream("audit").on(any()).reply(Response::new(204)).delay(std::time::Duration::from_millis(9));
    let message = failure(|| host.exchange(Request::get("/cart"))).unwrap();
    let (head, timeline) = message.split_once("\ntimeline:").unwrap();
    assert_eq!(
        head,
        "the extension does what Envoy accepts and then mishandles: DroppedCallout\n  \
         what:     the stream has ended without the answer to callout 4 (GET /seen to \"audit\"), and never waited for it\n  \
         callback: on_request_headers #2 4 headers end of stream\n  \
         stream:   #2: GET /cart\n  \
         call:     http_call \"audit\" [:method: \"GET\", :path: \"/seen\", :authority: \"audit\"] body \"\" timeout 5000 ms\n  \
         instead:  Pause until the answer has come, or make the callout from the root context.\n  \
         If it is meant so: `.allow(Misuse::DroppedCallout)` of the `HostBuilder`, or `.lenient()` for all."
    );
    assert!(timeline.contains("! misuse: the stream has ended without the answer"), "{timeline}");
    // It is said once.
    assert_eq!(failure(|| drop(host)), None);
}

#[test]
fn a_lenient_host_only_tells() {
    for builder in
        [Host::builder::<Mirror>().lenient(), Host::builder::<Mirror>().allow(Misuse::DroppedCallout)]
    {
        let host = builder.start();
        host.upstream("audit").on(any()).reply(Response::new(204)).delay(std::time::Duration::from_millis(9));
        host.exchange(Request::get("/cart")).response().assert_status(200);
    }
    let host = Host::builder::<Mirror>().lenient().allow(Misuse::NotPaused).start();
    host.upstream("audit").on(any()).reply(Response::new(204)).delay(std::time::Duration::from_millis(9));
    assert_eq!(host.exchange(Request::get("/cart")).timeline().misuses().len(), 1);
}

#[test]
fn a_misuse_that_is_not_the_one_that_is_allowed_fails() {
    let host = Host::builder::<Mirror>().allow(Misuse::NotPaused).start();
    host.upstream("audit").on(any()).reply(Response::new(204)).delay(std::time::Duration::from_millis(9));
    assert!(failure(|| host.exchange(Request::get("/cart"))).is_some());
}

#[test]
fn a_metric_that_each_stream_defines_fails_with_the_second() {
    let host = Host::builder::<Counting>().start();
    host.exchange(Request::get("/"));
    let message = failure(|| host.exchange(Request::get("/second"))).unwrap();
    assert!(message.contains("\n  stream:   #3: GET /second\n  call:     define_metric"), "{message}");
}

fn twice() -> Scenario {
    Scenario::new("two are counted").request(Request::get("/")).request(Request::get("/"))
}

#[test]
fn a_scenario_fails_if_it_is_strict() {
    let native = Native::<Counting>::new();
    let run = |scenario: Scenario| failure(|| scenario.compare(&[&native]));
    assert_eq!(run(twice()), None);
    let message = run(twice().strict()).unwrap();
    assert!(message.contains("mishandles: RedefinedMetric\n"), "{message}");
    assert_eq!(run(twice().strict().allow(Misuse::RedefinedMetric)), None);
}

#[test]
fn an_exploration_reports_what_is_not_allowed() {
    let native = Native::<Counting>::new();
    for scenario in [twice(), twice().strict()] {
        let report = explore::faults(&native, &scenario).limit(1).report();
        let problem = report.violations()[0].problem();
        assert!(
            matches!(problem, Problem::Misuse(text) if text.contains("defined again in a stream")),
            "{report}"
        );
    }
    explore::faults(&native, &twice().allow(Misuse::RedefinedMetric)).limit(1).check();
}

/// The rows of the table of `docs/testing.md`: names, and what to do instead.
fn rows() -> Vec<(String, String)> {
    let page = include_str!("../../../docs/testing.md");
    let section = page.split("\n## ").find(|section| section.starts_with("Be strict\n")).unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let cells = lines.map(|line| line.split(" | ").collect::<Vec<_>>());
    cells.map(|cells| (cells[0].trim_end_matches('`').to_owned(), cells[2].to_owned())).collect()
}

#[test]
fn the_page_has_each_misuse() {
    let expected = Misuse::ALL.iter().map(|misuse| (misuse.name().to_owned(), misuse.instead().to_owned()));
    assert_eq!(rows(), expected.collect::<Vec<_>>());
    assert!(Misuse::ALL.iter().all(|misuse| format!("{misuse:?}") == misuse.name()));
}
