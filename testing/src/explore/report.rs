//! What an exploration has found.

use super::bound::VARIABLE;
use super::violation::Violation;
use crate::{failure, style};
use std::fmt;
use std::time::Duration;

/// What an exploration has found: how many runs it made, how many it left out, and those in which something is wrong.
///
/// It prints the shortest violation first, each kind of problem once with its timeline and the others in a line each.
#[derive(Clone, Debug)]
#[must_use = "`check()` fails the test if something is wrong"]
pub struct Report {
    /// What explored: `faults`, say.
    exploration: &'static str,
    scenario: String,
    runner: String,
    runs: usize,
    left_out: usize,
    extent: Option<Extent>,
    elapsed: Duration,
    violations: Vec<Violation>,
    /// What else a reader has to know.
    notes: Vec<String>,
}

/// Which runs there were.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// How many of them are not the same as another one.
    pub(super) distinct: usize,
    /// From which seed they were drawn, if there are too many.
    pub(super) drawn_from: Option<u64>,
}

impl Report {
    pub(crate) fn new(exploration: &'static str, scenario: &str, runner: &str) -> Self {
        Report {
            exploration,
            scenario: scenario.to_owned(),
            runner: runner.to_owned(),
            runs: 0,
            left_out: 0,
            extent: None,
            elapsed: Duration::ZERO,
            violations: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Says something that is no violation.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Counts a run, and keeps what is wrong with it.
    pub(crate) fn add(&mut self, violations: Vec<Violation>) {
        self.runs += 1;
        self.violations.extend(violations);
    }

    /// Counts runs with which nothing is wrong, or nothing new.
    pub(super) fn add_runs(&mut self, runs: usize) {
        self.runs += runs;
    }

    /// Keeps what is wrong with a run that is counted.
    pub(super) fn violate(&mut self, violations: Vec<Violation>) {
        self.violations.extend(violations);
    }

    /// Says which runs there were, if they can be the same.
    pub(super) fn extends_to(&mut self, extent: Extent) {
        self.extent = Some(extent);
    }

    /// Ends it.
    pub(crate) fn finish(mut self, left_out: usize, elapsed: Duration) -> Self {
        self.left_out = left_out;
        self.elapsed = elapsed;
        self.violations.sort_by_key(Violation::len);
        self
    }

    /// The number of runs, the plain one among them.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// The number of runs that were left out because of the bound.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The number of runs that are not the same as another one.
    pub fn distinct(&self) -> usize {
        self.extent.map_or(self.runs, |extent| extent.distinct)
    }

    /// Whether all was run that there is.
    pub fn is_complete(&self) -> bool {
        self.left_out == 0 && self.extent.is_none_or(|extent| extent.drawn_from.is_none())
    }

    /// How long it took.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What is wrong, the shortest run first.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// All of it, with styles.
    fn to_text(&self) -> String {
        Styled(self).to_string()
    }

    /// Fails the test if something is wrong; else says how much was run, in what a test prints.
    ///
    /// # Panics
    ///
    /// If there is a violation, with the report.
    #[track_caller]
    pub fn check(&self) {
        if !self.violations.is_empty() {
            failure::fail(&self.to_text());
        }
        println!("{self}");
    }
}

/// How many violations are shown in a line each.
const LINES: usize = 20;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&style::plain(&self.to_text()))
    }
}

/// A report with styles.
struct Styled<'a>(&'a Report);

impl fmt::Display for Styled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let Report { exploration, scenario, runner, runs, left_out, elapsed, .. } = report;
        write!(
            f,
            "explore::{exploration} of scenario {scenario:?} on {runner}: {runs} runs in {elapsed:.1?}"
        )?;
        if let Some(extent) = report.extent {
            write!(f, ", {} of them different", extent.distinct)?;
        }
        match (report.extent.and_then(|extent| extent.drawn_from), left_out) {
            (Some(seed), _) if !report.violations.is_empty() => {
                write!(f, ", drawn from seed {seed} until something was wrong")?;
            }
            (Some(seed), _) => write!(f, ", drawn from seed {seed} ({VARIABLE}=100000 draws more)")?,
            (None, 0) => f.write_str(", which is all there is")?,
            (None, left_out) => write!(f, ", {left_out} left out ({VARIABLE}=complete runs them)")?,
        }
        match report.violations.len() {
            0 => f.write_str(", nothing wrong")?,
            1 => f.write_str(", 1 violation")?,
            count => write!(f, ", {count} violations")?,
        }
        report.notes.iter().try_for_each(|note| write!(f, "\n  {note}"))?;
        let mut names = Vec::new();
        let (mut shown, mut others) = (Vec::new(), Vec::new());
        for violation in &report.violations {
            if names.contains(&violation.problem().name()) {
                others.push(violation);
            } else {
                names.push(violation.problem().name());
                shown.push(violation);
            }
        }
        shown.iter().try_for_each(|violation| write!(f, "\n\n{}", violation.to_text()))?;
        if !others.is_empty() {
            f.write_str("\n\nand also")?;
        }
        others.iter().take(LINES).try_for_each(|violation| write!(f, "\n{}", violation.headline()))?;
        match others.len().saturating_sub(LINES) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}
