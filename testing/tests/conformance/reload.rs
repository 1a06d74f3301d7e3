//! Workers that get a new VM after a trap.

use super::*;
use std::time::Duration;
use waxwing_fragile::Fragile;
use waxwing_testing::{Answer, Client, FailurePolicy, Metric, Run};

/// Short enough to be over when the next request comes. With 1 ms, Envoy 1.40 divides by zero.
const AT_ONCE: Duration = Duration::from_millis(4);
/// Longer than that, with what Envoy adds at random.
const A_MOMENT: Duration = Duration::from_millis(50);
/// Longer than a scenario takes.
const NEVER: Duration = Duration::from_secs(600);

fn run(scenarios: impl IntoIterator<Item = Scenario>) -> Vec<Run> {
    on_every_host::<Fragile>("waxwing-fragile", scenarios)
}

fn reloading(name: &str, backoff: Duration) -> Scenario {
    Scenario::new(name)
        .failure_policy(FailurePolicy::Reload(backoff))
        .cluster("other", |_| Answer::from(Response::new(200)))
        .metric("streams")
}

fn plain() -> Request {
    Request::get("/")
}

fn trapping(place: &str) -> Request {
    Request::post("/").header("x-trap", place).body("abc")
}

/// The same, with time between its headers and its body, in which the upstream gets to know of it in Envoy.
fn trapping_late(place: &str) -> Client {
    Client::new(trapping(place)).pauses(Duration::from_millis(150))
}

/// The next VM is to do this.
fn next(what: &str) -> Request {
    Request::get("/").header("x-next", what)
}

/// How many streams its VM had had by then, if it had one.
fn streams(run: &Run, request: usize) -> Option<String> {
    let response = run[request].response();
    let streams = response.headers().get("x-streams");
    streams.map(|streams| String::from_utf8_lossy(streams).into_owned())
}

fn statuses(run: &Run) -> Vec<u16> {
    let status = |exchange: &waxwing_testing::Exchange| match exchange.reached_client() {
        true => exchange.response().status(),
        false => 0,
    };
    run.exchanges().iter().map(status).collect()
}

fn root_lines(run: &Run) -> Vec<&str> {
    run.logs().lines().iter().map(|line| line.message.lines().last().unwrap_or_default()).collect()
}

/// A trap anywhere, twice; the stream behind each has a new VM, and the metric goes on.
#[test]
fn the_next_stream_has_a_new_vm_wherever_the_old_one_trapped() {
    let places = ["request-headers", "request-body", "response-headers", "response-body", "log", "delete"];
    let runs = run(places.map(|place| {
        let trap = format!("told to trap in {place}");
        reloading(place, AT_ONCE)
            .expect_trap(&trap)
            .expect_trap(&trap)
            .request(plain())
            .client(trapping_late(place))
            .wait(A_MOMENT)
            .request(plain())
            .client(trapping_late(place))
            .wait(A_MOMENT)
            .request(plain())
    }));
    for (run, status) in runs.iter().zip([503, 503, 503, 0, 200, 200]) {
        assert_eq!(statuses(run), [200, status, 200, status, 200]);
        assert_eq!([0, 2, 4].map(|request| streams(run, request)), [(); 3].map(|()| Some("1".to_owned())));
        assert_eq!(root_lines(run), ["configured"; 3]);
        assert_eq!(run.metric("streams"), Some(Metric::Counter(5)));
    }
}

/// What no stream waits for kills the VM all the same, and with it the timer, which the new one has again.
#[test]
fn a_trap_in_a_timer_or_in_an_answer_to_the_root_context_ends_them_until_the_next_stream() {
    // Longer than a request takes on a machine that is busy.
    let period = Duration::from_secs(1);
    let scenario = |place: &str, trap: &str| {
        reloading(place, AT_ONCE)
            .config("1000")
            .expect_trap(trap)
            .request(trapping(place))
            .wait(period * 6 / 5)
            .request(plain())
            .wait(period * 3 / 2)
    };
    let runs = run([
        scenario("timer", "told to trap in a timer"),
        scenario("root-answer", "told to trap in an answer"),
    ]);
    for (run, trap) in runs.iter().zip(["told to trap in a timer", "told to trap in an answer"]) {
        assert_eq!(statuses(run), [200, 200]);
        assert!(
            root_lines(run).ends_with(&[trap, "configured", "a timer after 1 streams"]),
            "{:?}",
            root_lines(run)
        );
    }
}

