//! The Rust code of the pages in `docs/` is in the files beside this one, where it is compiled and runs.
//!
//! That of `docs/testing.md` is in `testing/tests/guide`; the README's is made into a crate of its own by `cargo waxwing test`.
#![cfg(all(feature = "wasm", feature = "envoy"))]
#![allow(missing_docs, reason = "a test")]

mod bodies;
mod envoy;
mod exchange;
mod root_task;

use std::fs;
use std::path::Path;

/// The pages, and the code that has theirs.
const PAGES: [(&str, &str); 3] = [
    ("async.md", concat!(include_str!("exchange.rs"), include_str!("root_task.rs"))),
    ("bodies.md", include_str!("bodies.rs")),
    ("envoy.md", include_str!("envoy.rs")),
];

/// Without blanks, and without the comma that is there when a list has a line for each part.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<String>().replace(",)", ")").replace(",}", "}")
}

#[test]
fn the_code_of_every_page_runs() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for entry in fs::read_dir(docs).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let page = fs::read_to_string(&path).unwrap();
        let mut code =
            page.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).peekable();
        let Some((_, files)) = PAGES.iter().find(|(page, _)| *page == name) else {
            assert!(code.peek().is_none() || name == "testing.md", "no test has the code of docs/{name}");
            continue;
        };
        assert!(code.peek().is_some(), "docs/{name} has lost its code");
        for code in code {
            assert!(
                words(files).contains(&words(code)),
                "docs/{name} has code that no file of testing/tests/pages runs:\n{code}"
            );
        }
    }
}
