//! Counts requests by method and class of status, sees how many are open, and times them.
//!
//! Its metrics are `requests_total` with the labels `service`, `method` and `class`, and, with the label `service`,
//! `requests_open` and `request_milliseconds`. `Counter` in the documentation of `waxwing` says how a proxy gets the
//! labels.
#![forbid(unsafe_code)]

use serde::Deserialize;
use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;

/// The configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The value of the label `service`.
    service: String,
}

/// One per configured plugin instance.
#[derive(Extension)]
#[extension(http = MeasuredStream)]
struct Measured {
    metrics: Rc<Metrics>,
}

struct Metrics {
    service: String,
    requests: CounterFamily<3>,
    open: Gauge,
    milliseconds: Histogram,
}

impl RootContext for Measured {
    type Config = Json<Config>;

    // What cannot be measured goes on all the same.
    const ON_ERROR: ErrorPolicy = ErrorPolicy::FailOpen;

    fn configure(Json(config): Json<Config>, cx: &mut Configure<'_>) -> Result<Self> {
        let labels = [("service", &*config.service)];
        let open = Gauge::define(cx, "requests_open", &labels)?;
        let milliseconds = Histogram::define(cx, "request_milliseconds", &labels)?;
        // Each method with each class, the others among them.
        let limit = (METHODS.len() + 1) * (CLASSES.len() + 1);
        let requests = CounterFamily::new("requests_total", ["service", "method", "class"]).limit(limit);
        Ok(Measured { metrics: Rc::new(Metrics { service: config.service, requests, open, milliseconds }) })
    }
}

/// One per HTTP stream.
struct MeasuredStream {
    metrics: Rc<Metrics>,
    /// Since when it is open; not before its headers are there.
    began: Option<Duration>,
}

#[callbacks]
impl HttpContext for MeasuredStream {
    type Root = Measured;

    fn new(root: &Measured) -> Self {
        MeasuredStream { metrics: root.metrics.clone(), began: None }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let now = request.current_time()?;
        self.metrics.open.increment(1)?;
        // Only now: what was not added must not be taken off.
        self.began = Some(now);
        Ok(Action::Continue)
    }

    // Streams come here however they end, also those that were answered before they reached this extension.
    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        let metrics = &self.metrics;
        if let Some(began) = self.began {
            // First, so that no error leaves it open for ever.
            metrics.open.decrement(1)?;
            // The clock can have been set back.
            let passed = stream.current_time()?.saturating_sub(began);
            metrics.milliseconds.record(passed.as_millis().try_into().unwrap_or(u64::MAX))?;
        }
        let method = method(stream.request_headers().get(":method")?);
        let class = class(stream.response_headers().get(":status")?);
        metrics.requests.with(stream, [&metrics.service, method, class])?.increment(1)
    }
}

/// A client can write anything as a method, but there must not be a metric for each.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

fn method(method: Option<&[u8]>) -> &'static str {
    METHODS.into_iter().find(|known| Some(known.as_bytes()) == method).unwrap_or("other")
}

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The class of a status; `none` for a stream that has ended without a response.
fn class(status: Option<&[u8]>) -> &'static str {
    let first = status.and_then(|status| status.first());
    CLASSES.into_iter().find(|class| class.as_bytes().first() == first).unwrap_or("none")
}

#[cfg(test)]
mod tests {
    use super::Measured;
    use std::time::Duration;
    use waxwing_testing::{
        Callback, Host, HostBuilder, Metric, Native, Profile, Request, Response, Run, Scenario, Value,
        explore, json, metric_name, on_each_host, on_every_host,
    };

    fn config() -> Value {
        json!({ "service": "shop" })
    }

    fn start(host: HostBuilder) -> Host {
        host.config(config()).origin(|request| Response::new(status(request))).start()
    }

    /// What the upstream answers: the path says it.
    fn status(request: &Request) -> u16 {
        request.path().trim_start_matches('/').parse().unwrap_or(200)
    }

    fn requests(method: &str, class: &str) -> String {
        metric_name("requests_total", [("service", "shop"), ("method", method), ("class", class)])
    }

    fn of_service(name: &str) -> String {
        metric_name(name, [("service", "shop")])
    }

