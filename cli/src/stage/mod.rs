//! The checks of Waxwing's own repository, one stage after the other.

mod author;
mod build;
mod comparison;
mod deny;
mod lint;
mod miri;
mod mutations;
mod readme;
mod repository;
mod size;
mod test;
mod unsafe_code;

use crate::args;
use crate::step;
use anyhow::{Result, anyhow, bail};
use comparison::Comparisons;
use repository::Repository;
use std::time::{Duration, Instant};

/// One thing that is checked.
struct Stage {
    name: &'static str,
    what: &'static str,
    run: fn(&Repository) -> Result<Verdict>,
}

/// How a stage ended that did not fail.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    /// Passed, but for something that could not be checked on this machine.
    Partly(String),
}

/// All stages, quick ones and those that others build upon first.
const STAGES: &[Stage] = &[
    Stage { name: "fmt", what: "the formatting of all crates", run: lint::fmt },
    Stage { name: "unsafe", what: "no unsafe code outside the listed files", run: unsafe_code::check },
    Stage { name: "clippy", what: "clippy's and the compiler's warnings, denied", run: lint::clippy },
    Stage {
        name: "test",
        what: "unit and integration tests, on the mock host, as .wasm and in Envoy",
        run: test::all,
    },
    Stage {
        name: "mutations",
        what: "the scenarios natively, against what Envoy has answered, and with changes that break the model",
        run: mutations::check,
    },
    Stage { name: "doc-test", what: "the examples in the documentation", run: test::docs },
    Stage { name: "doc", what: "rustdoc's warnings, denied", run: lint::doc },
    Stage {
        name: "features",
        what: "each feature of the SDK and of the mock host, alone, and the SDK on both wasm targets",
        run: build::features,
    },
    Stage { name: "wasm", what: "each example for both wasm targets", run: build::examples },
    Stage { name: "msrv", what: "the SDK on the oldest compiler that it supports", run: build::msrv },
    Stage { name: "newest", what: "everything on the newest stable compiler", run: build::newest },
    Stage { name: "ui", what: "what the compiler says to likely mistakes", run: test::ui },
    Stage { name: "miri", what: "the folder with unsafe code, under Miri", run: miri::run },
    Stage { name: "size", what: "sizes and instructions, against their budgets", run: size::check },
    Stage { name: "soak", what: "memory, over a million streams", run: size::soak },
    Stage {
        name: "author",
        what: "a crate outside the workspace, made as the README tells",
        run: author::run,
    },
    Stage { name: "deny", what: "licences, advisories and sources of all dependencies", run: deny::check },
];

/// A stage that ran to its end.
struct Done {
    name: &'static str,
    time: Duration,
    verdict: Verdict,
}

/// Runs the stages that the user chose.
///
/// # Errors
///
/// If a stage fails; those after it do not run.
pub(crate) fn run(options: &args::Test) -> Result<()> {
    if options.list {
        for Stage { name, what, .. } in STAGES {
            println!("{name:<14}{what}");
        }
        return Ok(());
    }
    let stages = select(options)?;
    let repository = Repository::open(&options.cargo_test)?;
    let mut done: Vec<Done> = Vec::new();
    for (number, stage) in (1..).zip(&stages) {
        step::doing("Stage", format_args!("{number} of {}: {}, {}", stages.len(), stage.name, stage.what));
        let start = Instant::now();
        let outcome = (stage.run)(&repository);
        let time = start.elapsed();
        match outcome {
            Ok(verdict) => done.push(Done { name: stage.name, time, verdict }),
            Err(error) => {
                let began = done.iter().map(|done| done.name).chain([stage.name]);
                print!("{}", comparisons(&repository, began)?);
                println!("{}{} passed, 1 failed", table(&done), done.len());
                let name = stage.name;
                let after = step::seconds(time);
                return Err(anyhow!(
                    "stage {name} failed after {after}: {error:#}\nto run it again: cargo waxwing test --stage {name}"
                ));
            }
        }
        step::doing("Passed", format_args!("{} in {}", stage.name, step::seconds(time)));
    }
    print!("{}", comparisons(&repository, done.iter().map(|done| done.name))?);
    println!("{}{} passed, 0 failed", table(&done), done.len());
    Ok(())
}

