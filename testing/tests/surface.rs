//! `docs/abi.md` and `docs/hosts.md`, compared with what modules import and export, and with what the SDK has.
#![cfg(feature = "wasm")]
#![allow(missing_docs, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use waxwing::__private::{BufferType, MapType, MetricType, PeerType, StreamType};
use waxwing::{GrpcStatus, LogLevel, Status};
use waxwing_testing::Callback;
use waxwing_testing::wasm::WasmModule;

/// The tables of a page, by the heading above each: rows of cells, as they are written.
struct Page {
    name: &'static str,
    tables: BTreeMap<String, Vec<Vec<String>>>,
}

impl Page {
    fn abi() -> Page {
        Page::read("docs/abi.md")
    }

    fn hosts() -> Page {
        Page::read("docs/hosts.md")
    }

    fn read(name: &'static str) -> Page {
        let mut tables = BTreeMap::<_, Vec<_>>::new();
        let mut heading = String::new();
        for line in text(&repository().join(name)).lines() {
            if let Some(title) =
                line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with("##"))
            {
                title.clone_into(&mut heading);
            } else if let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) {
                let cells = row.split('|').map(|cell| cell.trim().to_owned()).collect();
                tables.entry(heading.clone()).or_default().push(cells);
            }
        }
        Page { name, tables }
    }

    /// The rows below the head.
    fn rows(&self, heading: &str) -> &[Vec<String>] {
        self.tables
            .get(heading)
            .and_then(|rows| rows.get(2..))
            .unwrap_or_else(|| panic!("{} has no table under {heading:?}", self.name))
    }

    /// The functions that the rows are about, each once.
    fn functions(&self, heading: &str) -> BTreeSet<String> {
        let mut functions = BTreeSet::new();
        for row in self.rows(heading) {
            let name = names(&row[0]).remove(0);
            assert!(functions.insert(name.clone()), "{} has two rows of {name}", self.name);
        }
        functions
    }

    /// Functions with their signatures.
    fn signatures(&self, heading: &str) -> BTreeMap<String, String> {
        self.rows(heading).iter().map(|row| (names(&row[0]).remove(0), names(&row[1]).remove(0))).collect()
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between backticks.
fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn imports() -> BTreeSet<String> {
    set(waxwing::abi::imports::NAMES.iter().copied())
}

fn exports() -> BTreeSet<String> {
    set(ALWAYS.into_iter().chain(Callback::ALL.iter().map(|callback| callback.export_name())))
}

/// What is exported whatever an extension implements.
const ALWAYS: [&str; 7] = [
    "proxy_abi_version_0_2_1",
    "_initialize",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    "proxy_on_vm_start",
    "proxy_on_configure",
    "proxy_on_delete",
];

const WASI: [&str; 4] = ["environ_get", "environ_sizes_get", "fd_write", "proc_exit"];

#[test]
fn the_page_lists_every_import_of_the_sdk_once() {
    assert_eq!(Page::abi().functions("Imports"), imports());
}

#[test]
fn the_page_lists_every_callback_and_what_is_always_exported_once() {
    assert_eq!(Page::abi().functions("Exports"), exports());
}

#[test]
fn the_page_of_hosts_says_what_each_does_with_every_import_and_export() {
    let page = Page::hosts();
    assert_eq!(page.functions("Imports of each host"), imports());
    assert_eq!(page.functions("Exports of each host"), exports());

    let mut words: BTreeSet<_> = page.rows("Words").iter().map(|row| row[0].clone()).collect();
    assert!(words.remove("a number"), "{words:?}");
    words.extend((1..=12).map(|number| number.to_string()));
    for heading in ["Imports of each host", "Exports of each host"] {
        for row in page.rows(heading) {
            assert_eq!(row.len(), 8, "{row:?}");
            for cell in &row[1..] {
                let word = cell.split_once(" (").map_or(&**cell, |(word, _note)| word);
                assert!(words.contains(word), "{}: {word:?} is not explained", row[0]);
            }
        }
    }
}

/// The code of the files of Rust in a folder and below, without comments, by their paths.
fn code(folder: &str) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry of the folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = text(&path);
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                files.insert(path, code.collect::<Vec<_>>().join("\n"));
            }
        }
    }
    files
}

