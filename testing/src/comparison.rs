//! What came of comparing hosts, for a report of all suites.

use crate::golden::{Golden, sha256};
use crate::timeline::{Event, Timeline};
use crate::wasm::WasmModule;
use crate::{Arguments, Run, Scenario, difference, failure};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

/// The variable that names the folder to leave it in. Without it, nothing is left.
const FOLDER: &str = "WAXWING_COMPARISONS";

/// Whether hosts agree on a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Agreed,
    /// They differ, as the scenario says.
    Listed,
    /// They differ, or they agree where the scenario says that they do not; with what there is to say about it.
    Wrong(String),
}

impl Verdict {
    /// What these differences mean for a scenario.
    pub(crate) fn of(scenario: &Scenario, differences: &str) -> Verdict {
        let name = scenario.name();
        match (scenario.listed_difference(), differences.is_empty()) {
            (None, true) => Verdict::Agreed,
            (None, false) => Verdict::Wrong(format!("scenario {name:?}: the hosts differ\n{differences}")),
            (Some(listed), true) => Verdict::Wrong(format!(
                "scenario {name:?}: the hosts agree, where it says that they differ ({listed:?}); take `.differs(…)` out, \
                 and the difference out of the list"
            )),
            (Some(listed), false) => match list() {
                Some((path, text)) if !text.contains(listed) => {
                    let path = path.display();
                    Verdict::Wrong(format!(
                        "scenario {name:?}: the hosts differ, and {path} does not say {listed:?}\n{differences}"
                    ))
                }
                _ => Verdict::Listed,
            },
        }
    }

    /// Fails the test if something is wrong.
    #[track_caller]
    pub(crate) fn assert(&self) {
        if let Verdict::Wrong(text) = self {
            failure::fail(&difference::painted(text));
        }
    }
}

/// The list of differences, in this crate's own repository: elsewhere there is none.
fn list() -> Option<(PathBuf, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fidelity.md");
    let text = fs::read_to_string(&path).ok()?;
    Some((path, text))
}

/// Leaves what came of a comparison for the report.
pub(crate) fn record(
    scenario: &Scenario,
    run: &Run,
    verdict: &Verdict,
    golden: Option<&Golden>,
    module: &WasmModule,
) {
    let Some(folder) = env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from) else {
        return;
    };
    let verdict = match verdict {
        Verdict::Agreed => "agreed",
        Verdict::Listed => "listed",
        Verdict::Wrong(_) => "wrong",
    };
    let record = json!({
        "suite": suite(),
        "scenario": scenario.name(),
        "verdict": verdict,
        "difference": scenario.listed_difference(),
        "trace": sha256(trace(&run.timelines).as_bytes()),
        "golden": golden.map(|golden| golden.file(scenario)),
        "module_as_recorded": golden.and_then(|golden| golden.is_module(scenario, module)),
    });
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{}-{count}.json", process::id()));
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, record.to_string()));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// The package and the file of the tests.
fn suite() -> String {
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    let binary = env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let stem = binary.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // Cargo adds a hash.
    let stem = stem.rsplit_once('-').map_or(stem.as_str(), |(stem, _)| stem);
    if stem.replace('_', "-") == package { package } else { format!("{package} {stem}") }
}

/// The callbacks and host calls with their statuses, without values and log lines: what counts as the same.
fn trace(timelines: &[(String, Timeline)]) -> String {
    let mut trace = String::new();
    for (_, timeline) in timelines {
        trace += "context\n";
        for event in timeline.events() {
            let line = match event {
                Event::Callback { callback, arguments, .. } => format!("{callback}{}", end(*arguments)),
                Event::Call { call, .. } if call.name() == "log" => continue,
                Event::Call { call, answer: Ok(_) } => format!("  {}", call.name()),
                Event::Call { call, answer: Err(status) } => format!("  {} {status}", call.name()),
                Event::Return(returned) => returned.to_string(),
                Event::Trap(_) => "trap".to_owned(),
                Event::Host(_) | Event::Misuse { .. } | Event::Fault(_) => continue,
            };
            trace += &line;
            trace.push('\n');
        }
    }
    trace
}

fn end(arguments: Arguments) -> &'static str {
    match arguments {
        Arguments::Headers { end_of_stream: true, .. } | Arguments::Body { end_of_stream: true, .. } => {
            " end"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(scenario: &Scenario, differences: &str) -> String {
        match Verdict::of(scenario, differences) {
            Verdict::Wrong(text) => text,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_difference_has_to_be_listed_and_to_be_there() {
        let plain = Scenario::new("s");
        assert_eq!(verdict(&plain, ""), "Agreed");
        assert!(verdict(&plain, "a\n").contains("the hosts differ\na"));
        let listed = Scenario::new("s").differs("**Back-pressure.**");
        assert_eq!(verdict(&listed, "a\n"), "Listed");
        assert!(verdict(&listed, "").contains("the hosts agree, where it says that they differ"));
        let unlisted = Scenario::new("s").differs("**No such heading.**");
        assert!(verdict(&unlisted, "a\n").contains("does not say \"**No such heading.**\""));
    }
}
