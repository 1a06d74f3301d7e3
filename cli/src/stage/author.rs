//! An author's own crate, outside the workspace, made in a new folder as the README tells.

use super::Verdict;
use super::readme::{self, File};
use super::repository::Repository;
use crate::target::WasmCompiler;
use crate::toolchain::Toolchain;
use crate::{process, step};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates that an author depends on, and where they are until they are published.
const CRATES: [(&str, &str); 4] = [
    ("waxwing", "sdk"),
    ("waxwing-macros", "sdk-macros"),
    ("waxwing-testing", "testing"),
    ("waxwing-testing-macros", "testing/macros"),
];

pub(super) fn run(repository: &Repository) -> Result<Verdict> {
    let readme = repository.root().join("README.md");
    let readme = fs::read_to_string(&readme).with_context(|| format!("cannot read {}", readme.display()))?;
    let files = readme::files(&readme)?;
    for name in ["Cargo.toml", "src/lib.rs"] {
        ensure!(files.iter().any(|file| file.name == name), "the README does not say what is in `{name}`");
    }
    make("author", repository, &files)?;
    make("author-renamed", repository, &renamed(&files)?)?;
    Ok(Verdict::Passed)
}

/// Makes the crate, tests it, builds it to wasm and runs it.
fn make(name: &str, repository: &Repository, files: &[File]) -> Result<()> {
    let folder = Folder::new(name)?;
    step::doing("Making", folder.path.display());
    let mut init = cargo(repository, &folder.path);
    process::run(init.args(["init", "--quiet", "--lib", "--vcs=none", "--name", name]))?;
    for File { name, text } in files {
        let path = folder.path.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let text = if name == "Cargo.toml" { manifest(&path, text, repository)? } else { text.clone() };
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    process::run(cargo(repository, &folder.path).arg("test"))?;
    process::run(
        WasmCompiler::ensure()?
            .build()
            .arg("--release")
            .env("CARGO_TARGET_DIR", repository.target_directory())
            .current_dir(&folder.path),
    )?;
    // Through cargo, because the tests may have built this program anew, and then it is no longer where it was.
    let mut run = cargo(repository, &folder.path);
    run.args(["run", "--quiet", "--locked", "--package=cargo-waxwing", "--manifest-path"]);
    run.arg(repository.root().join("Cargo.toml"));
    run.args(["--", "run", ".", "--path=/orders", "--config=made"]);
    let printed = process::output(&mut run)?;
    print!("{printed}");
    ensure!(printed.contains("x-tag: made"), "the extension ran, but its header did not arrive");
    folder.remove()
}

/// The README's manifest behind what `cargo init` wrote, with the crates that are not published yet.
fn manifest(path: &Path, text: &str, repository: &Repository) -> Result<String> {
    let written = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let Some((package, _)) = written.split_once("[dependencies]") else {
        bail!("`cargo init` wrote a manifest without [dependencies]:\n{written}");
    };
    let patches = CRATES.map(|(name, folder)| {
        let path = repository.root().join(folder);
        format!("{name} = {{ path = {:?} }}\n", path.display().to_string())
    });
    Ok(format!("{package}{text}\n[patch.crates-io]\n{}", patches.concat()))
}

/// The same crate with the SDK under another name, as its macros allow.
fn renamed(files: &[File]) -> Result<Vec<File>> {
    let edits = [
        ("Cargo.toml", "waxwing = \"0.1\"", "wax = { package = \"waxwing\", version = \"0.1\" }"),
        ("src/lib.rs", "use waxwing::", "use wax::"),
        ("src/lib.rs", "#[extension(", "#[extension(crate = wax, "),
        ("src/lib.rs", "#[callbacks]", "#[callbacks(crate = wax)]"),
    ];
    for (name, from, _) in edits {
        let found = files.iter().any(|file| file.name == name && file.text.contains(from));
        ensure!(found, "the README's `{name}` has no `{from}`, which this stage renames");
    }
    Ok(files
        .iter()
        .map(|File { name, text }| {
            let edits = edits.iter().filter(|(file, ..)| file == name);
            let text = edits.fold(text.clone(), |text, (_, from, to)| text.replace(from, to));
            File { name: name.clone(), text }
        })
        .collect())
}

/// Cargo in the author's folder; it shares what this workspace has built.
fn cargo(repository: &Repository, folder: &Path) -> Command {
    let mut command = Toolchain::active().cargo();
    command.env("CARGO_TARGET_DIR", repository.target_directory()).current_dir(folder);
    // Its tests are not of this repository.
    command.env_remove("WAXWING_GOLDEN_FOLDER");
    command
}

/// A new folder outside the workspace, which stays if something goes wrong, to be looked at.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("waxwing-{name}-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Folder { path })
    }

    fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.path).with_context(|| format!("cannot remove {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn renaming_reaches_the_manifest_and_both_macros() {
        let files = [
            file("Cargo.toml", "waxwing = \"0.1\"\nwaxwing-testing = \"0.1\"\n"),
            file("src/lib.rs", "use waxwing::prelude::*;\n#[extension(http = A)]\n#[callbacks]\n"),
        ];
        let [manifest, lib] = <[File; 2]>::try_from(renamed(&files).unwrap()).unwrap();
        assert_eq!(
            manifest.text,
            "wax = { package = \"waxwing\", version = \"0.1\" }\nwaxwing-testing = \"0.1\"\n"
        );
        assert_eq!(
            lib.text,
            "use wax::prelude::*;\n#[extension(crate = wax, http = A)]\n#[callbacks(crate = wax)]\n"
        );
    }

    #[test]
    fn a_readme_that_no_longer_matches_is_an_error() {
        let error = renamed(&[file("Cargo.toml", ""), file("src/lib.rs", "")]).unwrap_err().to_string();
        assert!(error.contains("`Cargo.toml` has no `waxwing = \"0.1\"`"), "{error}");
    }
}
