//! Metrics: who shares them, and what each kind takes. What each call answers is compared with Envoy in
//! `testing/tests/conformance`.

use super::*;
use crate::Metric;
use waxwing::__private::MetricType;

#[test]
fn a_definition_has_an_id_of_its_own_for_the_metric_of_that_name_and_kind() {
    let script = Script::new().on(Callback::Configure, |host, _, _| {
        let define = |kind, name: &str| host.define_metric(kind, name.as_bytes());
        assert_eq!(define(MetricType::COUNTER, "a"), Ok(4));
        assert_eq!(define(MetricType::HISTOGRAM, "a"), Ok(6));
        assert_eq!(define(MetricType::COUNTER, "a"), Ok(8));
        assert_eq!(define(MetricType::GAUGE, "b"), Ok(5));
        assert_eq!(define(MetricType(3), "c"), Err(Status::BAD_ARGUMENT));
        host.increment_metric(4, 2).unwrap();
        host.increment_metric(8, 3).unwrap();
        host.record_metric(6, 77).unwrap();
        assert_eq!(host.metric(4), Ok(5));
        1
    });
    let host = script.host().start();
    // A counter comes first.
    host.assert_metric("a", Metric::Counter(5)).assert_metric("b", Metric::Gauge(0));
    assert_eq!(host.metric("c"), None);
}

#[test]
fn workers_share_metrics_and_a_new_configuration_goes_on_with_them() {
    let script = Script::new().on(Callback::Configure, |host, _, _| {
        let id = host.define_metric(MetricType::COUNTER, b"starts").unwrap();
        host.increment_metric(id, 1).unwrap();
        1
    });
    let host = script.host().workers(3).start();
    host.assert_metric("starts", Metric::Counter(3));
    host.reconfigure("again").unwrap();
    host.assert_metric("starts", Metric::Counter(6));
}

#[test]
fn a_wrong_expectation_says_what_there_is() {
    let script = Script::new().on(Callback::Configure, |host, _, _| {
        host.define_metric(MetricType::GAUGE, b"open").unwrap();
        1
    });
    let host = script.host().start();
    assert_eq!(
        failure(|| {
            host.assert_metric("open", Metric::Gauge(1));
        }),
        "metric \"open\": expected gauge 1, got gauge 0"
    );
    assert_eq!(
        failure(|| {
            host.assert_metric("opem", Metric::Gauge(1));
        }),
        "metric \"opem\": expected gauge 1, and the extension has not defined it; others are\n  open: gauge 0"
    );
}
