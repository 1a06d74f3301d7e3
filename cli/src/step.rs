//! What the user sees while the tool works: one line per step, on the standard error.

use anstyle::{AnsiColor, Style};
use std::fmt::Display;
use std::time::Duration;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const CAUTION: Style = AnsiColor::Yellow.on_default().bold();

/// Says what is about to be done: a verb, and what it is done to.
pub(crate) fn doing(verb: &str, object: impl Display) {
    anstream::eprintln!("{GOOD}{verb:>12}{GOOD:#} {object}");
}

/// Says what the user should know although the work goes on.
pub(crate) fn warning(message: impl Display) {
    anstream::eprintln!("{CAUTION}{:>12}{CAUTION:#} {message}", "warning");
}

/// Says why the work ended.
pub(crate) fn failed(error: &anyhow::Error) {
    anstream::eprintln!("{BAD}error{BAD:#}: {error:#}");
}

/// A duration as a person reads it: `0.4 s`, `12.3 s`, `3 min 20 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_readable() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(203)), "3 min 23 s");
    }
}
