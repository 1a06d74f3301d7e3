//! The page that shows the measurements.

use crate::budget::{self, Row};
use crate::guest::Promise;
use crate::measurement::{Measured, Measurement, Measurements};
use crate::stream;
use std::process::Command;

const INTRODUCTION: &str = "\
# What the SDK costs

Written by `cargo +1.95.0 run -p waxwing-bench`; CI runs it with `--check`, which fails if this page is out of
date or a budget is exceeded. It needs rustup's target `wasm32-wasip1` and nothing else, and its numbers depend on
the compiler only: instructions, bytes, functions and allocations are counted, no time is taken.

The budgets are for the standard library of Rust 1.95. That of 1.99.1 needs 4 KB more for a panic: there the module
of the guest for headers has 44,092 bytes, and the numbers of the others are the same or lower. Without `std`,
nothing changes.
";

const STREAM: &str = "\
## What is measured

A stream is: its context is created, 20 request headers, 8 response headers, one chunk of response body, it is
logged, it is done, its context is deleted. Callbacks that an extension does not implement are not exported, so
the proxy does not call them.
";

const METHOD: &str = "\
They have the SDK's default features, but for the one without `std`, and are built with the workspace's release profile and its link arguments (`Cargo.toml`, `.cargo/config.toml`;
an extension's own crate gets the same from the README), with the paths of dependencies cut off, so that sizes
do not depend on a home folder.

**Instructions** are those that the module executes, its allocator included and the host's work not: 1 for each
instruction, 1 for each function entered, 1 for each byte that `memory.copy`, `memory.fill` or `memory.init`
writes. `block`, `loop`, `else`, `end`, `return`, `drop`, `nop` and `unreachable` count nothing. The module is
rewritten to count them (`bench/report/src/meter.rs`) and runs in the interpreter of `waxwing-testing`, on a
host that gives fixed answers (`bench/report/src/host.rs`). They are the average of 1,000 streams after 100
others, rounded up.

**Memory** is the module's linear memory while 10,000 streams are between their response headers and their
response body.

**Unused functions** are imports from `env` that neither the extension calls nor the SDK itself: it reports with
`proxy_log`, and fails closed with `proxy_send_local_response` and `proxy_close_stream`.

**Growth** is not in the table, because it must be none: `cargo run --release -p waxwing-bench -- --soak` runs a
million streams with state, 150 at a time, in one VM, natively and on wasm, and fails if memory after all of them is more
than after the first ten thousand.

**Allocations** are counted natively, with the same dispatcher and the same extensions; the host's are not
counted. These extensions have contexts without state, so there is nothing to allocate for them.

*Limit* is an extension written by hand for this one purpose, without any SDK; *incumbent* is `proxy-wasm`
0.2.5. Both were measured once and are constants here.
";

/// The whole page.
pub(crate) fn render(measurements: &Measurements) -> String {
    let mut page = format!("{INTRODUCTION}\nMeasured with {}.\n\n", compiler());
    page += "| per stream | measured | budget | limit | incumbent |\n|---|--:|--:|--:|--:|\n";
    for Row { work, measured, promise: Promise { budget, limit, incumbent } } in budget::rows(measurements) {
        let (measured, budget) = (number(measured), number(*budget));
        page += &format!("| {work} | {measured} | {budget} | {limit} | {incumbent} |\n");
    }

    page += "\n## Instructions of each callback\n\nWithout the `proxy_` of their names.\n\n| guest |";
    page += &stream::CALLBACKS.map(|callback| format!(" `{callback}` |")).concat();
    page += &format!("\n|---|{}\n", "--:|".repeat(stream::CALLBACKS.len()));
    for Measured { guest, measurement } in &measurements.guests {
        page += &format!("| {} |", guest.name);
        page += &measurement.instructions.map(|instructions| format!(" {} |", number(instructions))).concat();
        page += "\n";
    }

    page += "\n## Sizes and imports\n\n| guest | bytes | imports |\n|---|--:|---|\n";
    for Measured { guest, measurement } in &measurements.guests {
        let (size, imports) = (number(measurement.size as u64), imports(measurement));
        page += &format!("| {} | {size} | {imports} |\n", guest.name);
    }
    page += &format!("\n{STREAM}\n");
    for Measured { guest, .. } in &measurements.guests {
        page += &format!("- `{}` {}.\n", guest.package.replacen('-', "/guests/", 1), guest.does);
    }
    page + "\n" + METHOD
}

fn imports(guest: &Measurement) -> String {
    let mut names: Vec<_> = guest.imports.iter().map(|import| format!("`{}`", import.name)).collect();
    names.sort();
    names.join(", ")
}

/// The compiler's version, on which all numbers depend.
fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    output.map_or_else(
        |_| "an unknown compiler".into(),
        |output| String::from_utf8_lossy(&output.stdout).trim().into(),
    )
}

/// A number with its thousands separated.
fn number(number: u64) -> String {
    match number.checked_div(1000) {
        Some(thousands) if thousands > 0 => format!("{},{:03}", self::number(thousands), number % 1000),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let numbers = [0, 999, 1_000, 1_234_056].map(number);
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,056"]);
    }
}
