//! What a proxy says of an extension's metrics.

use std::fmt;

/// The value of a metric, as the proxy's operator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Metric {
    /// What a counter has counted.
    Counter(u64),
    /// What a gauge was set to last.
    Gauge(u64),
    /// What a histogram has recorded. A proxy keeps samples in buckets; Envoy's tell the first two digits of each, so that
    /// 1234 counts as 1200.
    Histogram {
        /// How many samples it has.
        count: u64,
        /// The sum of the samples, as far as their buckets tell.
        sum: u64,
    },
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metric::Counter(value) => write!(f, "counter {value}"),
            Metric::Gauge(value) => write!(f, "gauge {value}"),
            Metric::Histogram { count, sum } => write!(f, "histogram of {count} samples, sum {sum}"),
        }
    }
}

/// The name of a metric with labels, as the SDK defines it: what [`Host::metric`](crate::Host::metric) and
/// [`Scenario::metric`](crate::Scenario::metric) ask for.
///
/// ```
/// use waxwing_testing::metric_name;
///
/// let name = metric_name("requests_total", [("method", "GET"), ("class", "2xx")]);
/// assert_eq!(name, "method=.=GET;.;class=.=2xx;.;requests_total");
/// ```
pub fn metric_name<'a>(name: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let labels: String = labels.into_iter().map(|(label, value)| format!("{label}=.={value};.;")).collect();
    labels + name
}
