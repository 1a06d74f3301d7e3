//! The metrics of an extension, among Envoy's statistics.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Error;
use super::admin::Admin;
use super::worker::Workers;
use crate::Metric;

/// What Envoy puts in front of the names that extensions give.
const PREFIX: &str = "wasmcustom.";

/// How often Envoy is asked while something is awaited.
const INTERVAL: Duration = Duration::from_millis(5);

/// How long the collection of histograms may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A metric, by the name that the extension defined it with.
pub(super) fn metric(workers: &Workers, name: &str) -> Result<Option<Metric>, Error> {
    let (admin, name) = (workers.admin, format!("{PREFIX}{name}"));
    if let Some(value) = value(admin, "Counters", &name)? {
        return Ok(Some(Metric::Counter(value)));
    }
    if let Some(value) = value(admin, "Gauges", &name)? {
        return Ok(Some(Metric::Gauge(value)));
    }
    if histogram(admin, PREFIX, &name)?.is_none() {
        return Ok(None);
    }
    // What workers record is collected from time to time. A collection that has something of after the one before has
    // all of before that one.
    for _ in 0..2 {
        await_collection(workers)?;
    }
    histogram(admin, PREFIX, &name)
}

/// Waits for a collection of what workers have recorded, and of a connection that each of them closes now.
fn await_collection(workers: &Workers) -> Result<(), Error> {
    let scope = format!("listener.{}.", workers.side_door.1);
    let name = format!("{scope}downstream_cx_length_ms");
    let recorded = || histogram(workers.admin, &scope, &name);
    let before = recorded()?;
    workers.pass()?;
    let start = Instant::now();
    while recorded()? == before {
        if start.elapsed() > PATIENCE {
            return Err(Error::new(format!("Envoy did not collect its histograms within {PATIENCE:?}")));
        }
        thread::sleep(INTERVAL);
    }
    Ok(())
}

/// The value of a counter or gauge.
fn value(admin: Admin, kind: &str, name: &str) -> Result<Option<u64>, Error> {
    let page = page(admin, PREFIX, &format!("type={kind}"))?;
    Ok(named(&page["stats"], name).and_then(|stat| stat["value"].as_u64()))
}

/// A histogram whose name begins with this scope.
fn histogram(admin: Admin, scope: &str, name: &str) -> Result<Option<Metric>, Error> {
    let page = page(admin, scope, "type=Histograms&histogram_buckets=detailed")?;
    let Some(found) = named(&page["stats"][0]["histograms"]["details"], name) else { return Ok(None) };
    let (mut count, mut sum) = (0, 0.0);
    for bucket in found["totals"].as_array().into_iter().flatten() {
        let samples = bucket["count"].as_u64().unwrap_or(0);
        count += samples;
        sum += bucket["lower_bound"].as_f64().unwrap_or(0.0) * samples as f64;
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "samples are whole, and not negative"
    )]
    Ok(Some(Metric::Histogram { count, sum: sum.round() as u64 }))
}

/// A page of statistics, those in this scope.
fn page(admin: Admin, scope: &str, query: &str) -> Result<Value, Error> {
    let scope = scope.replace('.', "\\.");
    let text = admin.page(&format!("/stats?format=json&filter=^{scope}&{query}"))?;
    serde_json::from_str(&text)
        .map_err(|error| Error::new(format!("Envoy's statistics are not what they were: {error}: {text:?}")))
}

fn named<'a>(stats: &'a Value, name: &str) -> Option<&'a Value> {
    stats.as_array()?.iter().find(|stat| stat["name"] == name)
}
