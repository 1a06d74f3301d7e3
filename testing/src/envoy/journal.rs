//! Envoy's log, and the lines of the extension in it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Error;
use crate::{LogLevel, LogLine};

/// How many records an error shows.
const SHOWN: usize = 12;

/// The log of one Envoy, a file.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// Starts each record; a line of the extension cannot contain it, because nobody knows it beforehand.
    mark: String,
    /// How many bytes were taken already.
    taken: u64,
}

/// One entry of Envoy's log; the message may have several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) thread: u32,
    pub(super) level: LogLevel,
    pub(super) logger: String,
    pub(super) message: String,
}

impl Journal {
    /// A log at this path; the name of its folder has to be random.
    pub(super) fn at(path: PathBuf) -> Self {
        let folder = path.parent().and_then(Path::file_name);
        let mark = format!("{} ", folder.map(|name| name.to_string_lossy()).unwrap_or_default());
        Journal { path, mark, taken: 0 }
    }

    /// Where Envoy's standard error has to go. A file, because what is written there is there at once.
    pub(super) fn create(&self) -> io::Result<File> {
        File::create(&self.path)
    }

    /// What Envoy's `--log-format` has to be.
    pub(super) fn format(&self) -> String {
        format!("{}%t %l %n %v", self.mark)
    }

    /// The records since the last call.
    pub(super) fn take(&mut self) -> Result<Vec<Record>, Error> {
        let mut bytes = self.read_from(self.taken).map_err(|error| {
            Error::new(format!("Envoy's log {} cannot be read: {error}", self.path.display()))
        })?;
        // A line that is being written is for the next call.
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        self.taken += bytes.len() as u64;
        Ok(parse(&String::from_utf8_lossy(&bytes), &self.mark))
    }

    /// The last records that matter to a person: what the extension logged and what Envoy complains of; all
    /// of the file's end if there is none, as when Envoy does not even start to log.
    pub(super) fn excerpt(&self) -> String {
        // Where even the log cannot be read, the problem that it is to explain is still worth telling.
        let bytes = self.read_from(0).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let records = parse(&text, &self.mark);
        let telling =
            |record: &&Record| record.level >= LogLevel::Warn || record.message.starts_with("wasm log");
        let mut lines: Vec<String> = records
            .iter()
            .filter(telling)
            .map(|record| format!("  [{}] {}", record.level, record.message.trim_end()))
            .collect();
        if lines.is_empty() {
            lines = text.lines().map(|line| format!("  {line}")).collect();
        }
        lines.split_off(lines.len().saturating_sub(SHOWN)).join("\n")
    }

    fn read_from(&self, offset: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Record {
    /// Why the extension's VM failed, if this says it.
    pub(super) fn trap(&self) -> Option<String> {
        let is_one = self.logger == "wasm" && self.message.starts_with("Function: ");
        is_one.then(|| self.message.clone())
    }

    /// What the extension logged, if this is a line of it, and whether it did so for a stream, whose lines have the first
    /// of the prefixes.
    pub(super) fn extension_line(&self, prefixes: &[String]) -> Option<(LogLine, bool)> {
        if self.logger != "wasm" {
            return None;
        }
        let (index, message) = prefixes
            .iter()
            .enumerate()
            .find_map(|(index, prefix)| Some((index, self.message.strip_prefix(prefix.as_str())?)))?;
        Some((LogLine { level: self.level, message: message.to_owned() }, index == 0))
    }
}

fn parse(text: &str, mark: &str) -> Vec<Record> {
    let text = format!("\n{}", text.strip_suffix('\n').unwrap_or(text));
    text.split(&format!("\n{mark}")).skip(1).filter_map(record).collect()
}

fn record(text: &str) -> Option<Record> {
    let mut parts = text.splitn(4, ' ');
    let thread = parts.next()?.parse().ok()?;
    let level = match parts.next()? {
        "trace" => LogLevel::Trace,
        "debug" => LogLevel::Debug,
        "info" => LogLevel::Info,
        "warning" => LogLevel::Warn,
        "error" => LogLevel::Error,
        "critical" => LogLevel::Critical,
        _ => return None,
    };
    let (logger, message) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    Some(Record { thread, level, logger, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIXES: [&str; 2] = ["wasm log tag root vm: ", "wasm log vm: "];

    fn lines(text: &str) -> Vec<LogLine> {
        let prefixes = PREFIXES.map(str::to_owned);
        let records = parse(text, "mark7 ");
        let lines = records.iter().filter_map(|record| record.extension_line(&prefixes));
        lines.map(|(line, _)| line).collect()
    }

    #[test]
    fn a_line_of_the_extension_may_have_several_lines() {
        let text = "mark7 11 info wasm wasm log tag root vm: one\ntwo [x] info\n\nmark7 11 warning wasm wasm log tag root vm: three\n";
        let expected = [(LogLevel::Info, "one\ntwo [x] info\n"), (LogLevel::Warn, "three")];
        assert_eq!(lines(text), expected.map(|(level, message)| LogLine { level, message: message.into() }));
    }

    #[test]
    fn a_record_is_taken_once_and_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::at(folder.path().join("envoy.log"));
        let mut file = journal.create().unwrap();
        let mut write = |text: String| io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        let mark = journal.mark.clone();
        write(format!("{mark}7 info wasm one\n{mark}7 in"));
        assert_eq!(journal.take().unwrap().len(), 1);
        write("fo wasm two\n".into());
        assert_eq!(journal.take().unwrap()[0].message, "two");
        assert_eq!(journal.take().unwrap(), []);
    }

    #[test]
    fn what_others_log_is_left_out() {
        let text = "before\nmark7 11 info main wasm log root vm: no\nmark7 11 trace wasm [host->vm] proxy_on_tick(1)";
        assert_eq!(lines(text), []);
    }

    #[test]
    fn a_line_from_before_the_plugin_exists_counts() {
        assert_eq!(lines("mark7 11 info wasm wasm log vm: early")[0].message, "early");
    }
}
