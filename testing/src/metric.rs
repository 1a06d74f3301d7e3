//! What a proxy says of an extension's metrics.

use crate::failure;
use crate::host::Host;
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

impl Host {
    /// A metric of the extension, by the name that it was defined with; `None` if it was not. Its labels are in the
    /// name: see [`metric_name`](crate::metric_name).
    pub fn metric(&self, name: impl AsRef<str>) -> Option<Metric> {
        self.process().metric(name.as_ref())
    }

    /// Asserts what the value of a metric is.
    ///
    /// # Panics
    ///
    /// If it is another one, or there is no such metric; then with all that there are.
    #[track_caller]
    pub fn assert_metric(&self, name: impl AsRef<str>, expected: Metric) -> &Self {
        let name = name.as_ref();
        match self.metric(name) {
            Some(metric) if metric == expected => {}
            Some(metric) => {
                failure::fail(&format!(
                    "metric {name:?}: expected {expected}, got {metric}{}",
                    self.other_metrics(name)
                ));
            }
            None => failure::fail(&format!(
                "metric {name:?}: expected {expected}, and the extension has not defined it{}",
                self.other_metrics(name)
            )),
        }
        self
    }

    /// What metrics there are besides this one, one a line.
    fn other_metrics(&self, name: &str) -> String {
        let names = self.process().metrics.names();
        let others = names.iter().filter(|other| *other != name);
        let line = |name: &String| self.metric(name).map(|metric| format!("\n  {name}: {metric}"));
        let lines: String = others.filter_map(line).collect();
        if lines.is_empty() { lines } else { format!("; others are{lines}") }
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
