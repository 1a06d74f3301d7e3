//! What modules import and export, compared with the tables of `docs/abi.md`.
#![cfg(feature = "wasm")]
#![allow(missing_docs, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use waxwing_testing::Callback;
use waxwing_testing::wasm::WasmModule;

/// The tables of the page, by the heading above each: rows of cells, as they are written.
struct Page(BTreeMap<String, Vec<Vec<String>>>);

impl Page {
    fn read() -> Page {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/abi.md");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut tables = BTreeMap::<_, Vec<_>>::new();
        let mut heading = String::new();
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                title.clone_into(&mut heading);
            } else if let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) {
                let cells = row.split('|').map(|cell| cell.trim().to_owned()).collect();
                tables.entry(heading.clone()).or_default().push(cells);
            }
        }
        Page(tables)
    }

    /// The rows below the head.
    fn rows(&self, heading: &str) -> &[Vec<String>] {
        self.0
            .get(heading)
            .and_then(|rows| rows.get(2..))
            .unwrap_or_else(|| panic!("no table under {heading:?}"))
    }

    /// Functions with their signatures.
    fn signatures(&self, heading: &str) -> BTreeMap<String, String> {
        self.rows(heading).iter().map(|row| (names(&row[0]).remove(0), names(&row[1]).remove(0))).collect()
    }
}

/// What stands between backticks.
fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
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
fn the_page_lists_every_import_of_the_sdk() {
    let listed: BTreeSet<String> = Page::read().signatures("Imports").into_keys().collect();
    assert_eq!(listed, waxwing::abi::imports::NAMES.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn the_page_lists_every_callback_and_what_is_always_exported() {
    let page = Page::read();
    let listed: BTreeSet<String> = page.signatures("Exports").into_keys().collect();
    let callbacks = Callback::ALL.iter().map(|callback| callback.export_name());
    let expected: BTreeSet<String> = ALWAYS.into_iter().chain(callbacks).map(str::to_owned).collect();
    assert_eq!(listed, expected);
}

#[test]
fn the_examples_import_and_export_what_the_page_says_and_nothing_else() {
    let page = Page::read();
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
    let page = Page::read();
    let listed: BTreeSet<_> =
        page.rows("What the examples import and export").iter().flat_map(|row| names(&row[0])).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let examples: BTreeSet<_> = std::fs::read_dir(folder)
        .expect("the examples")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    assert_eq!(listed, examples);
}
