//! The budgets: what the design promises, and what was measured.

use crate::guest::{Guest, MEMORY, Promise, UNUSED};
use crate::measurement::{Measured, Measurements};

/// One promise.
pub(crate) struct Row {
    /// What is measured.
    pub(crate) work: String,
    pub(crate) measured: u64,
    pub(crate) promise: &'static Promise,
}

/// All promises about the measured guests.
pub(crate) fn rows(measurements: &Measurements) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |work: String, measured, promise| rows.push(Row { work, measured, promise });
    for Measured { guest, measurement } in &measurements.guests {
        row(format!("instructions, {}", guest.name), measurement.total(), &guest.instructions);
    }
    for Measured { guest, measurement } in &measurements.guests {
        if let Some(promise) = &guest.bytes {
            row(format!("bytes of `.wasm`, {}", guest.name), measurement.size as u64, promise);
        }
    }
    let kibibytes = (measurements.memory as u64).div_ceil(1024);
    row("KiB of memory with 10,000 open streams".into(), kibibytes, &MEMORY);
    for Measured { guest, measurement } in &measurements.guests {
        let unused = unused(guest, measurement.proxy_functions());
        row(format!("unused functions imported, {}", guest.name), unused, &UNUSED);
    }
    for Measured { guest, measurement } in &measurements.guests {
        if let (Some((_, promise)), Some(allocations)) = (&guest.allocations, measurement.allocations) {
            row(format!("allocations per stream, {}", guest.name), allocations, promise);
        }
    }
    rows
}

/// The promises that are not kept.
pub(crate) fn exceeded(measurements: &Measurements) -> impl Iterator<Item = Row> {
    rows(measurements).into_iter().filter(|row| row.measured > row.promise.budget)
}

/// What the SDK itself calls: to report, to act on a context, and to fail closed, with an answer while that is
/// possible and by a reset after it.
const OWN: &[&str] =
    &["proxy_log", "proxy_set_effective_context", "proxy_send_local_response", "proxy_close_stream"];

fn unused<'a>(guest: &Guest, imported: impl Iterator<Item = &'a str>) -> u64 {
    imported.filter(|name| !guest.calls.contains(name) && !OWN.contains(name)).count() as u64
}
