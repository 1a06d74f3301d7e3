//! `docs/hosts.md`, compared with the profiles.

use super::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use waxwing_testing::{Callback, Support};

/// The columns of the page's tables, and the profiles that they are.
const COLUMNS: [(&str, Profile); 5] = [
    ("Envoy", Profile::ENVOY),
    ("ngx_wasm_module", Profile::NGX_WASM_MODULE),
    ("APISIX", Profile::APISIX),
    ("Traffic Server", Profile::TRAFFIC_SERVER),
    ("Google", Profile::GOOGLE_SERVICE_EXTENSIONS),
];

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/hosts.md")).unwrap()
}

/// The rows of the table under a heading, each by the names of the columns.
fn rows(heading: &str) -> Vec<BTreeMap<String, String>> {
    let page = page();
    let (_, section) = page.split_once(&format!("## {heading}\n")).expect(heading);
    let section = section.split("\n## ").next().unwrap();
    let cells = |line: &str| -> Option<Vec<String>> {
        let line = line.strip_prefix('|')?.strip_suffix('|')?;
        Some(line.split('|').map(|cell| cell.trim().to_owned()).collect())
    };
    let mut rows = section.lines().filter_map(cells);
    let head = rows.next().expect(heading);
    rows.skip(1).map(|row| head.iter().cloned().zip(row).collect()).collect()
}

/// A cell without its note.
fn word(cell: &str) -> &str {
    cell.split_once(" (").map_or(cell, |(word, _)| word)
}

fn name(row: &BTreeMap<String, String>) -> String {
    row["function"].trim_matches('`').to_owned()
}

#[test]
fn the_functions_of_a_profile_are_those_of_the_page() {
    for row in rows("Imports of each host") {
        for (column, profile) in COLUMNS {
            let expected = match word(&row[column]) {
                // What is not known of a host, the model does as Envoy.
                "yes" | "there" | "?" => "works",
                // How is said by Google's test host: with 12.
                "refuses" => "12",
                word => word,
            };
            let import = name(&row);
            assert_eq!(profile.support(&import).to_string(), expected, "{import} of {profile}");
        }
    }
}

#[test]
fn the_callbacks_of_a_profile_are_those_of_the_page() {
    for row in rows("Exports of each host") {
        let Some(callback) = Callback::ALL.iter().find(|callback| callback.export_name() == name(&row))
        else {
            continue;
        };
        // Envoy does not call it, but what is made of it may, and so does a test.
        if *callback == Callback::ForeignFunction {
            continue;
        }
        for (column, profile) in COLUMNS {
            assert_eq!(profile.calls(*callback), word(&row[column]) != "never", "{callback} of {profile}");
        }
    }
}

#[test]
fn the_facts_of_a_profile_are_those_of_the_page() {
    let rows = rows("What the model does as each host");
    for (column, profile) in COLUMNS {
        let of_page: Vec<_> = rows.iter().map(|row| (&*row["subject"], row[column].clone())).collect();
        assert_eq!(of_page, profile.facts(), "{profile}");
    }
}

#[test]
fn each_fact_in_which_hosts_differ_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles");
    for row in rows("What the model does as each host") {
        let differs = COLUMNS.iter().any(|(column, _)| row[*column] != row["Envoy"]);
        assert!(differs, "{}: all are as Envoy", row["subject"]);
        let tests: Vec<_> = row["tests"].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{}: no test", row["subject"]);
        for test in tests {
            let (file, name) = test.split_once("::").unwrap_or_else(|| panic!("{test}: a file and a test"));
            let file =
                fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{test}: {error}"));
            assert!(file.contains(&format!("#[test]\nfn {name}(")), "there is no test {test}");
        }
    }
}

#[test]
fn the_page_lists_the_headers_that_cannot_be_changed() {
    let page = page();
    let (_, list) = page.split_once("Headers that cannot be changed: ").expect("the list");
    let list = list.split("\n\n").next().unwrap();
    let of_page: Vec<_> = list.split('`').skip(1).step_by(2).collect();
    assert_eq!(of_page, Profile::GOOGLE_SERVICE_EXTENSIONS.fixed_headers());
    for profile in Profile::ALL {
        let is_google = profile == Profile::GOOGLE_SERVICE_EXTENSIONS;
        assert_eq!(profile.fixed_headers().is_empty(), !is_google);
    }
}

#[test]
fn a_function_that_is_not_known_works() {
    for profile in Profile::ALL {
        assert_eq!(profile.support("proxy_log"), Support::Works);
        assert_eq!(profile.support("proxy_nothing"), Support::Works);
    }
}