#[test]
fn until_the_back_off_is_over_streams_fail() {
    let trap = "told to trap in request-headers";
    let never = reloading("never", NEVER).request(trapping("request-headers")).expect_trap(trap);
    // Counted from the start of the VM, not from the trap; Envoy adds up to half.
    let backoff = Duration::from_secs(2);
    let later = reloading("later", backoff).request(trapping("request-headers")).expect_trap(trap);
    let runs = run([
        never.request(plain()).wait(A_MOMENT).request(plain()),
        later.request(plain()).wait(backoff * 8 / 5).request(plain()),
    ]);
    assert_eq!(statuses(&runs[0]), [503, 503, 503]);
    assert_eq!(statuses(&runs[1]), [503, 503, 200]);
}

/// In all of these, the new VM does not come to its first stream. It is tried again, once for each back-off, until nothing keeps
/// it from starting.
#[test]
fn a_new_vm_that_does_not_start_is_tried_again() {
    let runs =
        run(["trap-at-start", "trap-at-configure", "refuse-start", "refuse-configuration"].map(|what| {
            let scenario = reloading(what, AT_ONCE)
                .workers(2)
                .expect_trap("told to trap in request-headers")
                .request(next(what))
                .request(trapping("request-headers"))
                .wait(A_MOMENT)
                .request(plain())
                .wait(A_MOMENT)
                .request(plain())
                .request_to(1, next("-"))
                .wait(A_MOMENT)
                .request(plain());
            match what.strip_prefix("trap-at-") {
                Some(_) => scenario.expect_trap("told to trap in on_").expect_trap("told to trap in on_"),
                None => scenario,
            }
        }));
    for run in runs {
        assert_eq!(statuses(&run), [200, 503, 503, 503, 200, 200]);
        assert_eq!(streams(&run, 5), Some("1".to_owned()));
    }
}

#[test]
fn a_new_vm_that_does_not_start_is_not_tried_again_before_the_back_off_is_over() {
    let backoff = Duration::from_millis(800);
    let runs = run([reloading("one attempt", backoff)
        .expect_trap("told to trap in request-headers")
        .request(next("refuse-start"))
        .request(trapping("request-headers"))
        .wait(backoff * 8 / 5)
        .request(plain())
        .request(plain())
        .request(plain())]);
    assert_eq!(root_lines(&runs[0]), ["configured", "on_vm_start (context 1): told to refuse the start"]);
}

/// Those of other workers live on, and keep what they know.
#[test]
fn other_workers_are_unharmed() {
    let runs =
        run([FailurePolicy::Reload(AT_ONCE), FailurePolicy::Closed, FailurePolicy::Open].map(|policy| {
            reloading(&format!("two workers, {policy:?}"), AT_ONCE)
                .failure_policy(policy)
                .workers(2)
                .expect_trap("told to trap in request-body")
                .request(plain())
                .request_to(1, plain())
                .client(trapping_late("request-body"))
                .wait(A_MOMENT)
                .request(plain())
                .request_to(1, plain())
        }));
    for (run, (status, number)) in runs.iter().zip([(200, Some("1")), (503, None), (200, None)]) {
        assert_eq!(statuses(run), [200, 200, 503, status, 200]);
        assert_eq!(streams(run, 3).as_deref(), number);
        assert_eq!(streams(run, 4).as_deref(), Some("2"));
    }
}

/// The root context of the new VM is told of items, although it has not registered the queue: the worker has. The SDK warns
/// of it. Nobody is told of those that came between.
#[test]
fn a_queue_stays_with_the_worker() {
    let queue = |what: &str| Request::get("/").header("x-queue", what);
    let runs = run([reloading("a queue", AT_ONCE)
        .workers(2)
        .expect_trap("told to trap in request-headers")
        .request(queue("register"))
        .request_to(1, queue("enqueue"))
        .wait(A_MOMENT)
        .request(trapping("request-headers"))
        .request_to(1, queue("enqueue"))
        .wait(A_MOMENT)
        .request(plain())
        .request_to(1, queue("enqueue"))
        .wait(A_MOMENT)
        .request(plain())]);
    let told: Vec<_> = root_lines(&runs[0]).into_iter().filter(|line| line.contains("item")).collect();
    assert_eq!(told, ["an item after 1 streams"]);
    let warned = root_lines(&runs[0]).iter().filter(|line| line.contains("was not registered here")).count();
    assert_eq!(warned, 1);
}