#[test]
fn the_sdk_has_what_the_page_names() {
    let sdk = code("sdk/src");
    let between_words = |letter: char| !letter.is_alphanumeric() && letter != '_';
    let words: BTreeSet<_> = sdk.values().flat_map(|file| file.split(between_words)).collect();
    let page = Page::abi();
    let columns = [
        ("Imports", 2..3),
        ("Exports", 2..3),
        ("Statuses", 2..3),
        ("Maps", 1..4),
        ("Buffers", 1..4),
        ("Streams", 1..4),
        ("Peers", 1..2),
        ("Metrics", 1..3),
        ("Log levels", 1..2),
        ("Statuses of gRPC", 2..3),
    ];
    let mut missing = Vec::new();
    for (heading, columns) in columns {
        for row in page.rows(heading) {
            let names = row[columns.clone()].iter().flat_map(|cell| names(cell));
            let unknown = names.filter(|name| name.split("::").any(|word| !words.contains(word)));
            missing.extend(unknown.map(|name| format!("{heading}, {}: {name}", row[0])));
        }
    }
    assert!(missing.is_empty(), "the SDK has none of\n{}", missing.join("\n"));
}

/// Wrappers that exist, or the SDK itself: a row that says neither is not done.
#[test]
fn every_import_and_every_callback_has_a_wrapper() {
    let page = Page::abi();
    for row in page.rows("Imports").iter().chain(&page.rows("Exports")[ALWAYS.len()..]) {
        let wrapper = !names(&row[2]).is_empty() || row[2].starts_with("the SDK itself");
        assert!(wrapper, "{} has no wrapper: {:?}", row[0], row[2]);
    }
}

#[test]
fn every_import_is_found_by_its_name_in_the_documentation() {
    // What nobody outside the SDK calls.
    const ITSELF: [&str; 1] = ["proxy_set_effective_context"];

    let sdk = code("sdk/src");
    let documented = |name: &str| {
        let alias = format!("doc(alias = \"{name}\")");
        sdk.values().any(|file| file.contains(&alias))
    };
    let without: Vec<_> =
        imports().into_iter().filter(|name| !ITSELF.contains(&&**name) && !documented(name)).collect();
    assert!(without.is_empty(), "no public item has doc(alias) for {without:?}");
}

#[test]
fn the_tests_that_the_page_names_exist() {
    let page = Page::abi();
    let mut missing = Vec::new();
    for (heading, column) in [("Imports", 3), ("Exports", 3), ("Formats", 2)] {
        for row in page.rows(heading) {
            let tests = names(&row[column]);
            // In `on_each_host!` a test has an argument.
            let exists = |test: &String| {
                test.split_once("::").is_some_and(|(path, name)| {
                    fs::read_to_string(repository().join(path))
                        .is_ok_and(|file| file.contains(&format!("fn {name}(")))
                })
            };
            if tests.is_empty() || !tests.iter().all(exists) {
                missing.push(format!("{heading}, {}: {tests:?}", row[0]));
            }
        }
    }
    assert!(missing.is_empty(), "these are shown by no test that there is\n{}", missing.join("\n"));
}

#[test]
fn the_page_of_unsafe_code_has_each_file_and_tests_that_exist() {
    let page = Page::read("docs/safety.md");
    let mut folder = code("sdk/src/abi");
    for other in ["testing/src/link", "testing/linked/tests"] {
        folder.append(&mut code(other));
    }
    // A heading is a file, or all files of a folder, and what is in them.
    let files: Vec<_> = page.tables.keys().map(|heading| names(heading).remove(0)).collect();
    for (path, code) in &folder {
        let name = path.display().to_string();
        let listed = files.iter().any(|file| match file.strip_suffix("*.rs") {
            Some(folder) => name.contains(&format!("/{folder}")),
            None => name.ends_with(&format!("/{file}")),
        });
        // The first allows it, the second is tests.
        let is_other = name.ends_with("/abi/mod.rs") || name.contains("/tests/");
        assert!(listed || is_other || !code.contains("unsafe "), "docs/safety.md has no table for {name}");
    }
    for rows in page.tables.values() {
        for test in rows[2..].iter().flat_map(|row| names(&row[3])).filter(|name| !name.contains(['/', '-']))
        {
            let definition = format!("fn {test}(");
            assert!(folder.values().any(|code| code.contains(&definition)), "there is no test {test}");
        }
    }
}

