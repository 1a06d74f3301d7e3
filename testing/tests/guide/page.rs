//! The page has the code of these files, and all of it.

use std::fs;
use std::path::Path;

/// The code of the files beside this one, and of those in the package that has the crate `proxy-wasm`.
fn files() -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    let mut folders = vec![package.join("tests/guide"), package.join("linked/tests/guide")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("guide/page.rs") {
                code += &fs::read_to_string(&path).unwrap();
            }
        }
    }
    code
}

/// What is between the fences of the page's Rust code, one entry each.
fn code(page: &str) -> Vec<&str> {
    page.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

const PAGE: &str = include_str!("../../../docs/testing.md");

#[test]
fn the_code_of_the_page_runs() {
    let words = |text: &str| text.split_whitespace().collect::<String>().replace(",)", ")");
    let files = words(&files());
    let page = code(PAGE);
    assert!(page.len() > 5, "the page has lost its code");
    for code in page {
        assert!(
            files.contains(&words(code)),
            "docs/testing.md has code that no file of testing/tests/guide or testing/linked/tests/guide runs:\n{code}"
        );
    }
}

#[test]
fn every_test_is_on_the_page() {
    let files = files();
    let tests = files.split("\n#[test]\nfn ").skip(1);
    let names = tests.filter_map(|test| test.split_once('(')).map(|(name, _)| name);
    let missing: Vec<_> = names.filter(|name| !PAGE.contains(name)).collect();
    assert!(missing.is_empty(), "docs/testing.md has lost {missing:?}");
}
