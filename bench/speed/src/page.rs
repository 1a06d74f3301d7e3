//! The page with the times.

use crate::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What was measured of one way to run a test.
pub(crate) struct Row {
    pub(crate) way: &'static str,
    /// Of a request.
    pub(crate) callbacks: usize,
    /// One more request on a host that runs.
    pub(crate) request: Duration,
    /// A test with a new host and one request.
    pub(crate) test: Duration,
}

const INTRODUCTION: &str = "\
# What a test costs

Written by the program in `bench/speed`, which says how to run it. These are times, of the machine that is named: what has a budget
is counted instead, in [the numbers of the SDK](benchmarks.md).

The extension reads the request's headers, changes two of them, and two of the response. It is written twice: on Waxwing
(`bench/speed/src/lib.rs`), and on the crate `proxy-wasm` 0.2.5 (`testing/linked/src/header.rs`). A request has seven headers and
no body. A test starts a host, sends one request, and looks at the response.

- *Native* and *linked* are the extension in the test's process; [linked](testing.md#test-an-extension-written-on-the-proxy-wasm-crate)
  gives each VM a thread, and every callback and host call goes from one to the other.
- *`.wasm`* is the module in an interpreter, which parses it once for all tests of a binary.
- *With an engine for each test* is what `proxy-wasm/test-framework` does: an engine (wasmtime, here 48), the module compiled anew,
  an instance. Its host functions answer with constants here, so the framework's own work is not in it. Tests that use it
  are marked to run one after the other; all others run side by side, but for linked callbacks, of which one runs at a time.
";

/// Writes the part of the page for the way in which this program is compiled, and returns the part.
pub(crate) fn write(rows: &[Row], modules: &[&PathBuf]) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/testing-speed.md");
    let (ours, other) = if cfg!(debug_assertions) { (DEBUG, OPTIMISED) } else { (OPTIMISED, DEBUG) };
    let part = part(ours, rows, modules)?;
    let old = fs::read_to_string(&path).unwrap_or_default();
    let kept = old
        .split("\n## ")
        .find(|part| part.starts_with(other))
        .map(|part| format!("## {}\n", part.trim_end()));
    let mut parts = vec![part.clone()];
    parts.extend(kept);
    // The one that tests have comes first.
    parts.sort_by_key(|part| !part[3..].starts_with(DEBUG));
    fs::write(&path, format!("{INTRODUCTION}\n{}", parts.join("\n")))?;
    Ok(part)
}

const DEBUG: &str = "As `cargo test` compiles";
const OPTIMISED: &str = "Optimised";

fn part(heading: &str, rows: &[Row], modules: &[&PathBuf]) -> Result<String> {
    let mut part =
        format!("## {heading}\n\n| | callbacks per second | a request | a test |\n|---|--:|--:|--:|\n");
    for Row { way, callbacks, request, test } in rows {
        let per_second = *callbacks as f64 / request.as_secs_f64();
        part += &format!("| {way} | {} | {} | {} |\n", thousands(per_second), text(*request), text(*test));
    }
    let mut sizes = Vec::new();
    for module in modules {
        let size = fs::metadata(module)?.len();
        sizes.push(format!("{} bytes", thousands(size as f64)));
    }
    let callbacks = |number: usize| rows.get(number).map_or(0, |row: &Row| row.callbacks);
    part += &format!(
        "\nMedians, on {}; {}. A request has {} callbacks on Waxwing, which exports those that an extension implements, and {} on \
         `proxy-wasm`. The modules have {} (Waxwing) and {} (`proxy-wasm`, with seven other extensions in it).\n",
        machine(),
        compiler(),
        callbacks(0),
        callbacks(2),
        sizes[0],
        sizes[1]
    );
    Ok(part)
}

/// The machine, and how busy it was.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{threads} processors ({model}), {}, with a load of {load}", std::env::consts::OS)
}

fn compiler() -> String {
    let output =
        Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("--version").output();
    output.map_or("an unknown compiler".into(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

/// A time with three digits that count.
fn text(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..10.0 => format!("{micros:.2} µs"),
        ..100.0 => format!("{micros:.1} µs"),
        ..1_000.0 => format!("{micros:.0} µs"),
        ..10_000.0 => format!("{:.2} ms", micros / 1e3),
        ..100_000.0 => format!("{:.1} ms", micros / 1e3),
        ..1_000_000.0 => format!("{:.0} ms", micros / 1e3),
        _ => format!("{:.1} s", micros / 1e6),
    }
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