/// What the tests have left of comparing hosts, if they are among the stages that have begun.
fn comparisons(repository: &Repository, mut began: impl Iterator<Item = &'static str>) -> Result<String> {
    if !began.any(|name| name == "test") {
        return Ok(String::new());
    }
    Ok(Comparisons::read(repository)?.table())
}

fn select(options: &args::Test) -> Result<Vec<&'static Stage>> {
    let names = match (&*options.stages, &*options.cargo_test) {
        ([], []) => return Ok(STAGES.iter().collect()),
        ([], _) => vec!["test"],
        (names, _) => names.iter().map(String::as_str).collect(),
    };
    if let Some(unknown) = names.iter().find(|name| STAGES.iter().all(|stage| stage.name != **name)) {
        let known: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
        bail!("there is no stage `{unknown}`; the stages are {}", known.join(", "));
    }
    Ok(STAGES.iter().filter(|stage| names.contains(&stage.name)).collect())
}

/// A line per stage with its time, and what could not be checked.
fn table(done: &[Done]) -> String {
    let total: Duration = done.iter().map(|done| done.time).sum();
    let rows = done.iter().map(|Done { name, time, verdict }| {
        let note = match verdict {
            Verdict::Passed => String::new(),
            Verdict::Partly(missing) => format!("   NOT CHECKED: {missing}"),
        };
        format!("{name:<14}{:>14}{note}\n", step::seconds(*time))
    });
    format!("\n{}{:<14}{:>14}\n", rows.collect::<String>(), "total", step::seconds(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(stages: &[&str], cargo_test: &[&str]) -> args::Test {
        args::Test {
            stages: stages.iter().map(|&name| name.into()).collect(),
            list: false,
            cargo_test: cargo_test.iter().map(Into::into).collect(),
        }
    }

    fn names(options: &args::Test) -> Vec<&'static str> {
        select(options).unwrap().iter().map(|stage| stage.name).collect()
    }

    #[test]
    fn without_a_choice_every_stage_runs() {
        assert_eq!(names(&options(&[], &[])).len(), STAGES.len());
    }

    #[test]
    fn chosen_stages_run_in_the_order_of_the_table() {
        assert_eq!(names(&options(&["miri", "fmt"], &[])), ["fmt", "miri"]);
    }

    #[test]
    fn arguments_of_cargo_test_choose_the_tests() {
        assert_eq!(names(&options(&[], &["-p", "waxwing"])), ["test"]);
        assert_eq!(names(&options(&["doc-test"], &["-p", "waxwing"])), ["doc-test"]);
    }

    #[test]
    fn an_unknown_stage_is_an_error_that_lists_the_known_ones() {
        let Err(error) = select(&options(&["lint"], &[])) else { panic!("`lint` was accepted") };
        assert!(error.to_string().contains("`lint`; the stages are fmt, unsafe, clippy"), "{error}");
    }

    #[test]
    fn names_of_stages_are_unique() {
        for (at, stage) in STAGES.iter().enumerate() {
            assert!(STAGES[at + 1..].iter().all(|other| other.name != stage.name), "{}", stage.name);
        }
    }

    #[test]
    fn the_table_says_what_was_not_checked() {
        let time = Duration::from_secs(2);
        let done = [
            Done { name: "fmt", time, verdict: Verdict::Passed },
            Done { name: "deny", time, verdict: Verdict::Partly("advisories".to_owned()) },
        ];
        let table = table(&done);
        assert!(table.contains("NOT CHECKED: advisories"), "{table}");
        assert!(table.ends_with("4.0 s\n"), "{table}");
    }
}
