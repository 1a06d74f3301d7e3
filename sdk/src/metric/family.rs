//! Metrics whose labels get their values when requests come.

use super::{Counter, Gauge, Histogram, Metric, name, sealed};
use crate::Result;
use crate::view::View;
use alloc::boxed::Box;
use alloc::string::String;
use core::cell::Cell;
use core::fmt;
use hashbrown::HashTable;

/// Counters with the same name and labels, and each with other values of these.
pub type CounterFamily<const N: usize> = MetricFamily<Counter, N>;

/// Gauges with the same name and labels, and each with other values of these.
pub type GaugeFamily<const N: usize> = MetricFamily<Gauge, N>;

/// Histograms with the same name and labels, and each with other values of these.
pub type HistogramFamily<const N: usize> = MetricFamily<Histogram, N>;

/// Metrics with the same name and labels, and each with other values of these, defined when they are needed.
///
/// It belongs into the root context, behind an `Rc` if streams use it. Each combination of values is defined once, and
/// costs memory here and in the proxy for as long as the proxy runs. Values that clients choose would use all of it up,
/// so there is a [limit](MetricFamily::limit): what comes after that is one metric, whose labels all are `other`.
///
/// ```
/// use waxwing::{CounterFamily, prelude::*};
///
/// fn count(requests: &CounterFamily<2>, response: &ResponseHeaders<'_>, method: &str) -> Result<()> {
///     let class = match response.headers().get(":status")? {
///         Some([first @ b'1'..=b'5', ..]) => ["1xx", "2xx", "3xx", "4xx", "5xx"][usize::from(first - b'1')],
///         _ => "none",
///     };
///     requests.with(response, [method, class])?.increment(1)
/// }
///
/// let requests = CounterFamily::new("requests_total", ["method", "class"]).limit(50);
/// # let _ = (count, requests);
/// ```
pub struct MetricFamily<M, const N: usize> {
    name: String,
    labels: [&'static str; N],
    limit: usize,
    defined: Cell<Option<Box<HashTable<Defined<M>>>>>,
    other: Cell<Option<M>>,
}

struct Defined<M> {
    /// With the labels.
    name: Box<[u8]>,
    metric: M,
}

/// So many metrics are defined if nothing else was said.
const DEFAULT_LIMIT: usize = 200;

/// The value of the labels beyond the limit.
const OTHER: &str = "other";

impl<M: Metric, const N: usize> MetricFamily<M, N> {
    /// A family of which nothing is defined yet, with a limit of 200.
    pub fn new(name: impl Into<String>, labels: [&'static str; N]) -> Self {
        MetricFamily {
            name: name.into(),
            labels,
            limit: DEFAULT_LIMIT,
            defined: Cell::new(None),
            other: Cell::new(None),
        }
    }

    /// Sets how many metrics it defines, in each worker, besides the one for the others.
    #[must_use]
    pub fn limit(mut self, metrics: usize) -> Self {
        self.limit = metrics;
        self
    }

    /// The metric with these values, in the order of the labels.
    ///
    /// # Errors
    ///
    /// Those of [`Counter::define`], at the first use of each combination of values.
    pub fn with<'cb>(&self, view: &impl View<'cb>, values: [&str; N]) -> Result<M> {
        let scope = view.cx().scope;
        let labels = self.labels.iter().copied().zip(values);
        let name = name::encode(scope, &self.name, labels)?;
        let (known, is_full) = self.find(name);
        if let Some(metric) = known {
            return Ok(metric);
        }
        if is_full {
            return self.other(view);
        }
        // Nothing is borrowed meanwhile: the host may come back.
        let metric = sealed::define(scope, name)?;
        let mut defined = self.defined.take().unwrap_or_default();
        defined.insert_unique(hash(name), Defined { name: name.into(), metric }, |known| hash(&known.name));
        self.defined.set(Some(defined));
        Ok(metric)
    }

    /// The metric of that name, and whether there is no room for more.
    fn find(&self, name: &[u8]) -> (Option<M>, bool) {
        let Some(defined) = self.defined.take() else { return (None, self.limit == 0) };
        let known = defined.find(hash(name), |known| *known.name == *name).map(|known| known.metric);
        let is_full = defined.len() >= self.limit;
        self.defined.set(Some(defined));
        (known, is_full)
    }

    #[cold]
    fn other<'cb>(&self, view: &impl View<'cb>) -> Result<M> {
        if let Some(other) = self.other.get() {
            return Ok(other);
        }
        let scope = view.cx().scope;
        let labels = self.labels.iter().map(|label| (*label, OTHER));
        let other = sealed::define(scope, name::encode(scope, &self.name, labels)?)?;
        self.other.set(Some(other));
        Ok(other)
    }
}

impl<M, const N: usize> fmt::Debug for MetricFamily<M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricFamily")
            .field("name", &self.name)
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}

/// FNV-1a, in 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
