//! A running Envoy.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::admin::Admin;
use super::config::LISTENER;
use super::journal::Journal;
use super::{Config, Error, Install, plugin};

/// How long the start may take; it takes a third of a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// An Envoy that runs until this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    config: Config,
    /// Configuration and log; `None` once the folder is to stay.
    folder: Option<TempDir>,
    pub(super) journal: Journal,
    pub(super) admin: Admin,
    pub(super) listener: SocketAddr,
}

impl Process {
    /// Starts Envoy and waits until it serves; the configuration is also written to `keep_yaml`, and its folder
    /// made in `parent`.
    pub(super) fn start(
        install: &Install,
        config: &Config,
        origin: SocketAddr,
        keep_yaml: Option<&Path>,
        parent: Option<&Path>,
    ) -> Result<Process, Error> {
        if !config.wasm().is_file() {
            return Err(Error::new(format!(
                "there is no extension at {}; build it with `cargo build --release --target wasm32-wasip1`",
                config.wasm().display()
            )));
        }
        let folder = tempfile::Builder::new()
            .prefix("waxwing-envoy-")
            .tempdir_in(parent.map_or_else(env::temp_dir, Path::to_owned))
            .map_err(|error| Error::new(format!("cannot create a temporary folder for Envoy: {error}")))?;
        let mut config = config.clone();
        if config.reconfigurable {
            let path = folder.path().join("extension.yaml");
            config.extension_file = Some(path.clone());
            write(&path, &plugin::file(&config))?;
        }
        let yaml = config.to_yaml(origin);
        let yaml_path = folder.path().join("envoy.yaml");
        for path in [Some(yaml_path.as_path()), keep_yaml].into_iter().flatten() {
            write(path, &yaml)?;
        }
        let journal = Journal::at(folder.path().join("envoy.log"));
        let admin_path = folder.path().join("admin");
        let child = spawn(install, &config, &yaml_path, &admin_path, &journal)?;

        // From here on, dropping it ends the child.
        let unset = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = Process {
            child,
            config,
            folder: Some(folder),
            journal,
            admin: Admin::new(unset),
            listener: unset,
        };
        match process.await_start(&admin_path) {
            Ok(()) => Ok(process),
            Err(error) => Err(process.failure(&error.to_string())),
        }
    }

    /// An error that shows Envoy's last log lines and where the whole log is, which is kept.
    pub(super) fn failure(&mut self, problem: &str) -> Error {
        let excerpt = self.journal.excerpt();
        let mut text = format!("{problem}; what the extension and Envoy logged last:\n{excerpt}");
        if let Some(path) = self.keep() {
            text += &format!("\n(its configuration and log are kept in {})", path.display());
        }
        Error::new(text)
    }

    /// The thread of Envoy that serves no streams.
    pub(super) fn main_thread(&self) -> u32 {
        // On Linux, the first thread of a process has the id of the process.
        self.child.id()
    }

    fn await_start(&mut self, admin_path: &Path) -> Result<(), Error> {
        let start = Instant::now();
        loop {
            let ended = self.child.try_wait();
            if let Some(status) =
                ended.map_err(|error| Error::new(format!("cannot wait for Envoy: {error}")))?
            {
                return Err(Error::new(format!(
                    "Envoy refused the extension or its configuration ({status})"
                )));
            }
            if let Some(address) =
                fs::read_to_string(admin_path).ok().and_then(|text| text.trim().parse().ok())
            {
                self.admin = Admin::new(address);
                if self.admin.ready() {
                    break;
                }
            }
            if start.elapsed() > PATIENCE {
                return Err(Error::new(format!("Envoy was not ready after {PATIENCE:?}")));
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.listener = self.admin.listener(LISTENER)?;
        Ok(())
    }

    /// Gives the extension another configuration, and waits until Envoy has taken it, or has refused it: false.
    pub(super) fn reconfigure(&mut self, configuration: &[u8]) -> Result<bool, Error> {
        let Some(path) = self.config.extension_file.clone() else {
            return Err(Error::new("this Envoy was started with a configuration that cannot be replaced"));
        };
        let config = self.config.clone().configuration(configuration);
        if config == self.config {
            // Envoy does not look at what it has already.
            return Ok(true);
        }
        let kind = if config.tcp { plugin::NETWORK } else { plugin::HTTP };
        let stat = |what: &str| {
            let prefix = "extension_config_discovery";
            format!("{prefix}.{kind}_filter.{}.{what}", plugin::DISCOVERED)
        };
        let (taken, refused) = (stat("config_reload"), stat("config_fail"));
        let before = (self.admin.stat(&taken)?, self.admin.stat(&refused)?);
        // Envoy looks at a file that has come into the place of another, not at one that is being written.
        let next = path.with_extension("next");
        write(&next, &plugin::file(&config))?;
        fs::rename(&next, &path)
            .map_err(|error| Error::new(format!("cannot replace {}: {error}", path.display())))?;
        let start = Instant::now();
        loop {
            let now = (self.admin.stat(&taken)?, self.admin.stat(&refused)?);
            if now != before {
                let taken = now.0 > before.0;
                if taken {
                    self.config = config;
                }
                return Ok(taken);
            }
            if start.elapsed() > PATIENCE {
                return Err(Error::new(format!(
                    "Envoy did not take a new configuration within {PATIENCE:?}"
                )));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn keep(&mut self) -> Option<PathBuf> {
        self.folder.take().map(TempDir::keep)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking()
            && let Some(path) = self.keep()
        {
            eprintln!("Envoy's configuration and log are kept in {}", path.display());
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| Error::new(format!("cannot write {}: {error}", path.display())))
}

fn spawn(
    install: &Install,
    config: &Config,
    yaml: &Path,
    admin: &Path,
    journal: &Journal,
) -> Result<Child, Error> {
    let problem =
        |error: std::io::Error| Error::new(format!("cannot start {}: {error}", install.path().display()));
    let log = journal.create().map_err(problem)?;
    Command::new(install.path())
        .arg("--config-path")
        .arg(yaml)
        .arg("--admin-address-path")
        .arg(admin)
        .args(["--concurrency", &config.workers.to_string()])
        .arg("--disable-hot-restart")
        .args(["--log-level", "warning", "--component-log-level", &config.component_log_level()])
        .args(["--log-format", &journal.format()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(problem)
}
