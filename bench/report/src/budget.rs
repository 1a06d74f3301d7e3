//! The budgets: what the design promises, and what it compares with.

use crate::measurement::Measurements;

/// One promise.
pub(crate) struct Row {
    /// What is measured.
    pub(crate) work: &'static str,
    pub(crate) measured: u64,
    /// The most that it may be.
    pub(crate) budget: u64,
    /// What a guest written by hand, without any SDK, needs.
    pub(crate) limit: &'static str,
    /// What `proxy-wasm` 0.2.5 needs.
    pub(crate) incumbent: &'static str,
}

/// All promises about the measured guests.
pub(crate) fn rows(measurements: &Measurements) -> Vec<Row> {
    let Measurements { do_nothing, headers, headers_no_std, allocations, memory } = measurements;
    let row = |work, measured, budget, limit, incumbent| Row { work, measured, budget, limit, incumbent };
    vec![
        row("instructions, doing nothing", do_nothing.total(), 350, "11", "1,245"),
        row("instructions, headers", headers.total(), 400, "75", "1,732"),
        row("instructions, headers, `no_std`", headers_no_std.total(), 400, "75", "1,732"),
        row("bytes of `.wasm`, headers", headers.size as u64, 40_000, "539", "113,321"),
        row("bytes of `.wasm`, headers, `no_std`", headers_no_std.size as u64, 20_000, "539", "–"),
        row("KiB of memory with 10,000 open streams", (*memory as u64).div_ceil(1024), 640, "64", "1,472"),
        row(
            "unused functions imported, doing nothing",
            unused(do_nothing.proxy_functions(), &[]),
            0,
            "0",
            "24 to 32",
        ),
        row(
            "unused functions imported, headers",
            unused(headers.proxy_functions(), USED),
            0,
            "0",
            "24 to 32",
        ),
        row(
            "unused functions imported, headers, `no_std`",
            unused(headers_no_std.proxy_functions(), USED),
            0,
            "0",
            "24 to 32",
        ),
        row("allocations per stream, doing nothing", allocations[0], 0, "0", "2"),
        row("allocations per stream, headers", allocations[1], 0, "0", "2 + 2 per header"),
    ]
}

/// The promises that are not kept.
pub(crate) fn exceeded(measurements: &Measurements) -> impl Iterator<Item = Row> {
    rows(measurements).into_iter().filter(|row| row.measured > row.budget)
}

/// What the guests that work on headers call.
const USED: &[&str] =
    &["proxy_get_header_map_value", "proxy_add_header_map_value", "proxy_remove_header_map_value"];

/// What the SDK itself calls: to report, to act on a context, and to fail closed, with an answer while that is
/// possible and by a reset after it.
const OWN: &[&str] =
    &["proxy_log", "proxy_set_effective_context", "proxy_send_local_response", "proxy_close_stream"];

fn unused<'a>(imported: impl Iterator<Item = &'a str>, used: &[&str]) -> u64 {
    imported.filter(|name| !used.contains(name) && !OWN.contains(name)).count() as u64
}
