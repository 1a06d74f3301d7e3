//! Why a module cannot be run.

use std::fmt;

/// Why a module could not be built, loaded or started.
///
/// Its text names the module, says what is wrong, and what to do where that is not obvious.
#[derive(Clone)]
pub struct LoadError {
    module: String,
    problem: String,
}

impl LoadError {
    pub(super) fn new(module: &str, problem: impl fmt::Display) -> Self {
        LoadError { module: module.to_owned(), problem: problem.to_string() }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot load `{}`: {}", self.module, self.problem)
    }
}

impl fmt::Debug for LoadError {
    /// As `Display`, because `unwrap` in a test shows this one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for LoadError {}
