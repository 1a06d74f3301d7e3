//! The repository that is checked.

use crate::package::{Metadata, Package};
use crate::process;
use crate::toolchain::Toolchain;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// Waxwing's own repository.
#[derive(Debug)]
pub(super) struct Repository {
    metadata: Metadata,
    /// What the user wants `cargo test` to be run with; empty for everything.
    pub(super) cargo_test: Vec<OsString>,
}

impl Repository {
    /// The repository of the current folder.
    ///
    /// # Errors
    ///
    /// If the folder belongs to another workspace, or to none.
    pub(super) fn open(cargo_test: &[OsString]) -> Result<Self> {
        let metadata = Metadata::of_current_folder()?;
        if metadata.package("waxwing-macros").is_none() {
            bail!(
                "`cargo waxwing test` runs the checks of Waxwing's own repository, and {} is another; \
                 the tests of an extension run with `cargo test`",
                metadata.workspace_root.display()
            );
        }
        Ok(Repository { metadata, cargo_test: cargo_test.to_vec() })
    }

    /// Its folder.
    pub(super) fn root(&self) -> &Path {
        &self.metadata.workspace_root
    }

    /// Where cargo builds.
    pub(super) fn target_directory(&self) -> &Path {
        &self.metadata.target_directory
    }

    /// The extensions that tests run: the examples, and those that hosts are compared with.
    pub(super) fn extensions(&self) -> impl Iterator<Item = &Package> {
        // What is measured is built by the report, in its own way.
        let measured = self.root().join("bench");
        let packages = self.metadata.packages.iter().filter(|package| package.is_extension());
        packages.filter(move |package| !package.folder().starts_with(&measured))
    }

    /// The extensions that are for authors to read.
    pub(super) fn examples(&self) -> impl Iterator<Item = &Package> {
        let folder = self.root().join("examples");
        self.extensions().filter(move |package| package.folder().starts_with(&folder))
    }

    /// The features of a package, by their names.
    ///
    /// # Errors
    ///
    /// If there is no such package.
    pub(super) fn features(&self, package: &str) -> Result<impl Iterator<Item = &str>> {
        let found = self.metadata.package(package);
        let package = found.with_context(|| format!("there is no package `{package}`"))?;
        Ok(package.features.keys().map(String::as_str).filter(|feature| *feature != "default"))
    }

    /// The oldest compiler that the SDK supports, as its manifest has it.
    ///
    /// # Errors
    ///
    /// If the manifest does not say.
    pub(super) fn oldest_compiler(&self) -> Result<&str> {
        let sdk = self.metadata.package("waxwing").context("there is no package `waxwing`")?;
        sdk.rust_version.as_deref().context("the package `waxwing` has no `rust-version`")
    }

    /// Runs cargo in the repository's folder.
    ///
    /// # Errors
    ///
    /// If it fails.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Result<()> {
        self.cargo_of(Toolchain::active(), arguments)
    }

    /// Runs the cargo of a toolchain in the repository's folder.
    ///
    /// # Errors
    ///
    /// If it fails.
    pub(super) fn cargo_of(&self, toolchain: Toolchain<'_>, arguments: &[&str]) -> Result<()> {
        let mut command = toolchain.cargo();
        command.args(arguments);
        self.run(&mut command)
    }

    /// Runs a program in the repository's folder.
    ///
    /// # Errors
    ///
    /// If it fails.
    pub(super) fn run(&self, command: &mut Command) -> Result<()> {
        process::run(command.current_dir(self.root()))
    }
}
