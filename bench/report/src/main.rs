//! Measures what the SDK costs, against the budgets of its design, and writes `docs/benchmarks.md`.
//!
//! ```text
//! cargo run -p waxwing-bench              measure, and write the page
//! cargo run -p waxwing-bench -- --check   measure, and fail if the page says anything else
//! cargo run --release -p waxwing-bench -- --soak
//!                                         run a million streams, and fail if memory grows
//! ```
//!
//! Nothing in it depends on the machine or on its load: what is counted are instructions, bytes, functions
//! and allocations. It fails if a budget is exceeded.

mod allocation;
mod budget;
mod guest;
mod host;
mod measurement;
mod meter;
mod module;
mod page;
mod soak;
mod stream;

// The guests, natively. As dependencies they would have to be libraries too, and then cargo would build their
// modules without link-time optimisation.
#[path = "../../guests/async-callout/src/lib.rs"]
mod async_callout;
#[path = "../../guests/attributes/src/lib.rs"]
mod attributes;
#[path = "../../guests/callout/src/lib.rs"]
mod callout;
#[path = "../../guests/counter/src/lib.rs"]
mod counter;
#[path = "../../guests/do-nothing/src/lib.rs"]
mod do_nothing;
#[path = "../../guests/headers/src/lib.rs"]
mod headers;
#[path = "../../guests/local-response/src/lib.rs"]
mod local_response;
#[path = "../../guests/read-headers/src/lib.rs"]
mod read_headers;
#[path = "../../guests/shared-counter/src/lib.rs"]
mod shared_counter;
#[path = "../../guests/soak/src/lib.rs"]
mod soak_guest;

use std::path::Path;
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("waxwing-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything is as it should be.
fn run() -> Result<bool> {
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some("--soak") => return soak::run().map(|()| true),
        Some(other) => {
            return Err(format!("unknown argument {other}; write --check, --soak or nothing").into());
        }
    };
    let measurements = measurement::all()?;
    let page = page::render(&measurements);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
    print!("{page}");

    let mut good = true;
    if check {
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        if written != page {
            eprintln!("docs/benchmarks.md is out of date; run `cargo run -p waxwing-bench` and commit it");
            good = false;
        }
    } else {
        std::fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    for row in budget::exceeded(&measurements) {
        eprintln!("over budget: {}: {} of at most {}", row.work, row.measured, row.promise.budget);
        good = false;
    }
    Ok(good)
}
