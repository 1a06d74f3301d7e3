//! What came of running scenarios on three hosts: what the tests leave of it, as a table, and what has to hold.

use super::repository::Repository;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many distinct traces there have to be in all.
const TRACES_MIN: usize = 80;

/// What a test leaves of one scenario.
#[derive(Clone, Debug, Deserialize)]
struct Record {
    suite: String,
    scenario: String,
    verdict: Verdict,
    /// How the list of differences calls the one that there is.
    difference: Option<String>,
    trace: String,
    golden: Option<PathBuf>,
    module_as_recorded: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Agreed,
    Listed,
    Wrong,
}

/// What the tests have left.
#[derive(Debug)]
pub(super) struct Comparisons {
    records: Vec<Record>,
}

/// Makes room for what the tests will leave, and has this command leave it.
///
/// # Errors
///
/// If the folder cannot be made.
pub(super) fn prepare(repository: &Repository, command: &mut Command) -> Result<()> {
    let folder = folder(repository);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    command.env("WAXWING_COMPARISONS", folder);
    // Unless the user has chosen to record: one that is missing is a failure.
    if std::env::var_os("WAXWING_GOLDEN").is_none() {
        command.env("WAXWING_GOLDEN", "check");
    }
    Ok(())
}

fn folder(repository: &Repository) -> PathBuf {
    repository.target_directory().join("comparisons")
}

/// The folder of golden answers.
fn golden(repository: &Repository) -> PathBuf {
    repository.root().join("testing/golden")
}

impl Comparisons {
    /// Reads what there is.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or is not what a test leaves.
    pub(super) fn read(repository: &Repository) -> Result<Comparisons> {
        let mut records = Vec::new();
        for path in files(&folder(repository))? {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            records.push(serde_json::from_str(&text).with_context(|| path.display().to_string())?);
        }
        Ok(Comparisons { records })
    }

    /// Finds out whether all tests together have left what they have to.
    ///
    /// # Errors
    ///
    /// If hosts disagree, if there are too few distinct traces, or if nobody has asked for a golden answer.
    pub(super) fn check(&self, repository: &Repository) -> Result<()> {
        let wrong: Vec<&str> = self.of(Verdict::Wrong).map(|record| record.scenario.as_str()).collect();
        if !wrong.is_empty() {
            bail!("hosts disagree on {}", wrong.join(", "));
        }
        let traces = traces(self.records.iter());
        if traces < TRACES_MIN {
            bail!(
                "the scenarios that run on three hosts have {traces} distinct traces, and not {TRACES_MIN}"
            );
        }
        let asked: BTreeSet<&Path> =
            self.records.iter().filter_map(|record| record.golden.as_deref()).collect();
        let mut unasked = Vec::new();
        for folder in files(&golden(repository))? {
            unasked.extend(files(&folder)?.into_iter().filter(|file| !asked.contains(file.as_path())));
        }
        if !unasked.is_empty() {
            let unasked: String = unasked.iter().map(|file| format!("\n  {}", file.display())).collect();
            bail!("no scenario has these golden answers any more; delete them:{unasked}");
        }
        Ok(())
    }

    /// A row for each suite, and for all.
    pub(super) fn table(&self) -> String {
        let mut suites: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for record in &self.records {
            suites.entry(&record.suite).or_default().push(record);
        }
        let width = suites.keys().map(|suite| suite.len()).max().unwrap_or(0).max(TITLE.len());
        let mut table = format!(
            "\n{TITLE:<width$}{:>12}{:>9}{:>22}{:>18}\n",
            "scenarios", "agreed", "listed differences", "distinct traces"
        );
        let mut row = |name: &str, records: &[&Record]| {
            let count =
                |verdict| records.iter().filter(|record| record.verdict == verdict).count().to_string();
            table += &format!(
                "{name:<width$}{:>12}{:>9}{:>22}{:>18}\n",
                records.len(),
                count(Verdict::Agreed),
                count(Verdict::Listed),
                traces(records.iter().copied())
            );
        };
        for (suite, records) in &suites {
            row(suite, records);
        }
        row("total", &self.records.iter().collect::<Vec<_>>());
        for record in self.of(Verdict::Wrong) {
            table += &format!("DISAGREED: {} ({})\n", record.scenario, record.suite);
        }
        for record in self.of(Verdict::Listed) {
            let listed = record.difference.as_deref().unwrap_or_default();
            table += &format!("listed difference: {}: {listed}\n", record.scenario);
        }
        let others = self.records.iter().filter(|record| record.module_as_recorded == Some(false)).count();
        if others > 0 {
            table += &format!(
                "{others} golden answers are of a module with another hash: its source has changed, or the SDK, or where its dependencies are\n"
            );
        }
        table
    }

    fn of(&self, verdict: Verdict) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.verdict == verdict)
    }
}

const TITLE: &str = "native, wasm, envoy";

fn traces<'a>(records: impl Iterator<Item = &'a Record>) -> usize {
    records.map(|record| &record.trace).collect::<BTreeSet<_>>().len()
}

/// What is in a folder, in the order of the names; nothing if there is no such folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(suite: &str, verdict: Verdict, trace: usize) -> Record {
        Record {
            suite: suite.to_owned(),
            scenario: format!("scenario {trace}"),
            verdict,
            difference: (verdict == Verdict::Listed).then(|| "**Timing.**".to_owned()),
            trace: trace.to_string(),
            golden: None,
            module_as_recorded: Some(trace != 1),
        }
    }

    #[test]
    fn what_a_test_leaves_is_counted_by_suite() {
        let records = vec![
            record("one", Verdict::Agreed, 1),
            record("one", Verdict::Agreed, 1),
            record("two", Verdict::Listed, 1),
            record("two", Verdict::Wrong, 2),
        ];
        let table = Comparisons { records }.table();
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = table.lines().map(words).collect();
        assert_eq!(lines[2..5], ["one 2 2 0 1", "two 2 0 1 2", "total 4 2 1 2"]);
        assert!(lines.contains(&"DISAGREED: scenario 2 (two)".to_owned()), "{table}");
        assert!(lines.contains(&"listed difference: scenario 1: **Timing.**".to_owned()), "{table}");
        assert!(table.contains("3 golden answers are of a module with another hash"), "{table}");
    }

    #[test]
    fn a_record_is_what_the_testing_crate_writes() {
        let text = r#"{"suite":"a b","scenario":"s","verdict":"agreed","difference":null,"trace":"00",
            "golden":"/x/s.txt","module_as_recorded":true}"#;
        let record: Record = serde_json::from_str(text).unwrap();
        assert_eq!((record.verdict, record.golden), (Verdict::Agreed, Some(PathBuf::from("/x/s.txt"))));
    }
}
