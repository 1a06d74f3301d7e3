//! The command line.

use crate::sample::HeaderLine;
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Builds Proxy-Wasm extensions, and runs them as a proxy would.
#[derive(Debug, Parser)]
#[command(name = "cargo waxwing", bin_name = "cargo waxwing", version)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Run),
    Test(Test),
}

/// Builds an extension to wasm and sends it requests, in the embedded host or in Envoy.
///
/// Without a request on the command line, the sample requests of the package are sent, in order: those in
/// `[[package.metadata.waxwing.requests]]` of its Cargo.toml.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The folder of the extension's package.
    #[arg(default_value = ".")]
    pub(crate) package: PathBuf,

    /// Lets requests through once the extension has trapped, instead of failing them. The one that it traps in
    /// fails all the same.
    #[arg(long)]
    pub(crate) fail_open: bool,

    /// Uses a real Envoy, and leaves the configuration that it ran with.
    #[arg(long)]
    pub(crate) envoy: bool,

    #[command(flatten)]
    pub(crate) request: RequestOptions,

    #[command(flatten)]
    pub(crate) config: ConfigOptions,
}

/// The request to send in place of the samples.
#[derive(Args, Debug)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestOptions {
    /// The method [default: GET, or POST with a body].
    #[arg(long, short = 'X', value_parser = one_word)]
    pub(crate) method: Option<String>,

    /// The path, with its query [default: /].
    #[arg(long, value_parser = one_word)]
    pub(crate) path: Option<String>,

    /// A header; can be given more than once.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<HeaderLine>,

    /// The body.
    #[arg(long, value_name = "TEXT", conflicts_with = "body_file")]
    pub(crate) body: Option<String>,

    /// The body, from a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) body_file: Option<PathBuf>,
}

/// The configuration to start with in place of the sample.
#[derive(Args, Debug)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct ConfigOptions {
    /// The plugin's configuration [default: the package's sample].
    #[arg(long, value_name = "TEXT", conflicts_with = "config_file")]
    pub(crate) config: Option<String>,

    /// The plugin's configuration, from a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) config_file: Option<PathBuf>,
}

/// Runs the checks of Waxwing's own repository, stage by stage, until one fails.
///
/// Installs what they need: compilers and targets with rustup, cargo-deny, and the pinned Envoy.
#[derive(Args, Debug)]
pub(crate) struct Test {
    /// Runs these stages only; can be given more than once.
    #[arg(long = "stage", value_name = "NAME", num_args = 1..)]
    pub(crate) stages: Vec<String>,

    /// Lists the stages.
    #[arg(long)]
    pub(crate) list: bool,

    /// Arguments for `cargo test`, which then is the only stage unless others are named.
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub(crate) cargo_test: Vec<OsString>,
}

impl CommandLine {
    /// Parses the arguments of this process; prints what is wrong with them, and exits, if need be.
    pub(crate) fn parse_from(arguments: impl IntoIterator<Item = OsString>) -> Self {
        <Self as Parser>::parse_from(without_subcommand_name(arguments))
    }
}

/// A method or a path: a proxy would take what is behind white space for another part of the request.
fn one_word(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it must not be empty, nor have white space; in a path, write `%20`".to_owned());
    }
    Ok(text.to_owned())
}

/// The arguments without the name that cargo passes on when it runs `cargo-waxwing` as `cargo waxwing`.
fn without_subcommand_name(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|first| first == "waxwing") {
        arguments.remove(1);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(arguments: &[&str]) -> Result<CommandLine, clap::Error> {
        let arguments = std::iter::once("cargo-waxwing").chain(arguments.iter().copied());
        CommandLine::try_parse_from(without_subcommand_name(arguments.map(OsString::from)))
    }

    fn parse_run(arguments: &[&str]) -> Run {
        match parse(arguments).unwrap().command {
            Command::Run(run) => run,
            Command::Test(_) => panic!("expected `run`"),
        }
    }

    fn parse_test(arguments: &[&str]) -> Test {
        match parse(arguments).unwrap().command {
            Command::Test(test) => test,
            Command::Run(_) => panic!("expected `test`"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn cargo_may_pass_the_name_of_the_subcommand() {
        for arguments in [&["waxwing", "run", "here"][..], &["run", "here"]] {
            assert_eq!(parse_run(arguments).package, PathBuf::from("here"));
        }
    }

    #[test]
    fn a_package_may_be_called_waxwing() {
        assert_eq!(parse_run(&["run", "waxwing"]).package, PathBuf::from("waxwing"));
    }

    #[test]
    fn run_takes_a_whole_request() {
        let run = parse_run(&[
            "run",
            "dir",
            "--method",
            "PUT",
            "--path",
            "/a?b",
            "-H",
            "x: 1",
            "--header",
            "X:2",
            "--body",
            "hi",
            "--config",
            "{}",
            "--fail-open",
            "--envoy",
        ]);
        assert_eq!(run.request.method.as_deref(), Some("PUT"));
        assert_eq!(run.request.path.as_deref(), Some("/a?b"));
        let headers: Vec<_> = run.request.headers.iter().map(|line| (&*line.name, &*line.value)).collect();
        assert_eq!(headers, [("x", "1"), ("X", "2")]);
        assert_eq!(run.request.body.as_deref(), Some("hi"));
        assert_eq!(run.config.config.as_deref(), Some("{}"));
        assert!(run.fail_open && run.envoy);
    }

    #[test]
    fn the_package_defaults_to_the_current_folder() {
        assert_eq!(parse_run(&["run"]).package, PathBuf::from("."));
    }

    #[test]
    fn a_body_comes_from_one_place() {
        assert!(parse(&["run", "--body", "a", "--body-file", "b"]).is_err());
        assert!(parse(&["run", "--config", "a", "--config-file", "b"]).is_err());
    }

    #[test]
    fn a_header_without_a_colon_is_refused_with_an_example() {
        let error = parse(&["run", "--header", "accept"]).unwrap_err().to_string();
        assert!(error.contains("accept: text/html"), "{error}");
    }

    #[test]
    fn a_method_and_a_path_are_one_word() {
        for arguments in [["--path", "/a b"], ["--path", ""], ["--method", "G T"], ["--path", "/\r\nx: y"]] {
            let error = parse(&[&["run"][..], &arguments].concat()).unwrap_err().to_string();
            assert!(error.contains("white space"), "{error}");
        }
    }

    #[test]
    fn test_takes_stages_and_arguments_of_cargo_test() {
        let test =
            parse_test(&["test", "--stage", "fmt", "clippy", "--stage", "miri", "--", "-p", "waxwing"]);
        assert_eq!(test.stages, ["fmt", "clippy", "miri"]);
        assert_eq!(test.cargo_test, ["-p", "waxwing"]);
    }
}
