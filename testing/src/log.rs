//! What an extension logged.

use std::fmt;
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logs {
    lines: Vec<LogLine>,
}

impl Logs {
    pub(crate) fn new(lines: Vec<LogLine>) -> Self {
        Logs { lines }
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
        assert!(
            self.lines.iter().any(|line| line.message.contains(text)),
            "no log line contains {text:?}\n{self}"
        );
        self
    }

    /// Asserts that no line contains `text`: a secret, say.
    ///
    /// # Panics
    ///
    /// If one does.
    #[track_caller]
    pub fn assert_lacks(&self, text: &str) -> &Self {
        assert!(
            !self.lines.iter().any(|line| line.message.contains(text)),
            "a log line contains {text:?}\n{self}"
        );
        self
    }

    /// Asserts that nothing of this level, or of a higher one, was logged.
    ///
    /// # Panics
    ///
    /// If something was.
    #[track_caller]
    pub fn assert_none_at_least(&self, level: LogLevel) -> &Self {
        assert!(
            !self.lines.iter().any(|line| line.level >= level),
            "there are log lines of level {level} or higher\n{self}"
        );
        self
    }
}

impl fmt::Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return f.write_str("log: empty");
        }
        f.write_str("log:")?;
        self.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}
