//! What an extension logged.

use crate::evidence::Evidence;
use crate::failure;
use crate::style::{self, MARK};
use std::fmt;
use std::sync::Arc;
use waxwing::LogLevel;

/// A line that an extension logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How important it is.
    pub level: LogLevel,
    /// The text, with bytes that are not UTF-8 replaced.
    pub message: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.level, self.message)
    }
}

/// The lines that were logged, in order, with assertions that show them all when they fail.
///
/// Those of an [`Exchange`](crate::Exchange) show the exchange and its timeline as well. Two are equal if their
/// lines are.
#[derive(Clone, Default)]
pub struct Logs {
    lines: Vec<LogLine>,
    /// What else is known of the stream that they were logged for; an `Arc` because errors, which carry logs, are
    /// `Send`.
    evidence: Option<Arc<Evidence>>,
}

impl Logs {
    pub(crate) fn new(lines: Vec<LogLine>) -> Self {
        Logs { lines, evidence: None }
    }

    /// The lines of one stream.
    pub(crate) fn of_stream(lines: Vec<LogLine>, evidence: Arc<Evidence>) -> Self {
        Logs { lines, evidence: Some(evidence) }
    }

    /// All lines.
    pub fn lines(&self) -> &[LogLine] {
        &self.lines
    }

    /// The texts of the lines of this level.
    pub fn at(&self, level: LogLevel) -> Vec<&str> {
        self.lines.iter().filter(|line| line.level == level).map(|line| line.message.as_str()).collect()
    }

    /// Asserts that a line contains `text`.
    ///
    /// # Panics
    ///
    /// If none does.
    #[track_caller]
    pub fn assert_contains(&self, text: &str) -> &Self {
        if !self.lines.iter().any(|line| line.message.contains(text)) {
            let folded = text.to_lowercase();
            let in_another_case = |line: &LogLine| line.message.to_lowercase().contains(&folded);
            self.fail(&format!("no log line contains {text:?}"), in_another_case, "only in another case");
        }
        self
    }

    /// Asserts that no line contains `text`: a secret, say.
    ///
    /// # Panics
    ///
    /// If one does.
    #[track_caller]
    pub fn assert_lacks(&self, text: &str) -> &Self {
        if self.lines.iter().any(|line| line.message.contains(text)) {
            self.fail(&format!("a log line contains {text:?}"), |line| line.message.contains(text), "here");
        }
        self
    }

    /// Asserts that nothing of this level, or of a higher one, was logged.
    ///
    /// # Panics
    ///
    /// If something was.
    #[track_caller]
    pub fn assert_none_at_least(&self, level: LogLevel) -> &Self {
        if self.lines.iter().any(|line| line.level >= level) {
            let problem = format!("there are log lines of level {level} or higher");
            self.fail(&problem, |line| line.level >= level, "here");
        }
        self
    }

    #[track_caller]
    fn fail(&self, problem: &str, is_marked: impl Fn(&LogLine) -> bool, mark: &str) -> ! {
        let mut problem = format!("{problem}\n{}", if self.lines.is_empty() { "log: empty" } else { "log:" });
        for line in &self.lines {
            problem += &format!("\n  {}", line.to_string().replace('\n', "\n    "));
            if is_marked(line) {
                problem += "    ";
                problem += &style::painted(MARK, &format!("<-- {mark}"));
            }
        }
        match &self.evidence {
            Some(evidence) => evidence.fail(&problem, None),
            None => failure::fail(&problem),
        }
    }
}

impl PartialEq for Logs {
    fn eq(&self, other: &Logs) -> bool {
        self.lines == other.lines
    }
}

impl Eq for Logs {}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").field("lines", &self.lines).finish_non_exhaustive()
    }
}

impl fmt::Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return f.write_str("log: empty");
        }
        f.write_str("log:")?;
        self.lines.iter().try_for_each(|line| write!(f, "\n  {}", line.to_string().replace('\n', "\n    ")))
    }
}

/// Puts lines whose order means nothing into an order.
pub(crate) fn sort(lines: &mut [LogLine]) {
    lines.sort_by(|a, b| (a.level, &a.message).cmp(&(b.level, &b.message)));
}
