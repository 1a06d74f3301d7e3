//! Debian's Rust, which bridges a machine on which rustup cannot install the wasm target.
//!
//! Its compiler comes without the target's standard library but with its source, and Debian has the C library
//! below it, so that cargo can build both together with the extension.

use crate::toolchain::{Toolchain, WASM_TARGET};
use crate::{process, step};
use anyhow::{Context, Result, anyhow};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What has to be installed.
pub(crate) const PACKAGES: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc", "lld"];

const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";
const LIBRARY_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std";
const WASI_LIBC: &str = "/usr/lib/wasm32-wasi";

/// Debian's compiler, ready to build for `wasm32-wasip1`.
#[derive(Debug)]
pub(crate) struct Debian {
    linker: PathBuf,
}

impl Debian {
    /// Debian's compiler, installed if need be.
    ///
    /// # Errors
    ///
    /// If this is not Debian, or the packages cannot be installed.
    pub(crate) fn ensure() -> Result<Self> {
        if let Some(debian) = Self::installed() {
            return Ok(debian);
        }
        let apt = process::find("apt-get").context("this machine has no apt-get")?;
        step::doing("Installing", format_args!("Debian's {}", PACKAGES.join(", ")));
        let mut update = Command::new(&apt);
        process::run(update.args(["-q", "update"]))?;
        let mut install = Command::new(&apt);
        install.args(["-q", "install", "--yes", "--no-install-recommends"]).args(PACKAGES);
        process::run(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
        Self::installed().ok_or_else(|| {
            anyhow!("the packages are installed, but one of {CARGO}, {RUSTC}, {LIBRARY_SOURCE}, {WASI_LIBC} is not there")
        })
    }

    /// `cargo build --target wasm32-wasip1`, together with the standard library.
    pub(crate) fn build(&self) -> Command {
        let mut command = Command::new(CARGO);
        // Nightly features of a stable compiler, which building the standard library asks for.
        command.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", RUSTC).env_remove("RUSTUP_TOOLCHAIN");
        // As configuration and not as RUSTFLAGS, which would replace those of the author's own configuration.
        for (key, value) in [
            ("linker", format!("{:?}", self.linker.display().to_string())),
            ("rustflags", format!(r#"["-L", "{WASI_LIBC}", "-C", "link-self-contained=no"]"#)),
        ] {
            command.arg("--config").arg(format!("target.{WASM_TARGET}.{key}={value}"));
        }
        command.args(["build", "--target", WASM_TARGET, "-Zbuild-std=std,panic_abort"]);
        command
    }

    fn installed() -> Option<Self> {
        let files = [CARGO, RUSTC, LIBRARY_SOURCE, WASI_LIBC];
        if !files.iter().all(|file| Path::new(file).exists()) {
            return None;
        }
        // rustup's linker knows the newest object files; Debian's own is older.
        let rustup = Toolchain::active().sysroot().ok().and_then(|sysroot| {
            let hosts = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
            hosts.flatten().map(|host| host.path().join("bin/rust-lld")).find(|linker| linker.is_file())
        });
        let linker = rustup.or_else(|| process::find("wasm-ld"))?;
        Some(Debian { linker })
    }
}
