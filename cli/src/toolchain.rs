//! Compilers: the one that runs this tool, and others that rustup installs.

use crate::package;
use crate::{process, step};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// The newest stable compiler that Waxwing is checked on. The words of the compiler's errors are written down
/// for this one.
pub(crate) const NEWEST: Toolchain = Toolchain::named("1.99.1");

/// The compiler of `docs/benchmarks.md`: the budgets are for its standard library, which others outgrow.
pub(crate) const BUDGETS: Toolchain = Toolchain::named("1.95.0");

/// The nightly compiler that has Miri.
pub(crate) const NIGHTLY: Toolchain = Toolchain::named("nightly-2026-10-29");

/// The target that extensions are built for unless they say otherwise.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip1";

/// A compiler with its cargo.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Toolchain<'a> {
    /// As rustup names it; `None` for the one that runs this tool.
    name: Option<&'a str>,
}

impl<'a> Toolchain<'a> {
    /// The one that runs this tool.
    pub(crate) const fn active() -> Self {
        Toolchain { name: None }
    }

    /// The one that rustup has, or can install, under a name.
    pub(crate) const fn named(name: &'a str) -> Self {
        Toolchain { name: Some(name) }
    }

    /// Its cargo.
    pub(crate) fn cargo(self) -> Command {
        match self.name {
            None => Command::new(package::cargo()),
            Some(name) => {
                let mut command = Command::new("rustup");
                // What the cargo that runs this tool said about itself.
                command.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTDOC");
                command.args(["run", name, "cargo"]);
                command
            }
        }
    }

    /// Installs it, if need be, with these components and targets.
    ///
    /// # Errors
    ///
    /// If rustup is missing, or cannot install it.
    pub(crate) fn ensure(self, components: &[&str], targets: &[&str]) -> Result<()> {
        let has_targets = || targets.iter().all(|target| self.has_target(target));
        if self.sysroot().is_ok() && self.has_components(components) && has_targets() {
            return Ok(());
        }
        let what = self.described(components, targets);
        if process::find("rustup").is_none() {
            bail!("this needs {what}, and rustup to install it: https://rustup.rs");
        }
        step::doing("Installing", &what);
        for command in &mut self.installation(components, targets) {
            process::run(command).with_context(|| format!("rustup did not install {what}"))?;
        }
        Ok(())
    }

    /// The folder with its libraries.
    ///
    /// # Errors
    ///
    /// If it is not installed.
    pub(crate) fn sysroot(self) -> Result<PathBuf> {
        let mut command = match self.name {
            // Through rustup's proxy where there is one: it honours RUSTUP_TOOLCHAIN, as cargo does.
            None => Command::new("rustc"),
            Some(name) => {
                let mut command = Command::new("rustup");
                command.args(["run", name, "rustc"]);
                command
            }
        };
        let output = command.args(["--print", "sysroot"]).output().context("cannot start rustc")?;
        if !output.status.success() {
            bail!("{self} is not installed");
        }
        Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end()))
    }

    /// Whether it can compile for a target.
    pub(crate) fn has_target(self, target: &str) -> bool {
        self.sysroot().is_ok_and(|sysroot| sysroot.join("lib/rustlib").join(target).join("lib").is_dir())
    }

    fn has_components(self, components: &[&str]) -> bool {
        if components.is_empty() {
            return true;
        }
        let mut list = Command::new("rustup");
        list.args(["component", "list", "--installed"]);
        list.args(self.name.iter().flat_map(|name| ["--toolchain", name]));
        // Lines are `clippy-x86_64-unknown-linux-gnu`, or `rust-src`.
        let is = |line: &str, component| {
            line.strip_prefix(component).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        process::output(&mut list).is_ok_and(|installed| {
            components.iter().all(|component| installed.lines().any(|line| is(line, component)))
        })
    }

    fn described(self, components: &[&str], targets: &[&str]) -> String {
        let parts = components.iter().chain(targets).copied().collect::<Vec<_>>().join(", ");
        match self.name {
            None => format!("{parts} for {self}"),
            Some(_) if parts.is_empty() => self.to_string(),
            Some(_) => format!("{self} with {parts}"),
        }
    }

    /// The commands that install it. rustup adds to an installed toolchain by other commands than to a new one.
    fn installation(self, components: &[&str], targets: &[&str]) -> Vec<Command> {
        let rustup = |arguments: &[&str]| {
            let mut command = Command::new("rustup");
            command.args(arguments);
            command
        };
        let Some(name) = self.name else {
            let additions = [("component", components), ("target", targets)];
            let additions = additions.into_iter().filter(|(_, parts)| !parts.is_empty());
            return additions.map(|(kind, parts)| rustup(&[&[kind, "add"], parts].concat())).collect();
        };
        let mut install = rustup(&["toolchain", "install", name, "--profile=minimal", "--no-self-update"]);
        install.args(components.iter().flat_map(|component| ["--component", component]));
        install.args(targets.iter().flat_map(|target| ["--target", target]));
        vec![install]
    }
}

impl std::fmt::Display for Toolchain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name {
            Some(name) => write!(f, "the Rust toolchain {name}"),
            None => f.write_str("the active Rust toolchain"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_active_toolchain_has_a_library_for_this_machine() {
        let sysroot = Toolchain::active().sysroot().unwrap();
        assert!(sysroot.join("lib/rustlib").is_dir(), "{}", sysroot.display());
    }

    fn lines(commands: &[Command]) -> Vec<String> {
        commands.iter().map(process::line).collect()
    }

    #[test]
    fn a_toolchain_is_installed_with_all_that_it_needs() {
        let commands = Toolchain::named("1.2.3").installation(&["miri"], &["a", "b"]);
        assert_eq!(
            lines(&commands),
            [
                "rustup toolchain install 1.2.3 --profile=minimal --no-self-update --component miri --target a --target b"
            ]
        );
    }

    #[test]
    fn the_active_toolchain_gets_what_it_lacks() {
        let active = Toolchain::active();
        assert_eq!(lines(&active.installation(&[], &["a"])), ["rustup target add a"]);
        assert_eq!(
            lines(&active.installation(&["clippy", "rustfmt"], &[])),
            ["rustup component add clippy rustfmt"]
        );
    }

    #[test]
    fn a_toolchain_that_is_not_installed_has_no_target() {
        assert!(!Toolchain::named("0.1.0-none").has_target(WASM_TARGET));
    }

    #[test]
    fn a_target_that_does_not_exist_is_not_installed() {
        assert!(!Toolchain::active().has_target("wasm64-imaginary"));
    }
}
