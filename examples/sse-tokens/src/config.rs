//! The configuration.

use serde::Deserialize;
use waxwing::prelude::*;

/// How much memory it may cost.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// How large an event may be: of one that is larger, nothing counts.
    #[serde(default = "default_event_limit")]
    pub(crate) event_limit_bytes: usize,
    /// How many models and routes get metrics of their own; the others share one.
    #[serde(default = "default_metrics_limit")]
    pub(crate) metrics_limit: usize,
}

fn default_event_limit() -> usize {
    64 * 1024
}

fn default_metrics_limit() -> usize {
    100
}

impl Config {
    pub(crate) fn check(&self) -> Result<()> {
        if self.event_limit_bytes == 0 {
            return Err(Error::new("`event_limit_bytes` must be at least 1"));
        }
        Ok(())
    }
}
