use super::*;
use waxwing_testing::{Metric, metric_name, on_every_host};

/// Each line in the request's headers callback.
fn script(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("request-headers {line}\n")).collect()
}

#[test]
fn each_kind_takes_some_calls_and_refuses_others() {
    let script = script(&[
        "define 0 hits",
        "define 1 level",
        "define 2 size",
        "define 3 nothing",
        // The same again has another id, and the same value.
        "define 0 hits",
        "increment-metric 4 3",
        "increment-metric 8 2",
        "increment-metric 4 0",
        "increment-metric 4 -1",
        "increment-metric 5 7",
        "increment-metric 5 -2",
        "increment-metric 5 0",
        "increment-metric 6 1",
        "increment-metric 7 1",
        "increment-metric 12 1",
        "record 4 10",
        "record 5 40",
        "record 6 1234",
        "record 6 7",
        "record 7 1",
        "record 9 1",
        "metric 4",
        "metric 8",
        "metric 5",
        "metric 6",
        "metric 7",
        "metric 10",
        "metric 12",
        "define 1 below",
        "increment-metric 9 -3",
        "metric 9",
    ]);
    let scenario = scenario("each kind of metric", &script)
        .request(without_body())
        .metric("hits")
        .metric("level")
        .metric("size")
        .metric("below")
        .metric("nothing");
    let run = on_every_host::<Probe>("waxwing-probe", [scenario]).remove(0);
    assert_eq!(run.metric("hits"), Some(Metric::Counter(15)));
    assert_eq!(run.metric("level"), Some(Metric::Gauge(40)));
    assert_eq!(run.metric("size"), Some(Metric::Histogram { count: 2, sum: 1207 }));
    assert_eq!(run.metric("below"), Some(Metric::Gauge(u64::MAX - 2)));
    assert_eq!(run.metric("nothing"), None);
}

#[test]
fn all_workers_share_a_metric_and_each_has_its_own_ids() {
    let script = script(&["define 1 level", "define 0 hits", "increment-metric 4 1", "metric 4"]);
    let scenario = scenario("a metric of two workers", &script)
        .workers(2)
        .request_to(1, without_body())
        .request_to(0, without_body())
        .metric("hits");
    let run = on_every_host::<Probe>("waxwing-probe", [scenario]).remove(0);
    assert_eq!(run.metric("hits"), Some(Metric::Counter(2)));
    run[1].logs().assert_contains("metric 4 -> 2");
}

#[test]
fn labels_are_part_of_the_name() {
    let name = metric_name("hits", [("code", "200"), ("path", "/a;b=c.d")]);
    let scenario =
        scenario("a metric with labels", &script(&[&format!("define 0 {name}"), "increment-metric 4 2"]))
            .request(without_body())
            .metric(&name);
    let run = on_every_host::<Probe>("waxwing-probe", [scenario]).remove(0);
    assert_eq!(run.metric(&name), Some(Metric::Counter(2)));
}

#[test]
fn the_two_first_digits_of_a_sample_count() {
    let script = script(&[
        "define 2 size",
        "record 6 0",
        "record 6 9",
        "record 6 99",
        "record 6 101",
        "record 6 98765",
    ]);
    let scenario = scenario("samples of a histogram", &script).request(without_body()).metric("size");
    let run = on_every_host::<Probe>("waxwing-probe", [scenario]).remove(0);
    assert_eq!(run.metric("size"), Some(Metric::Histogram { count: 5, sum: 9 + 99 + 100 + 98_000 }));
}
