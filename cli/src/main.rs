//! `cargo waxwing`: builds a Proxy-Wasm extension and runs it, with all the set-up that takes.
//!
//! - `cargo waxwing run` builds an extension to wasm and sends it requests, in the embedded host or in Envoy.
//! - `cargo waxwing test` runs the checks of Waxwing's own repository, stage by stage.
#![forbid(unsafe_code)]

mod args;
mod artifact;
mod debian;
mod package;
mod print;
mod process;
mod run;
mod sample;
mod stage;
mod step;
mod target;
mod toolchain;

use args::{Command, CommandLine};
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match CommandLine::parse_from(std::env::args_os()).command {
        Command::Run(options) => run::run(&options),
        Command::Test(options) => stage::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            step::failed(&error);
            ExitCode::FAILURE
        }
    }
}
