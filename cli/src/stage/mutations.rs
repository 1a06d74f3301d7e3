//! The scenarios natively, against what Envoy has answered before; and changes that break the host model, one line each:
//! the scenarios have to fail with each of them.
//!
//! They are the patches of `testing/mutations`, made to a copy of the repository below the target folder.

use super::Verdict;
use super::repository::Repository;
use crate::toolchain::Toolchain;
use crate::{process, step};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the patches are.
const FOLDER: &str = "testing/mutations";

/// The fewest that there are to be.
const FEWEST: usize = 10;

pub(super) fn check(repository: &Repository) -> Result<Verdict> {
    let patches = patches(&repository.root().join(FOLDER))?;
    let copy = Copy::of(repository)?;
    let suite = copy.run_suite(&[])?;
    ensure!(suite.failed.is_empty(), "without any of the changes the suite fails:\n{}", suite.printed);
    let mut survivors = Vec::new();
    for patch in &patches {
        copy.apply(patch, &[])?;
        let suite = copy.run_suite(&SLOW)?;
        copy.apply(patch, &["--reverse"])?;
        let name = patch.file_stem().unwrap_or_default().display();
        match &suite.failed[..] {
            [] => survivors.push(format!("{name}\n{}", suite.printed)),
            [first, ..] => {
                step::doing("Found", format_args!("{name}, by {} tests: {first}", suite.failed.len()));
            }
        }
    }
    ensure!(
        survivors.is_empty(),
        "{} of {} changes that break the model are not found:\n{}",
        survivors.len(),
        patches.len(),
        survivors.join("\n")
    );
    Ok(Verdict::Passed)
}

/// What the suite leaves out when it is to fail: it takes as long as all others together, and they find the same.
const SLOW: [&str; 2] = ["--skip", "large_body::"];

/// The patches, in the order of their names.
fn patches(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut patches = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "patch") {
            check_patch(&path)?;
            patches.push(path);
        }
    }
    patches.sort();
    ensure!(
        patches.len() >= FEWEST,
        "{} has {} patches, and there are to be {FEWEST}",
        folder.display(),
        patches.len()
    );
    Ok(patches)
}

/// Refuses a patch that changes more than one line, or another file than one of the model.
fn check_patch(path: &Path) -> Result<()> {
    let patch = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let count = |sign: char| patch.lines().filter(|line| line.starts_with(sign)).count();
    // One of each is the name of the file.
    ensure!(
        count('-') <= 2 && count('+') <= 2 && patch.contains("+++ b/testing/src/core/"),
        "{} is no change of one line of the model",
        path.display()
    );
    Ok(())
}

/// A copy of the repository.
struct Copy {
    root: PathBuf,
    /// Where both build.
    target: PathBuf,
}

/// How the suite went.
struct Suite {
    /// The names of the tests that failed.
    failed: Vec<String>,
    printed: String,
}

impl Copy {
    /// Copies what git knows of: also what is not committed yet.
    fn of(repository: &Repository) -> Result<Copy> {
        // What does not belong to the workspace is built already there.
        let target = repository.target_directory().to_owned();
        let copy = Copy { root: target.join("mutations"), target };
        if copy.root.exists() {
            fs::remove_dir_all(&copy.root)
                .with_context(|| format!("cannot remove {}", copy.root.display()))?;
        }
        let mut list = Command::new("git");
        list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let files = process::output(list.current_dir(repository.root()))?;
        for file in files.split_terminator('\0') {
            let (from, to) = (repository.root().join(file), copy.root.join(file));
            // One that was removed, and not yet for git.
            if !from.is_file() {
                continue;
            }
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        }
        Ok(copy)
    }

    fn apply(&self, patch: &Path, options: &[&str]) -> Result<()> {
        let mut apply = Command::new("git");
        apply.arg("apply").args(options).arg(patch);
        // Or git takes the copy for a part of the repository above it, which ignores the target folder.
        apply.env("GIT_CEILING_DIRECTORIES", &self.target);
        process::run(apply.current_dir(&self.root))
            .with_context(|| format!("{} does not fit the model any more; make it anew", patch.display()))
    }

    /// Runs the scenarios to their end: natively, against what Envoy has answered.
    ///
    /// # Errors
    ///
    /// If they do not compile.
    fn run_suite(&self, options: &[&str]) -> Result<Suite> {
        let mut test = Toolchain::active().cargo();
        test.args(["test", "--locked", "--package=waxwing-testing", "--all-features", "--test=conformance"]);
        test.args(["--no-fail-fast", "--quiet", "--", "--format=terse"]).args(options);
        test.env("WAXWING_GOLDEN", "replay");
        // The same crate is built again and again, with a line changed.
        test.env("CARGO_INCREMENTAL", "1");
        test.env("CARGO_TARGET_DIR", &self.target).current_dir(&self.root).stderr(Stdio::inherit());
        let output = test.output().with_context(|| format!("cannot start `{}`", process::line(&test)))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if !printed.contains("test result: ") {
            bail!("`{}` in {} does not compile", process::line(&test), self.root.display());
        }
        Ok(Suite { failed: failed(&printed), printed })
    }
}

/// The tests that the second list of failures names; the first has what they printed.
fn failed(printed: &str) -> Vec<String> {
    let list = printed.rsplit_once("\nfailures:\n").map_or("", |(_, list)| list);
    list.lines().take_while(|line| !line.is_empty()).map(|line| line.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_that_failed_are_named() {
        let printed = "running 3 tests\n\nfailures:\n\n---- a stdout ----\nfailures:\n\n\nfailures:\n    a\n    b::c\n\n\
                       test result: FAILED. 1 passed";
        assert_eq!(failed(printed), ["a", "b::c"]);
        assert!(failed("running 1 test\n.\ntest result: ok.").is_empty());
    }

    #[test]
    fn every_patch_changes_one_line_of_the_model() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert!(patches(&root.join(FOLDER)).unwrap().len() >= FEWEST);
    }

    #[test]
    fn a_patch_of_more_is_refused() {
        let file = std::env::temp_dir().join(format!("waxwing-two-lines-{}.patch", std::process::id()));
        let patch = "--- a/testing/src/core/vm.rs\n+++ b/testing/src/core/vm.rs\n@@ -1,2 +0,0 @@\n-a\n-b\n";
        fs::write(&file, patch).unwrap();
        let refused = check_patch(&file).unwrap_err().to_string();
        fs::remove_file(&file).unwrap();
        assert!(refused.ends_with("is no change of one line of the model"), "{refused}");
    }
}
