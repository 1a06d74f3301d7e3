//! No unsafe code outside the folder that is for it.
//!
//! The lint `unsafe_code` denies it already; this also sees code that another target or feature compiles, code
//! that macros would expand to, and a second `allow`.

use super::Verdict;
use super::repository::Repository;
use anyhow::{Context, Result, anyhow, bail};
use proc_macro2::{Ident, TokenStream, TokenTree};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder whose files may contain the word `unsafe` in their code.
const FOLDER: &str = "sdk/src/abi";

/// The files that allow it: that folder's, and some that no extension contains.
const OPT_INS: [&str; 4] = [
    "sdk/src/abi/mod.rs",
    // The mock host for extensions on the crate `proxy-wasm`: the symbols that it shares with them, and where a thread stays
    // that must not unwind.
    "testing/src/link/allocator.rs",
    "testing/src/link/symbols.rs",
    // An allocator that counts, for the report of what the SDK costs.
    "bench/report/src/allocation.rs",
];

pub(super) fn check(repository: &Repository) -> Result<Verdict> {
    let mut findings = Vec::new();
    for file in rust_files(repository.root())? {
        let name = file.strip_prefix(repository.root()).unwrap_or(&file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", name.display()))?;
        let tokens: TokenStream =
            text.parse().map_err(|error| anyhow!("{} is not Rust: {error}", name.display()))?;
        let mut words = Words::default();
        words.collect(tokens);
        let opts_in = OPT_INS.iter().any(|file| name == Path::new(file));
        if !name.starts_with(FOLDER) && !opts_in {
            findings.extend(words.unsafe_at.iter().map(|at| format!("{}:{at}: `unsafe`", name.display())));
        }
        if !opts_in {
            findings.extend(words.allowed_at.iter().map(|at| format!("{}:{at}: allows it", name.display())));
        }
    }
    if findings.is_empty() {
        return Ok(Verdict::Passed);
    }
    bail!(
        "unsafe code belongs into {FOLDER}, and is allowed in {}:\n{}",
        OPT_INS.join(", "),
        findings.join("\n")
    );
}

/// The lines of a file on which a word stands, comments and strings aside.
#[derive(Debug, Default)]
struct Words {
    /// `unsafe`, as a keyword or in an attribute.
    unsafe_at: Vec<usize>,
    /// `unsafe_code` in `allow(…)` or `expect(…)`.
    allowed_at: Vec<usize>,
}

impl Words {
    fn collect(&mut self, tokens: TokenStream) {
        let mut relaxes = false;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    if word == "unsafe" {
                        self.unsafe_at.push(line(&word));
                    }
                    relaxes = word == "allow" || word == "expect";
                }
                TokenTree::Group(group) => {
                    if relaxes {
                        self.allowed_at.extend(lint(group.stream()).map(|word| line(&word)));
                    }
                    self.collect(group.stream());
                    relaxes = false;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => relaxes = false,
            }
        }
    }
}

fn lint(tokens: TokenStream) -> impl Iterator<Item = Ident> {
    tokens.into_iter().filter_map(|token| match token {
        TokenTree::Ident(word) if word == "unsafe_code" => Some(word),
        _ => None,
    })
}

fn line(word: &Ident) -> usize {
    word.span().start().line
}

/// The Rust files below a folder, without those that cargo builds and those of tools.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        let mut words = Words::default();
        words.collect(text.parse().unwrap());
        words
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        let words = words("// unsafe\n/// unsafe\nfn f() { print(\"unsafe\"); }\n#![forbid(unsafe_code)]");
        assert!(words.unsafe_at.is_empty() && words.allowed_at.is_empty(), "{words:?}");
    }

    #[test]
    fn blocks_functions_attributes_and_macros_are_code() {
        let words =
            words("fn f() {\n unsafe {} }\n#[unsafe(no_mangle)] fn g() {}\nquote! { unsafe fn h() {} }");
        assert_eq!(words.unsafe_at, [2, 3, 4]);
    }

    #[test]
    fn an_allow_or_expect_of_the_lint_is_found() {
        let words =
            words("#![allow(dead_code, unsafe_code, reason = \"\")]\n#[expect(unsafe_code)]\nfn f() {}");
        assert_eq!(words.allowed_at, [1, 2]);
    }

    #[test]
    fn the_files_of_this_package_are_found() {
        let files = rust_files(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(files.iter().any(|file| file.ends_with("src/stage/unsafe_code.rs")));
    }
}
