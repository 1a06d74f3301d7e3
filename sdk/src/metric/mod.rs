//! Metrics: what a proxy counts and measures for its operator.

mod family;
mod name;

pub use family::{CounterFamily, GaugeFamily, HistogramFamily, MetricFamily};
pub use name::InvalidMetric;

use crate::Result;
use crate::abi::arena::Scope;
use crate::abi::call;
use crate::abi::wire::MetricType;
use crate::view::View;

/// A kind of metric: [`Counter`], [`Gauge`] or [`Histogram`].
pub trait Metric: Copy + sealed::Sealed {}

mod sealed {
    use super::{MetricType, Result, Scope};

    #[expect(unnameable_types, reason = "seals the trait of metrics")]
    pub trait Sealed {
        const TYPE: MetricType;

        fn from_id(id: u32) -> Self;
    }

    /// Defines a metric whose name and labels are encoded already.
    pub(super) fn define<M: Sealed>(_scope: Scope<'_>, name: &[u8]) -> Result<M> {
        crate::abi::call::define_metric(M::TYPE, name).map(M::from_id)
    }
}

/// Declares a kind of metric.
macro_rules! metric {
    ($(#[$doc:meta])* $metric:ident = $kind:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $metric(u32);

        impl $metric {
            /// The metric with this name and these labels, with the value that it has already if another worker, or an
            /// earlier configuration, has defined it.
            ///
            /// Define it once, while the extension is configured, and keep the handle: each definition costs the
            /// host memory.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host has no metrics: Google Service Extensions have none, and
            /// ngx_wasm_module has no room for more than it is configured for. APISIX says that it has defined the
            /// metric, and counts nothing.
            /// [`Error::InvalidMetric`](crate::Error::InvalidMetric) for a name or a label that could not be told from
            /// another.
            #[doc(alias = "proxy_define_metric")]
            pub fn define<'cb>(view: &impl View<'cb>, name: &str, labels: &[(&str, &str)]) -> Result<Self> {
                let scope = view.cx().scope;
                sealed::define(scope, name::encode(scope, name, labels.iter().copied())?)
            }
        }

        impl sealed::Sealed for $metric {
            const TYPE: MetricType = MetricType::$kind;

            #[inline]
            fn from_id(id: u32) -> Self {
                $metric(id)
            }
        }

        impl Metric for $metric {}
    };
}

metric! {
    /// A number that only grows, like that of requests.
    ///
    /// All workers of the proxy count in the same one, and a new configuration goes on counting. In Envoy it is among
    /// the statistics as `wasmcustom.` and the name; Prometheus gets it without that prefix.
    ///
    /// ```
    /// use waxwing::prelude::*;
    ///
    /// #[derive(Extension)]
    /// #[extension(http = Stream)]
    /// struct Counted {
    ///     requests: Counter,
    /// }
    ///
    /// impl RootContext for Counted {
    ///     type Config = ();
    ///     fn configure(_config: (), cx: &mut Configure<'_>) -> Result<Self> {
    ///         Ok(Counted { requests: Counter::define(cx, "requests_total", &[("by", "counted")])? })
    ///     }
    /// }
    ///
    /// struct Stream {
    ///     requests: Counter,
    /// }
    ///
    /// #[callbacks]
    /// impl HttpContext for Stream {
    ///     type Root = Counted;
    ///     fn new(root: &Counted) -> Self {
    ///         Stream { requests: root.requests }
    ///     }
    ///     fn on_request_headers(&mut self, _request: &mut RequestHeaders<'_>) -> Result<Action> {
    ///         self.requests.increment(1)?;
    ///         Ok(Action::Continue)
    ///     }
    /// }
    /// ```
    ///
    /// # Labels
    ///
    /// The ABI has names only. Labels are written in front of the name, as Istio's own extensions do and its proxies
    /// expect: `by=.=counted;.;requests_total`. A proxy makes labels of that if its configuration says so, for each
    /// label. Istio does it for those in the annotation `proxy.istio.io/config`, at `extraStatTags`; in Envoy it is in the
    /// bootstrap:
    ///
    /// ```yaml
    /// stats_config:
    ///   stats_tags:
    ///   - tag_name: by
    ///     regex: '^wasmcustom\.(?:.*?;\.;)?(by=\.=(.*?);\.;)'
    /// ```
    ///
    /// Without it, the whole is the metric's name. So that nobody who can choose a value can forge another label,
    /// values with `;.` or `=.=` or control bytes are refused.
    ///
    /// Where a value is only known when a request is there, [`CounterFamily`] defines what is needed.
    Counter = COUNTER
}

metric! {
    /// A number that goes up and down, like that of open streams.
    ///
    /// All workers of the proxy share it, and it stays as it is when one of them dies: what a stream has added has to
    /// be taken off when it ends. Otherwise it is as with [`Counter`].
    Gauge = GAUGE
}

metric! {
    /// A distribution of numbers, like that of latencies.
    ///
    /// Where the limits of its buckets are is the proxy's configuration. Otherwise it is as with [`Counter`].
    Histogram = HISTOGRAM
}

impl Counter {
    /// Counts as many more. 0 asks nothing of the host; what is above `i64::MAX`, which hosts cannot take, counts as
    /// that.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses, as it does outside of callbacks.
    #[doc(alias = "proxy_increment_metric")]
    #[inline]
    pub fn increment(self, by: u64) -> Result<()> {
        change(self.0, signed(by))
    }

    /// What all workers have counted so far.
    ///
    /// A module that asks for values does not load in APISIX.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses.
    #[doc(alias = "proxy_get_metric")]
    pub fn value(self) -> Result<u64> {
        call::metric(self.0)
    }
}

impl Gauge {
    /// Sets it, whatever it was.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses, as it does outside of callbacks.
    #[doc(alias = "proxy_record_metric")]
    #[inline]
    pub fn set(self, value: u64) -> Result<()> {
        call::record_metric(self.0, value)
    }

    /// Adds to it; 0 asks nothing of the host, and what is above `i64::MAX` is that.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses, as it does outside of callbacks.
    #[doc(alias = "proxy_increment_metric")]
    #[inline]
    pub fn increment(self, by: u64) -> Result<()> {
        change(self.0, signed(by))
    }

    /// Takes off from it; 0 asks nothing of the host, and what is above `i64::MAX` is that.
    ///
    /// Take off what was added and no more: Envoy does not stop at 0, and goes on with the largest number there is.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses, as it does outside of callbacks.
    #[doc(alias = "proxy_increment_metric")]
    #[inline]
    pub fn decrement(self, by: u64) -> Result<()> {
        change(self.0, signed(by).saturating_neg())
    }

    /// What it is now.
    ///
    /// A module that asks for values does not load in APISIX.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses.
    #[doc(alias = "proxy_get_metric")]
    pub fn value(self) -> Result<u64> {
        call::metric(self.0)
    }
}

impl Histogram {
    /// Adds a number to the distribution. What was recorded cannot be read back.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses, as it does outside of callbacks.
    #[doc(alias = "proxy_record_metric")]
    #[inline]
    pub fn record(self, value: u64) -> Result<()> {
        call::record_metric(self.0, value)
    }
}

#[inline]
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Hosts refuse 0.
#[inline]
fn change(metric: u32, by: i64) -> Result<()> {
    if by == 0 { Ok(()) } else { call::increment_metric(metric, by) }
}
