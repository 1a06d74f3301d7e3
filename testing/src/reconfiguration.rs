//! Another configuration for a host that runs.

use crate::config::IntoConfig;
use crate::core::{NotMade, WorkerCore};
use crate::host::Host;
use crate::start_error::StartError;

impl Host {
    /// Gives the extension another configuration, as a host may at any time.
    ///
    /// A VM of its own tries it first. Then each worker makes a new root context with it, for the streams that begin from
    /// now on; the one before ends with the last of its streams. What it has already changes nothing.
    ///
    /// # Errors
    ///
    /// If the extension refuses it, or traps, with what it logged where it was tried; everything stays as it was then. If it
    /// refuses it in a worker only, because of what that has seen, the workers behind that one keep the one before as well.
    ///
    /// # Panics
    ///
    /// If what happens makes the test fail.
    #[track_caller]
    pub fn reconfigure(&self, config: impl IntoConfig) -> Result<(), StartError> {
        let config = config.into_config();
        if *self.process().config.borrow() == config {
            return Ok(());
        }
        self.configure_anew(config)
    }

    /// The same if it is not another one: a proxy that replaces a listener for another reason gives it once more.
    #[track_caller]
    pub(crate) fn configure_anew(&self, config: Vec<u8>) -> Result<(), StartError> {
        self.try_config(&config)?;
        let old = self.process().config.replace(config);
        for worker in self.workers() {
            // A VM that is dead makes room for another one.
            let taken = match worker.vm().trap() {
                Some(_) => worker.restart(),
                None => worker.vm().reconfigure().map_err(NotMade::Refused),
            };
            if let Err(reason) = taken {
                self.process().config.replace(old);
                return Err(StartError::new(reason, worker.logs()));
            }
        }
        self.process().settle();
        self.process().check();
        Ok(())
    }

    /// Starts the extension with this configuration where it does not count.
    fn try_config(&self, config: &[u8]) -> Result<(), StartError> {
        let worker = WorkerCore::new(&self.process().canary(config), 0, self.guest().clone());
        let worker = worker.map_err(|problem| StartError::new(NotMade::Unloadable(problem), Vec::new()))?;
        let started = worker.vm().start().map_err(NotMade::Refused);
        started.map_err(|reason| StartError::new(reason, worker.logs()))
    }
}
