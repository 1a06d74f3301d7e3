//! Taking times on a machine that does other things as well.

use std::time::{Duration, Instant};

/// How long it takes: the median of many times, of at least five.
pub(crate) fn time(mut what: impl FnMut()) -> Duration {
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < 5 || start.elapsed() < ENOUGH && times.len() < MOST {
        let start = Instant::now();
        what();
        times.push(start.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

const ENOUGH: Duration = Duration::from_secs(3);

/// A host keeps what has happened.
const MOST: usize = 20_000;
