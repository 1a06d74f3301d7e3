//! Metrics, in Envoy's statistics.

use waxwing_testing::{Metric, Request, Runner, Scenario};

use crate::module::Module;

/// Counts requests, notes 7 in a gauge, and records 1234 and 5 in a histogram.
fn measures() -> Module {
    let imports = r#"
        (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
        (import "env" "proxy_record_metric" (func $record (param i32 i64) (result i32)))
    "#;
    Module::with_imports(
        imports,
        r#"
        (data (i32.const 64) "hits_total") (data (i32.const 80) "level") (data (i32.const 96) "si: ze")
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (drop (call $define (i32.const 0) (i32.const 64) (i32.const 10) (i32.const 16)))
            (drop (call $define (i32.const 1) (i32.const 80) (i32.const 5) (i32.const 20)))
            (drop (call $define (i32.const 2) (i32.const 96) (i32.const 6) (i32.const 24)))
            (i32.const 1))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (drop (call $increment (i32.load (i32.const 16)) (i64.const 2)))
            (drop (call $record (i32.load (i32.const 20)) (i64.const 7)))
            (drop (call $record (i32.load (i32.const 24)) (i64.const 1234)))
            (drop (call $record (i32.load (i32.const 24)) (i64.const 5)))
            (i32.const 0))
        "#,
    )
}

#[test]
fn metrics_are_those_at_the_end() {
    let scenario = Scenario::new("measures")
        .workers(2)
        .request(Request::get("/"))
        .request_to(1, Request::get("/"))
        .metric("hits_total")
        .metric("level")
        .metric("si: ze")
        .metric("nothing");
    let run = measures().runner().run(&scenario);
    assert_eq!(run.metric("hits_total"), Some(Metric::Counter(4)));
    assert_eq!(run.metric("level"), Some(Metric::Gauge(7)));
    assert_eq!(run.metric("si: ze"), Some(Metric::Histogram { count: 4, sum: 2410 }));
    assert_eq!(run.metric("nothing"), None);
}
