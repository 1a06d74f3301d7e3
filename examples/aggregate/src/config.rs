//! The configuration.

use serde::Deserialize;
use std::time::Duration;
use waxwing::prelude::*;

/// Whom to ask, and where to write what they answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) sources: [Source; 2],
    /// How long both answers may take, from when the request arrives.
    #[serde(default = "default_deadline")]
    deadline_milliseconds: u32,
    /// The header of the response that has them.
    #[serde(default = "default_header")]
    pub(crate) header: String,
}

/// An upstream that is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// The key of its answer in the header, and the label of its metric.
    pub(crate) name: String,
    pub(crate) cluster: String,
    #[serde(default = "default_path")]
    pub(crate) path: String,
}

fn default_deadline() -> u32 {
    100
}

fn default_header() -> String {
    "x-aggregate".into()
}

fn default_path() -> String {
    "/".into()
}

impl Config {
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_milliseconds.into())
    }

    pub(crate) fn check(&self) -> Result<()> {
        let [first, second] = &self.sources;
        if !first.has_key() || !second.has_key() {
            return Err(Error::new(
                "the `name` of a source is a key in the header: `a` to `z` first, then also digits, `_`, `-`, `.` and `*`",
            ));
        }
        if first.name == second.name {
            return Err(Error::new("both sources have the same `name`, and one of them would be lost"));
        }
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if self.header.is_empty() || !self.header.bytes().all(is_part) {
            return Err(Error::new("`header` is the name of a header: letters, digits, `-` and `_`"));
        }
        if self.deadline_milliseconds == 0 {
            return Err(Error::new("`deadline_milliseconds` must be at least 1"));
        }
        Ok(())
    }
}

impl Source {
    /// Whether its name is a key of a dictionary.
    fn has_key(&self) -> bool {
        let is_part =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
        self.name.starts_with(|first: char| first.is_ascii_lowercase()) && self.name.bytes().all(is_part)
    }

    /// Writes its answer behind those that a header has.
    pub(crate) fn write(&self, value: &str, header: &mut String) {
        if !header.is_empty() {
            header.push_str(", ");
        }
        header.push_str(&self.name);
        header.push_str("=\"");
        for part in value.chars() {
            if matches!(part, '"' | '\\') {
                header.push('\\');
            }
            header.push(part);
        }
        header.push('"');
    }
}