#[test]
fn the_numbers_of_the_page_are_those_of_the_sdk() {
    let page = Page::abi();
    let numbered = |heading: &str, column: usize, first: u32| -> Vec<String> {
        let rows = page.rows(heading);
        for (number, row) in (first..).zip(rows) {
            assert_eq!(row[0], number.to_string(), "{heading}");
        }
        rows.iter().map(|row| row[column].clone()).collect()
    };
    let constants = |heading: &str| -> Vec<String> {
        numbered(heading, 1, 0).iter().map(|cell| names(cell).remove(0)).collect()
    };

    let texts: Vec<_> = Status::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(numbered("Statuses", 1, 1), texts);
    let texts: Vec<_> = GrpcStatus::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(numbered("Statuses of gRPC", 1, 0), texts);

    let all = |name: fn(u32) -> Option<&'static str>| -> Vec<String> {
        (0..).map_while(name).map(str::to_owned).collect()
    };
    assert_eq!(constants("Maps"), all(|number| MapType(number).name()));
    assert_eq!(constants("Buffers"), all(|number| BufferType(number).name()));
    assert_eq!(constants("Streams"), all(|number| StreamType(number).name()));
    assert_eq!(constants("Peers"), all(|number| PeerType(number).name()));
    assert_eq!(constants("Metrics"), all(|number| MetricType(number).name()));
    let levels = (0..).map_while(LogLevel::from_u32).map(|level| format!("{level:?}"));
    assert_eq!(constants("Log levels"), levels.collect::<Vec<_>>());
}

/// A module that imports a function of WASI, in the text format.
fn module_with(host: &str, function: &str, signature: &str) -> String {
    let (params, result) = signature.split_once(" -> ").expect("a signature");
    let params = params.trim_matches(['(', ')']).replace(',', "");
    let result = if result == "()" { String::new() } else { format!("(result {result})") };
    format!(
        r#"(module (import "{host}" "{function}" (func (param {params}) {result}))
            (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
            (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 0))"#
    )
}

#[test]
fn modules_may_import_what_the_page_lists_of_wasi() {
    let page = Page::abi();
    assert_eq!(page.functions("WASI").len(), 21);
    for (function, signature) in page.signatures("WASI") {
        for host in ["wasi_snapshot_preview1", "wasi_unstable"] {
            let module = wat::parse_str(module_with(host, &function, &signature)).expect("a module");
            if let Err(error) = WasmModule::from_bytes("of the page", &module) {
                panic!("{host}.{function}: {error}");
            }
        }
    }
}

#[test]
fn the_examples_import_and_export_what_the_page_says_and_nothing_else() {
    let page = Page::abi();
    let (imports, exports) = (page.signatures("Imports"), page.signatures("Exports"));
    let examples = page.rows("What the examples import and export");
    for example in examples {
        let package = names(&example[0]).remove(0);
        let module = WasmModule::build(&package).unwrap_or_else(|error| panic!("{error}"));

        let expected =
            |table: &BTreeMap<String, String>, functions: Vec<String>| -> BTreeMap<String, String> {
                functions
                    .into_iter()
                    .map(|name| (name.clone(), table.get(&name).cloned().unwrap_or_default()))
                    .collect()
            };
        let (wasi, host): (Vec<_>, Vec<_>) =
            module.imports().into_iter().partition(|import| import.module == "wasi_snapshot_preview1");
        assert!(host.iter().all(|import| import.module == "env"), "{package}: {host:?}");
        let host: BTreeMap<_, _> = host.into_iter().map(|import| (import.name, import.signature)).collect();
        assert_eq!(host, expected(&imports, names(&example[1])), "{package} imports");
        let wasi: BTreeSet<_> = wasi.iter().map(|import| import.name.as_str()).collect();
        let expected_wasi: BTreeSet<_> = if package == "no-std" { [].into() } else { WASI.into() };
        assert_eq!(wasi, expected_wasi, "{package} imports from WASI");

        let functions: BTreeMap<_, _> = module
            .exports()
            .into_iter()
            .filter(|export| export.signature.contains("->"))
            .map(|export| (export.name, export.signature))
            .collect();
        let mut exported: Vec<_> = ALWAYS.into_iter().map(str::to_owned).collect();
        exported.extend(names(&example[2]));
        assert_eq!(functions, expected(&exports, exported), "{package} exports");
    }
}

#[test]
fn every_example_is_on_the_page() {
    let listed = Page::abi().functions("What the examples import and export");
    let examples: BTreeSet<_> = fs::read_dir(repository().join("examples"))
        .expect("the examples")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    assert_eq!(listed, examples);
}
