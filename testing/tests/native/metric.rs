use super::*;
use waxwing::{GaugeFamily, HistogramFamily, InvalidMetric};
use waxwing_testing::{Event, HostCall, Metric, metric_name};

/// Counts requests by a header, in a family with a limit of two, and sees how many are open.
#[derive(Extension)]
#[extension(http = MeasuredStream)]
struct Measured {
    requests: Rc<CounterFamily<1>>,
    open: Gauge,
    bytes: Histogram,
}

impl RootContext for Measured {
    type Config = ();

    fn configure(_: (), cx: &mut Configure<'_>) -> Result<Self> {
        let requests = Rc::new(CounterFamily::new("requests_total", ["user"]).limit(2));
        let open = Gauge::define(cx, "open", &[])?;
        open.set(0)?;
        Ok(Measured { requests, open, bytes: Histogram::define(cx, "bytes", &[("of", "request")])? })
    }
}

struct MeasuredStream {
    requests: Rc<CounterFamily<1>>,
    open: Gauge,
    bytes: Histogram,
}

#[callbacks]
impl HttpContext for MeasuredStream {
    type Root = Measured;

    fn new(root: &Measured) -> Self {
        MeasuredStream { requests: root.requests.clone(), open: root.open, bytes: root.bytes }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let user = request.headers().get_str("x-user")?.unwrap_or("nobody");
        self.requests.with(request, [user])?.increment(1)?;
        self.open.increment(1)?;
        Ok(Action::Continue)
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        self.bytes.record(body.size() as u64)?;
        Ok(Action::Continue)
    }

    fn on_done(&mut self, _: &mut StreamDone<'_>) -> Result<()> {
        self.open.decrement(1)
    }
}

fn by(user: &str) -> Request {
    Request::get("/").header("x-user", user)
}

#[test]
fn a_family_defines_each_metric_once_and_beyond_its_limit_one_for_all_others() {
    let host = Host::builder::<Measured>().start();
    let defined = |request: Request| {
        let is_definition =
            |event: &&Event| matches!(event, Event::Call { call: HostCall::DefineMetric { .. }, .. });
        host.exchange(request).timeline().events().iter().filter(is_definition).count()
    };
    assert_eq!(
        ["ana", "ana", "bo", "ana", "cy", "dee", "bo"].map(|user| defined(by(user))),
        [1, 0, 1, 0, 1, 0, 0]
    );
    for (user, count) in [("ana", 3), ("bo", 2), ("other", 2)] {
        host.assert_metric(metric_name("requests_total", [("user", user)]), Metric::Counter(count));
    }
}

#[test]
fn a_value_that_forges_a_label_is_an_error_and_counts_nothing() {
    let host = Host::builder::<Measured>().start();
    host.exchange(by("x;.;code=.=500")).local_response().assert_status(500);
    host.logs().assert_contains("a label's value has `;.` or `=.=` or a control byte");
    assert_eq!(host.metric(metric_name("requests_total", [("user", "x")])), None);
}

#[test]
fn a_gauge_goes_up_and_down_and_a_histogram_has_samples() {
    let host = Host::builder::<Measured>().start();
    let stream = host.begin();
    stream.send_request(&by("ana"));
    host.assert_metric("open", Metric::Gauge(1));
    stream.disconnect();
    host.assert_metric("open", Metric::Gauge(0));
    host.exchange(Request::post("/").chunks(["abc", "de"]));
    let bytes = metric_name("bytes", [("of", "request")]);
    host.assert_metric(bytes, Metric::Histogram { count: 2, sum: 5 });
}

type Configured = Box<dyn Fn(&mut Configure<'_>) -> Result<()>>;

thread_local! {
    /// What is done when the extension is configured, once.
    static ONCE: RefCell<Option<Configured>> = const { RefCell::new(None) };
}

/// An extension whose `configure` is the closure that is set for the thread.
#[derive(Extension)]
#[extension(http = DoesStream)]
struct Does;

impl RootContext for Does {
    type Config = ();

    fn configure(_: (), cx: &mut Configure<'_>) -> Result<Self> {
        let once = ONCE.with(RefCell::take);
        once.map_or(Ok(()), |once| once(cx))?;
        Ok(Does)
    }
}

struct DoesStream;

#[callbacks]
impl HttpContext for DoesStream {
    type Root = Does;
    fn new(_: &Does) -> Self {
        DoesStream
    }
}

fn host(configure: impl Fn(&mut Configure<'_>) -> Result<()> + 'static) -> Host {
    ONCE.with(|once| once.replace(Some(Box::new(configure))));
    Host::builder::<Does>().start()
}

#[test]
fn nothing_to_count_is_not_a_call_and_too_much_is_the_most_there_is() {
    let host = host(|cx| {
        let (counter, gauge) = (Counter::define(cx, "count", &[])?, Gauge::define(cx, "level", &[])?);
        counter.increment(0)?;
        gauge.increment(0)?;
        gauge.decrement(0)?;
        assert_eq!((counter.value()?, gauge.value()?), (0, 0));
        counter.increment(u64::MAX)?;
        gauge.set(u64::MAX)?;
        gauge.decrement(u64::MAX)?;
        assert_eq!(
            (counter.value()?, gauge.value()?),
            (i64::MAX.cast_unsigned(), i64::MAX.cast_unsigned() + 1)
        );
        Ok(())
    });
    let increments =
        |event: &&Event| matches!(event, Event::Call { call: HostCall::IncrementMetric { .. }, .. });
    assert_eq!(host.timeline().events().iter().filter(increments).count(), 2);
}

#[test]
fn a_name_that_cannot_be_told_from_another_is_refused() {
    host(|cx| {
        let error = Counter::define(cx, "", &[]).unwrap_err();
        assert!(matches!(error, Error::InvalidMetric { error: InvalidMetric::Name, .. }), "{error:?}");
        let error = Gauge::define(cx, "level", &[("a-b", "c")]).unwrap_err();
        assert!(matches!(error, Error::InvalidMetric { error: InvalidMetric::Label, .. }), "{error:?}");
        let family: HistogramFamily<1> = HistogramFamily::new("sizes", ["of"]);
        let error = family.with(cx, ["x=.="]).unwrap_err();
        assert!(matches!(error, Error::InvalidMetric { error: InvalidMetric::Value, .. }), "{error:?}");
        // A family without room has one metric.
        let family: GaugeFamily<2> = GaugeFamily::new("levels", ["a", "b"]).limit(0);
        assert_eq!(family.with(cx, ["1", "2"])?, family.with(cx, ["3", "4"])?);
        Ok(())
    })
    .assert_metric(metric_name("levels", [("a", "other"), ("b", "other")]), Metric::Gauge(0));
}

#[test]
fn outside_of_callbacks_a_host_refuses() {
    let kept: Rc<RefCell<Option<Counter>>> = Rc::default();
    let keep = kept.clone();
    let host = host(move |cx| {
        keep.replace(Some(Counter::define(cx, "count", &[])?));
        Ok(())
    });
    let counter = kept.take().unwrap();
    assert!(matches!(counter.increment(1), Err(Error::Host { call: "proxy_increment_metric", .. })));
    host.assert_metric("count", Metric::Counter(0));
}