    on_each_host! {
        extension: Measured,
        package: "metrics",

        fn requests_are_counted_by_method_and_class(host) {
            let host = start(host.workers(2));
            for path in ["/200", "/204", "/404"] {
                host.exchange(Request::get(path));
                host.worker(1).exchange(Request::get(path));
            }
            host.exchange(Request::new("BREW", "/503"));
            host.assert_metric(requests("GET", "2xx"), Metric::Counter(4));
            host.assert_metric(requests("GET", "4xx"), Metric::Counter(2));
            host.assert_metric(requests("other", "5xx"), Metric::Counter(1));
            assert_eq!(host.metric(requests("BREW", "5xx")), None);
        }

        fn a_stream_is_open_from_its_headers_to_its_end(host) {
            let host = start(host);
            let open = || host.metric(of_service("requests_open"));
            let (first, second) = (host.begin(), host.begin());
            first.send_request(&Request::get("/"));
            second.send_request(&Request::get("/"));
            assert_eq!(open(), Some(Metric::Gauge(2)));
            first.send_response(&Response::new(200));
            second.disconnect();
            assert_eq!(open(), Some(Metric::Gauge(0)));
            host.assert_metric(requests("GET", "2xx"), Metric::Counter(1));
            host.assert_metric(requests("GET", "none"), Metric::Counter(1));
        }

        fn the_time_is_that_between_the_headers_and_the_end(host) {
            let host = start(host);
            let stream = host.begin();
            stream.send_request(&Request::get("/"));
            host.clock().advance(Duration::from_millis(42));
            stream.send_response(&Response::new(200));
            let milliseconds = of_service("request_milliseconds");
            host.assert_metric(&milliseconds, Metric::Histogram { count: 1, sum: 42 });

            // Also if the clock is set back meanwhile.
            let (stream, now) = (host.begin(), host.clock().now());
            stream.send_request(&Request::get("/"));
            host.clock().set(now - Duration::from_secs(60));
            stream.send_response(&Response::new(200));
            host.assert_metric(&milliseconds, Metric::Histogram { count: 2, sum: 42 });
        }
    }

    #[test]
    fn a_service_whose_name_is_no_value_of_a_label_is_refused() {
        let host = Host::builder::<Measured>().config(json!({ "service": "a;.;b=.=c" }));
        host.try_start().unwrap_err().logs().assert_contains("a label's value has");
    }

    #[test]
    fn a_host_that_has_no_metrics_lets_requests_pass_or_refuses_the_configuration() {
        // It says that it has counted.
        let host = start(Host::builder::<Measured>().profile(Profile::APISIX));
        host.exchange(Request::get("/204")).response().assert_status(204);
        assert_eq!(host.metric(requests("GET", "2xx")), None);

        let host = Host::builder::<Measured>().profile(Profile::GOOGLE_SERVICE_EXTENSIONS);
        let error = host.config(config()).try_start().unwrap_err();
        assert_eq!(error.refused_by(), Some(Callback::Configure));
        error.logs().assert_contains("proxy_define_metric: unimplemented");
    }

    #[test]
    fn envoys_statistics_have_what_was_counted_in_all_workers() {
        let scenario = Scenario::new("metrics")
            .config(config())
            .workers(2)
            .origin(|request| Response::new(status(request)))
            .request(Request::get("/200"))
            .request_to(1, Request::get("/204"))
            .request(Request::post("/404").body("x"))
            // Envoy itself refuses methods that are not registered.
            .request_to(1, Request::new("PROPFIND", "/503"))
            .metric(requests("GET", "2xx"))
            .metric(requests("POST", "4xx"))
            .metric(requests("other", "5xx"))
            .metric(requests("GET", "none"))
            .metric(of_service("requests_open"));
        let run = on_every_host::<Measured>("metrics", [scenario]).remove(0);
        assert_eq!(run.metric(&requests("GET", "2xx")), Some(Metric::Counter(2)));
        assert_eq!(run.metric(&requests("POST", "4xx")), Some(Metric::Counter(1)));
        assert_eq!(run.metric(&requests("other", "5xx")), Some(Metric::Counter(1)));
        assert_eq!(run.metric(&requests("GET", "none")), None);
        assert_eq!(run.metric(&of_service("requests_open")), Some(Metric::Gauge(0)));
    }

    #[test]
    fn survives_what_took_others_down() {
        let scenario = Scenario::new("a request").config(config()).request(Request::get("/200"));
        explore::incidents(&Native::<Measured>::new(), &scenario).check();
    }

    #[test]
    fn survives_each_failure_of_each_call() {
        let scenario = Scenario::new("two requests")
            .config(config())
            .request(Request::post("/200").body("x"))
            .request(Request::get("/404"))
            .origin(|request| Response::new(status(request)));
        explore::faults(&Native::<Measured>::new(), &scenario).fail_open().hostile().check();
    }

    #[test]
    fn in_every_order_no_stream_stays_open() {
        let scenario = Scenario::new("three requests")
            .config(config())
            .workers(2)
            .request(Request::post("/200").body("x"))
            .request(Request::get("/404"))
            .request(Request::get("/503"))
            .origin(|request| Response::new(status(request)))
            .metric(of_service("requests_open"));
        let none_is_open = |run: &Run| {
            // No worker may have had one at all.
            let open = run.metric(&of_service("requests_open"));
            assert_eq!(open, Some(Metric::Gauge(0)));
        };
        explore::orders(&Native::<Measured>::new(), &scenario).disconnects().check_each(none_is_open).check();
    }
}
