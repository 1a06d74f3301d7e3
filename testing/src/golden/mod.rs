//! What Envoy answered, kept in files.

mod text;

pub(crate) use text::of as text_of;

use crate::envoy::Install;
use crate::table::align;
use crate::wasm::WasmModule;
use crate::{Run, Scenario};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::{env, fs, io};

/// The variable that names the folder.
const FOLDER: &str = "WAXWING_GOLDEN_FOLDER";

/// The variable that says what to do with it.
const MODE: &str = "WAXWING_GOLDEN";

/// The golden answers of a package's scenarios, one file for each.
///
/// They are chosen by two variables of the environment, of which `docs/envoy.md` tells.
#[derive(Debug)]
pub(crate) struct Golden {
    folder: PathBuf,
    package: String,
    mode: Mode,
}

/// What to do with the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Compare; write those that are missing.
    Keep,
    /// Compare; one that is missing is a failure.
    Check,
    /// Write all anew.
    Record,
    /// Take them for Envoy's answer, and do without Envoy.
    Replay,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Recorded {
    /// Its version.
    envoy: String,
    /// The SHA-256 of the module that it ran.
    module: String,
    text: String,
}

/// Which scenario has which file, in this process: two of one name are a mistake.
static SCENARIOS: LazyLock<Mutex<HashMap<PathBuf, String>>> = LazyLock::new(Mutex::default);

impl Golden {
    /// Those of this package, if there are any to be.
    ///
    /// # Panics
    ///
    /// If the mode has no meaning.
    #[track_caller]
    pub(crate) fn of(package: &str) -> Option<Golden> {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let folder = PathBuf::from(set(FOLDER)?).join(package);
        let mode = match set(MODE).as_deref().map(|mode| mode.to_string_lossy().into_owned()).as_deref() {
            None if set("CI").is_some() => Mode::Check,
            None => Mode::Keep,
            Some("check") => Mode::Check,
            Some("record") => Mode::Record,
            Some("replay") => Mode::Replay,
            Some(other) => panic!("{MODE}={other}: it is check, record or replay, or not set"),
        };
        Some(Golden { folder, package: package.to_owned(), mode })
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// The file of a scenario.
    ///
    /// # Panics
    ///
    /// If another scenario of this process has the same.
    #[track_caller]
    pub(crate) fn file(&self, scenario: &Scenario) -> PathBuf {
        let path = self.folder.join(format!("{}.txt", file_name(scenario.name())));
        // The scenario as far as it can be shown: a test may run the same one again.
        let shown = format!("{scenario:?} {:?}", String::from_utf8_lossy(scenario.configuration()));
        let mut scenarios = SCENARIOS.lock().unwrap_or_else(PoisonError::into_inner);
        let before = scenarios.entry(path.clone()).or_insert_with(|| shown.clone());
        assert!(
            *before == shown,
            "two scenarios of {} have the golden answer {}; each needs a name of its own",
            self.package,
            path.display()
        );
        path
    }

    /// Compares what Envoy answered with the file, or writes it.
    ///
    /// # Panics
    ///
    /// If they differ, with both sides; if there is no file and there has to be one; if it cannot be read or written.
    #[track_caller]
    pub(crate) fn check(&self, scenario: &Scenario, envoy: &Run, module: &WasmModule) {
        let path = self.file(scenario);
        let now = Recorded { envoy: envoy_version(), module: sum_of(module), text: text_of(scenario, envoy) };
        let golden = read(&path);
        match (golden, self.mode) {
            // What is the same but for the module is left as it is.
            (Some(golden), Mode::Record) if (&golden.envoy, &golden.text) == (&now.envoy, &now.text) => {}
            (_, Mode::Record) | (None, Mode::Keep) => {
                let written = fs::create_dir_all(&self.folder).and_then(|()| write(&path, &now.to_text()));
                written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                eprintln!("Envoy's answer is recorded in {}", path.display());
            }
            (None, Mode::Check | Mode::Replay) => panic!("{}", self.missing(&path)),
            (Some(golden), _) => {
                assert!(
                    golden.envoy == now.envoy,
                    "{} is of Envoy {}, and this is Envoy {}; {}",
                    path.display(),
                    golden.envoy,
                    now.envoy,
                    anew()
                );
                let difference = || self.difference(scenario, &path, &golden.text, &now.text, "envoy");
                assert!(golden.text == now.text, "{}", difference());
            }
        }
    }

    /// Compares the run of another host with the file, in Envoy's place. What it says is the difference.
    ///
    /// # Panics
    ///
    /// If there is no file.
    #[track_caller]
    pub(crate) fn replay(&self, scenario: &Scenario, run: &Run) -> String {
        let path = self.file(scenario);
        let Some(golden) = read(&path) else { panic!("{}", self.missing(&path)) };
        let text = text_of(scenario, run);
        match golden.text == text {
            true => String::new(),
            false => self.difference(scenario, &path, &golden.text, &text, "native"),
        }
    }

    /// Whether the module is the one that Envoy ran when the answer was recorded. It need not be: the paths of the
    /// sources are in it. `None` if there is no answer yet.
    #[track_caller]
    pub(crate) fn is_module(&self, scenario: &Scenario, module: &WasmModule) -> Option<bool> {
        Some(read(&self.file(scenario))?.module == sum_of(module))
    }

    fn missing(&self, path: &Path) -> String {
        format!("there is no golden answer {}; {}", path.display(), anew())
    }

    fn difference(&self, scenario: &Scenario, path: &Path, golden: &str, text: &str, host: &str) -> String {
        let [golden, text] = [golden, text].map(|text| text.lines().collect::<Vec<_>>());
        let mut rows = String::new();
        for (left, right) in align(&golden, &text) {
            rows += &match (left, right) {
                (Some(line), Some(_)) => format!("    {line}\n"),
                (Some(line), None) => format!("  - {line}\n"),
                (None, Some(line)) => format!("  + {line}\n"),
                (None, None) => String::new(),
            };
        }
        format!(
            "scenario {:?}: {host} does not answer as it is written in {} (-), but so (+); {}\n{rows}",
            scenario.name(),
            path.display(),
            anew()
        )
    }
}

impl Recorded {
    fn to_text(&self) -> String {
        format!("envoy {}\nmodule sha256 {}\n\n{}", self.envoy, self.module, self.text)
    }

