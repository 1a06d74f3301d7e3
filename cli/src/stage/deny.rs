//! Licences, advisories, duplicates and sources of the dependencies, by cargo-deny.

use super::Verdict;
use super::repository::Repository;
use crate::package;
use crate::{process, step};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

const VERSION: &str = "0.20.2";

pub(super) fn check(repository: &Repository) -> Result<Verdict> {
    let deny = install(repository)?;
    let deny = || {
        let mut command = Command::new(&deny);
        command.arg("--locked").current_dir(repository.root());
        command
    };
    process::run(deny().args(["check", "bans", "licenses", "sources"]))?;
    step::doing("Fetching", "the advisory database");
    if let Err(error) = process::run(deny().args(["fetch", "db"])) {
        step::warning("THE ADVISORIES WERE NOT CHECKED: their database could not be fetched");
        step::warning(format_args!(
            "{error:#}; to check them, run this stage where it can reach RustSec's repository"
        ));
        return Ok(Verdict::Partly("advisories, whose database could not be fetched".to_owned()));
    }
    process::run(deny().args(["--offline", "check", "advisories"]))?;
    Ok(Verdict::Passed)
}

/// The pinned cargo-deny: the installed one if it is that, else one in the target folder.
fn install(repository: &Repository) -> Result<PathBuf> {
    let root = repository.target_directory().join("waxwing/tools");
    let own = root.join("bin/cargo-deny");
    let is_pinned = |program: &PathBuf| {
        process::output(Command::new(program).arg("--version"))
            .is_ok_and(|said| said.trim().ends_with(VERSION))
    };
    if let Some(installed) = process::find("cargo-deny").filter(is_pinned) {
        return Ok(installed);
    }
    if own.is_file() && is_pinned(&own) {
        return Ok(own);
    }
    step::doing("Installing", format_args!("cargo-deny {VERSION}, which compiles for some minutes"));
    let mut command = Command::new(package::cargo());
    command.args(["install", "cargo-deny", "--locked", "--version", VERSION, "--root"]).arg(&root);
    // It runs for a second, so compiling it quickly is worth more than a quick program.
    command.args(["--debug", "--target-dir"]).arg(root.join("build")).env("CARGO_PROFILE_DEV_DEBUG", "0");
    process::run(&mut command)?;
    Ok(own)
}
