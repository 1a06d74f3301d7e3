//! Metrics: what the workers share, and the ids by which each VM knows them.

use super::HostCore;
use super::answering::{done, number};
use crate::host_call::{HostCall, Reply};
use crate::metric::Metric;
use crate::misuse::Misuse;
use std::cell::RefCell;
use std::collections::BTreeMap;
use waxwing::__private::{Answer, MetricType};
use waxwing::Status;

/// The metrics of a process. A name can be that of one of each kind.
#[derive(Debug, Default)]
pub(crate) struct Metrics(RefCell<BTreeMap<(String, u32), Metric>>);

impl Metrics {
    /// A metric by its name; of several kinds a counter first, and then a gauge, as an operator finds them.
    pub(crate) fn get(&self, name: &str) -> Option<Metric> {
        let metrics = self.0.borrow();
        let of_name = (name.to_owned(), 0)..=(name.to_owned(), u32::MAX);
        metrics.range(of_name).next().map(|(_, metric)| *metric)
    }

    /// The names of all of them.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.borrow().keys().map(|(name, _)| name.clone()).collect();
        names.dedup();
        names
    }

    fn define(&self, name: &str, kind: MetricType) {
        let new = match kind {
            MetricType::COUNTER => Metric::Counter(0),
            MetricType::GAUGE => Metric::Gauge(0),
            _ => Metric::Histogram { count: 0, sum: 0 },
        };
        self.0.borrow_mut().entry((name.to_owned(), kind.0)).or_insert(new);
    }
}

/// The metrics that a VM has defined: each definition has an id of its own, whatever its name.
#[derive(Debug, Default)]
pub(super) struct DefinedMetrics(RefCell<BTreeMap<u32, (String, u32)>>);

/// The lowest bits of an id are the kind; the first id of a kind is this and the kind.
const ID_STEP: u32 = 4;

impl DefinedMetrics {
    fn define(&self, name: &str, kind: MetricType) -> u32 {
        let mut defined = self.0.borrow_mut();
        let earlier = defined.keys().rev().find(|id| *id % ID_STEP == kind.0);
        let id = earlier.copied().unwrap_or(kind.0) + ID_STEP;
        defined.insert(id, (name.to_owned(), kind.0));
        id
    }
}

impl HostCore {
    pub(super) fn define(&self, kind: MetricType, name: &[u8]) -> Answer<u32> {
        self.answer(HostCall::DefineMetric { kind, name: name.to_vec() }, number, |_| {
            if kind.0 > MetricType::HISTOGRAM.0 {
                return Err(Status::BAD_ARGUMENT);
            }
            let name = String::from_utf8_lossy(name);
            self.process.metrics.define(&name, kind);
            self.check_definition(kind, &name);
            Ok(self.metrics.define(&name, kind))
        })
    }

    /// Flags a definition that each stream of this kind repeats.
    fn check_definition(&self, kind: MetricType, name: &str) {
        let Some(context) = self.vm.running().filter(|context| !self.is_live_root(*context)) else { return };
        let is_known = self.metrics.0.borrow().values().any(|(other, of)| other == name && *of == kind.0);
        if is_known {
            let text = format!("the metric {name:?} is defined again in a stream: {KEPT}");
            match self.stream(context) {
                Some(stream) => self.flag(&stream, Misuse::RedefinedMetric, text),
                None => self.flag_in(&self.journal(context), None, Misuse::RedefinedMetric, text),
            }
        }
    }

    pub(super) fn increment(&self, metric: u32, delta: i64) -> Answer {
        self.answer(HostCall::IncrementMetric { metric, delta }, done, |_| match kind_of(metric) {
            MetricType::COUNTER | MetricType::GAUGE => self.with_metric(metric, |value| match value {
                Metric::Counter(_) if delta <= 0 => Err(Status::BAD_ARGUMENT),
                Metric::Counter(count) => {
                    *count = count.wrapping_add_signed(delta);
                    Ok(())
                }
                Metric::Gauge(level) => {
                    // Nothing stops it at 0.
                    *level = level.wrapping_add_signed(delta);
                    Ok(())
                }
                Metric::Histogram { .. } => Err(Status::BAD_ARGUMENT),
            }),
            _ => Err(Status::BAD_ARGUMENT),
        })
    }

    pub(super) fn record(&self, metric: u32, value: u64) -> Answer {
        self.answer(HostCall::RecordMetric { metric, value }, done, |_| {
            self.with_metric(metric, |recorded| {
                match recorded {
                    Metric::Counter(count) => *count = count.wrapping_add(value),
                    Metric::Gauge(level) => *level = value,
                    Metric::Histogram { count, sum } => {
                        *count += 1;
                        *sum = sum.saturating_add(in_bucket(value));
                    }
                }
                Ok(())
            })
        })
    }

    pub(super) fn metric_value(&self, metric: u32) -> Answer<u64> {
        let reply = |value: &u64| Reply::Number(*value);
        self.answer(HostCall::Metric { metric }, reply, |_| match kind_of(metric) {
            MetricType::COUNTER | MetricType::GAUGE => self.with_metric(metric, |value| match value {
                Metric::Counter(value) | Metric::Gauge(value) => Ok(*value),
                Metric::Histogram { .. } => Err(Status::BAD_ARGUMENT),
            }),
            _ => Err(Status::BAD_ARGUMENT),
        })
    }

    fn with_metric<T>(&self, id: u32, act: impl FnOnce(&mut Metric) -> Answer<T>) -> Answer<T> {
        let defined = self.metrics.0.borrow();
        let mut metrics = self.process.metrics.0.borrow_mut();
        defined.get(&id).and_then(|key| metrics.get_mut(key)).map_or(Err(Status::NOT_FOUND), act)
    }
}

/// What a definition costs.
const KEPT: &str = "Envoy keeps each definition for as long as the VM lives";

fn kind_of(metric: u32) -> MetricType {
    MetricType(metric % ID_STEP)
}

/// The lower end of the bucket of a sample, in which its first two digits count.
fn in_bucket(value: u64) -> u64 {
    let step = 10_u64.pow(value.checked_ilog10().unwrap_or(0).saturating_sub(1));
    value / step * step
}