    fn from_text(text: &str) -> Option<Recorded> {
        let (envoy, rest) = text.strip_prefix("envoy ")?.split_once('\n')?;
        let (module, text) = rest.strip_prefix("module sha256 ")?.split_once("\n\n")?;
        Some(Recorded { envoy: envoy.to_owned(), module: module.to_owned(), text: text.to_owned() })
    }
}

/// How to record.
fn anew() -> String {
    format!("to record it anew, with Envoy: {MODE}=record cargo test")
}

/// A name that every file system takes.
fn file_name(scenario: &str) -> String {
    let mut name = String::new();
    for part in scenario.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()) {
        name += if name.is_empty() { "" } else { "-" };
        name += &part.to_ascii_lowercase();
    }
    if name.len() > NAME_MAX {
        name = format!("{}-{}", &name[..NAME_MAX], &sha256(scenario.as_bytes())[..8]);
    }
    name
}

/// The longest name of a file, but for its end.
const NAME_MAX: usize = 100;

#[track_caller]
fn read(path: &Path) -> Option<Recorded> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let recorded = Recorded::from_text(&text);
            let problem = || panic!("{} is no golden answer; {}", path.display(), anew());
            Some(recorded.unwrap_or_else(problem))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// In one step: tests run at the same time.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder)?;
    fs::write(file.path(), text)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn envoy_version() -> String {
    static VERSION: OnceLock<String> = OnceLock::new();
    let ask = || {
        let version = Install::find_or_install().and_then(|install| install.version());
        let version = version.unwrap_or_else(|error| panic!("{error}"));
        // commit/version/state/kind/library
        version.split('/').nth(1).unwrap_or(&version).to_owned()
    };
    VERSION.get_or_init(ask).clone()
}

fn sum_of(module: &WasmModule) -> String {
    sha256(&fs::read(module.name()).unwrap_or_default())
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Exchange, Request, Response};

    fn golden(folder: &Path, mode: Mode) -> Golden {
        Golden { folder: folder.join("package"), package: "package".to_owned(), mode }
    }

    fn run(value: &str) -> Run {
        let response = Response::new(200).header("x-tag", value);
        let exchange =
            Exchange::observed(Request::get("/"), Some(Request::get("/")), Some(response), Vec::new());
        Run { exchanges: vec![exchange], ..Run::default() }
    }

    fn write_golden(golden: &Golden, scenario: &Scenario, run: &Run) {
        fs::create_dir_all(&golden.folder).unwrap();
        let text = text_of(scenario, run);
        let recorded = Recorded { envoy: "1".to_owned(), module: "ab".to_owned(), text };
        write(&golden.file(scenario), &recorded.to_text()).unwrap();
    }

    #[test]
    fn another_answer_than_the_one_that_is_kept_is_shown_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let golden = golden(folder.path(), Mode::Replay);
        let scenario = Scenario::new("A tag: it's blue!").request(Request::get("/"));
        write_golden(&golden, &scenario, &run("blue"));
        assert!(golden.file(&scenario).ends_with("package/a-tag-it-s-blue.txt"));
        assert_eq!(golden.replay(&scenario, &run("blue")), "");
        let text = golden.replay(&scenario, &run("red"));
        assert!(text.contains("  -     x-tag: blue\n  +     x-tag: red\n"), "{text}");
        assert!(text.contains("WAXWING_GOLDEN=record cargo test"), "{text}");
    }

    #[test]
    #[should_panic(expected = "there is no golden answer")]
    fn an_answer_that_is_missing_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        golden(folder.path(), Mode::Replay).replay(&Scenario::new("new"), &run("blue"));
    }

    #[test]
    #[should_panic(expected = "each needs a name of its own")]
    fn two_scenarios_of_one_name_are_a_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let golden = golden(folder.path(), Mode::Check);
        golden.file(&Scenario::new("the same").config("one"));
        golden.file(&Scenario::new("the same").config("two"));
    }

    #[test]
    fn long_names_are_cut_and_stay_different() {
        let [one, two] = ["1", "2"].map(|end| file_name(&format!("{}{end}", "a".repeat(300))));
        assert!(one != two && one.len() < 120, "{one}");
    }

    #[test]
    fn what_is_recorded_is_read_as_it_was_written() {
        let text = "a scenario\n\nrequest 1\n".to_owned();
        let recorded = Recorded { envoy: "1.40.0".to_owned(), module: "ab".to_owned(), text };
        assert_eq!(Recorded::from_text(&recorded.to_text()), Some(recorded));
        assert_eq!(Recorded::from_text("a scenario\n"), None);
    }
}
