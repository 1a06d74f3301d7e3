//! A package as cargo describes it.

use crate::process;
use crate::sample::Samples;
use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `cargo metadata` says about a workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_root: PathBuf,
    pub(crate) target_directory: PathBuf,
}

/// A package of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) rust_version: Option<String>,
    /// By name, with what each turns on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
    metadata: Option<Value>,
}

#[derive(Clone, Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `None` for one of the code itself, else `dev` or `build`.
    kind: Option<String>,
    uses_default_features: bool,
    features: BTreeSet<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

impl Metadata {
    /// Asks cargo about the workspace of a folder.
    ///
    /// # Errors
    ///
    /// If there is no package or workspace, or cargo does not accept its manifest.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        if !folder.join("Cargo.toml").is_file() {
            bail!("there is no package in {}: it has no Cargo.toml", folder.display());
        }
        Self::query(Command::new(cargo()).args(QUERY).current_dir(folder))
    }

    /// Asks cargo about the workspace that the current folder is in.
    ///
    /// # Errors
    ///
    /// If it is in none, or cargo does not accept its manifest.
    pub(crate) fn of_current_folder() -> Result<Self> {
        Self::query(Command::new(cargo()).args(QUERY))
    }

    /// The package in a folder.
    ///
    /// # Errors
    ///
    /// If the folder has a workspace but no package.
    pub(crate) fn package_in(&self, folder: &Path) -> Result<&Package> {
        let manifest = folder
            .join("Cargo.toml")
            .canonicalize()
            .with_context(|| format!("cannot find the folder {}", folder.display()))?;
        self.packages.iter().find(|package| package.manifest_path == manifest).ok_or_else(|| {
            let names: Vec<_> = self.packages.iter().filter(|p| p.is_extension()).map(|p| &*p.name).collect();
            anyhow!(
                "{} is a workspace, not a package; name the folder of one of its extensions: {}",
                folder.display(),
                names.join(", ")
            )
        })
    }

    /// The package of that name, if it is a member of the workspace.
    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    fn query(command: &mut Command) -> Result<Self> {
        serde_json::from_str(&process::output(command)?).context("cannot read what `cargo metadata` printed")
    }
}

impl Package {
    /// Whether it builds to a module that a host can load.
    pub(crate) fn is_extension(&self) -> bool {
        self.targets.iter().any(|target| target.crate_types.iter().any(|kind| kind == "cdylib"))
    }

    /// What it asks of another package: whether the default features, and which features beside.
    pub(crate) fn features_of(&self, name: &str) -> Option<(bool, BTreeSet<String>)> {
        let mut dependencies = self.dependencies.iter().filter(|dependency| dependency.kind.is_none());
        let dependency = dependencies.find(|dependency| dependency.name == name)?;
        Some((dependency.uses_default_features, dependency.features.clone()))
    }

    /// The folder of its manifest.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new("."))
    }

    /// Its `package.metadata.waxwing`; empty without one.
    ///
    /// # Errors
    ///
    /// If the table has an unknown key or a value of the wrong type.
    pub(crate) fn samples(&self) -> Result<Samples> {
        match self.metadata.as_ref().and_then(|metadata| metadata.get("waxwing")) {
            None => Ok(Samples::default()),
            Some(table) => Samples::deserialize(table)
                .with_context(|| format!("[package.metadata.waxwing] in {}", self.manifest_path.display())),
        }
    }
}

const QUERY: [&str; 3] = ["metadata", "--no-deps", "--format-version=1"];

/// The cargo that runs this tool, or the one in `PATH`.
pub(crate) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(crate_type: &str, metadata: Value) -> Package {
        serde_json::from_value(json!({
            "name": "p", "manifest_path": "/p/Cargo.toml", "rust_version": null, "features": {},
            "dependencies": [
                { "name": "w", "kind": "dev", "uses_default_features": true, "features": [] },
                { "name": "w", "kind": null, "uses_default_features": false, "features": ["json"] },
            ],
            "targets": [{ "crate_types": [crate_type] }], "metadata": metadata,
        }))
        .unwrap()
    }

    #[test]
    fn an_extension_is_a_cdylib() {
        assert!(package("cdylib", Value::Null).is_extension());
        assert!(!package("lib", Value::Null).is_extension());
    }

    #[test]
    fn a_bad_sample_table_names_its_file() {
        let error = package("cdylib", json!({ "waxwing": { "requests": 1 } })).samples().unwrap_err();
        assert!(format!("{error:#}").contains("/p/Cargo.toml"), "{error:#}");
    }

    #[test]
    fn other_tools_may_have_metadata_too() {
        package("cdylib", json!({ "docs": { "rs": {} } })).samples().unwrap();
    }

    #[test]
    fn what_a_package_asks_of_another_is_not_what_its_tests_ask() {
        let package = package("cdylib", Value::Null);
        assert_eq!(package.features_of("w"), Some((false, BTreeSet::from(["json".to_owned()]))));
        assert_eq!(package.features_of("x"), None);
    }

    #[test]
    fn cargo_describes_this_package() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let metadata = Metadata::of(folder).unwrap();
        let package = metadata.package_in(folder).unwrap();
        assert_eq!(package.name, "cargo-waxwing");
        assert!(!package.is_extension());
    }

    #[test]
    fn a_folder_without_a_package_is_named() {
        let error = Metadata::of(Path::new("/nowhere")).unwrap_err().to_string();
        assert_eq!(error, "there is no package in /nowhere: it has no Cargo.toml");
    }
}
