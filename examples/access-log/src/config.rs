//! The configuration.

use serde::Deserialize;
use std::time::Duration;
use waxwing::prelude::*;

/// Where the lines go, when, and what is in them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The upstream that gets the lines.
    pub(crate) cluster: String,
    /// The path to which they are posted.
    #[serde(default = "root_path")]
    pub(crate) path: String,
    /// How many lines are sent at once; fewer only when they have waited long enough.
    #[serde(default = "batch")]
    pub(crate) batch: usize,
    /// How many lines wait at most, in each worker; more are dropped.
    #[serde(default = "capacity")]
    pub(crate) capacity: usize,
    /// How long they wait.
    #[serde(default = "flush_milliseconds")]
    flush_milliseconds: u32,
    /// What a line has.
    #[serde(default = "Field::all")]
    pub(crate) fields: Vec<Field>,
}

/// A part of a line.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Field {
    /// When the stream ended, in milliseconds since 1970.
    Time,
    Method,
    Authority,
    Path,
    UserAgent,
    Status,
}

impl Field {
    fn all() -> Vec<Field> {
        vec![Field::Time, Field::Method, Field::Authority, Field::Path, Field::UserAgent, Field::Status]
    }
}

impl Config {
    pub(crate) fn flush(&self) -> Duration {
        Duration::from_millis(self.flush_milliseconds.into())
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.batch == 0 || self.capacity < self.batch {
            return Err(Error::new("`batch` must be at least 1, and `capacity` at least `batch`"));
        }
        Ok(())
    }
}

fn root_path() -> String {
    "/".into()
}

fn batch() -> usize {
    100
}

fn capacity() -> usize {
    10_000
}

fn flush_milliseconds() -> u32 {
    1_000
}
