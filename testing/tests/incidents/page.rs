//! The page of all reports, `docs/incidents.md`, and the tests that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The tests that the page names, by their file.
struct Page {
    /// The first cell of each row.
    numbers: BTreeSet<String>,
    tests: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl Page {
    fn read() -> Page {
        let mut page = Page { numbers: BTreeSet::new(), tests: BTreeMap::new() };
        for line in read(Path::new("docs/incidents.md")).lines() {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let ["", number, _reports, _there, here, ""] = cells[..] else { continue };
            page.numbers.insert(number.to_owned());
            let mut file = None;
            // What is between backticks: a file, then tests in it.
            for word in here.split('`').skip(1).step_by(2) {
                if word.ends_with(".rs") {
                    page.tests.entry(word.into()).or_default();
                    file = Some(PathBuf::from(word));
                } else if word.contains('_') && word.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
                    let file =
                        file.clone().unwrap_or_else(|| panic!("{word:?} stands before its file: {line}"));
                    page.tests.entry(file).or_default().insert(word.to_owned());
                }
            }
        }
        page
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The tests of a file: functions below `#[test]`, and those of `on_each_host!`.
fn tests_of(path: &Path) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    let mut is_test = false;
    for line in read(path).lines() {
        let line = line.trim_start();
        let name = line.strip_prefix("fn ").and_then(|line| Some(line.split_once('(')?.0));
        match name {
            Some(name) if is_test || line.ends_with("(host) {") => drop(tests.insert(name.to_owned())),
            _ => {}
        }
        is_test = line == "#[test]";
    }
    tests
}

#[test]
fn every_test_that_the_page_names_exists() {
    for (file, named) in Page::read().tests {
        let tests = tests_of(&file);
        let missing: Vec<_> = named.difference(&tests).collect();
        assert!(missing.is_empty(), "docs/incidents.md: {} has no tests {missing:#?}", file.display());
    }
}

#[test]
fn every_incident_is_on_the_page() {
    let named = Page::read().tests;
    for folder in ["sdk/tests/incidents", "testing/tests/incidents"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let file = Path::new(folder).join(entry.unwrap().file_name());
            if file.ends_with("page.rs") {
                continue;
            }
            let tests = tests_of(&file);
            let of_page = named.get(&file).cloned().unwrap_or_default();
            let missing: Vec<_> = tests.difference(&of_page).collect();
            assert!(missing.is_empty(), "docs/incidents.md lacks tests of {}: {missing:#?}", file.display());
        }
    }
}

#[test]
fn every_report_has_a_row() {
    let numbers = Page::read().numbers;
    for number in 1..=47 {
        assert!(numbers.contains(&number.to_string()), "docs/incidents.md lacks no. {number}");
    }
}
