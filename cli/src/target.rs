//! Whatever on this machine compiles to wasm.

use crate::debian::{self, Debian};
use crate::step;
use crate::toolchain::{Toolchain, WASM_TARGET};
use anyhow::{Result, anyhow};
use std::process::Command;

/// A compiler for `wasm32-wasip1`.
#[derive(Debug)]
pub(crate) enum WasmCompiler {
    /// The toolchain that runs this tool.
    Active,
    /// Debian's, where rustup could not install the target.
    Debian(Debian),
}

impl WasmCompiler {
    /// The compiler, with its target installed if need be.
    ///
    /// # Errors
    ///
    /// If there is none and none can be installed; the message says how a person can.
    pub(crate) fn ensure() -> Result<Self> {
        let refused = match Toolchain::active().ensure(&[], &[WASM_TARGET]) {
            Ok(()) => return Ok(WasmCompiler::Active),
            Err(refused) => refused,
        };
        step::warning(format_args!("{refused:#}; trying Debian's compiler"));
        Debian::ensure().map(WasmCompiler::Debian).map_err(|error| missing(&refused, &error))
    }

    /// `cargo build --target wasm32-wasip1`, to which the caller adds what to build.
    pub(crate) fn build(&self) -> Command {
        match self {
            WasmCompiler::Active => {
                let mut command = Toolchain::active().cargo();
                command.args(["build", "--target", WASM_TARGET]);
                command
            }
            WasmCompiler::Debian(debian) => debian.build(),
        }
    }
}

fn missing(refused: &anyhow::Error, debian: &anyhow::Error) -> anyhow::Error {
    anyhow!(
        "no compiler for {WASM_TARGET}\n\
         \x20 rustup: {refused:#}\n\
         \x20 Debian: {debian:#}\n\
         Install the target with one of:\n\
         \x20 rustup target add {WASM_TARGET}\n\
         \x20 apt-get install {}        (as root, on Debian; then run this command again)",
        debian::PACKAGES.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_compiler_the_message_says_what_to_type() {
        let message = missing(&anyhow!("no network"), &anyhow!("this machine has no apt-get")).to_string();
        assert!(message.contains("rustup target add wasm32-wasip1"), "{message}");
        assert!(message.contains("apt-get install rustc-web"), "{message}");
        assert!(message.contains("no network"), "{message}");
    }
}
