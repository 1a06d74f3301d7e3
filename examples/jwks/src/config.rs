//! The configuration.

use crate::token::Expected;
use serde::Deserialize;
use std::time::Duration;
use waxwing::prelude::*;

/// Where the keys are, and what a token has to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The upstream that has the key set: in Envoy the name of a cluster.
    pub(crate) cluster: String,
    #[serde(default = "well_known")]
    pub(crate) path: String,
    /// The authority to ask for; that of the cluster's name if it is not set.
    pub(crate) authority: Option<String>,
    /// Has to be the claim `iss` of a token.
    issuer: String,
    /// Has to be the claim `aud` of a token, or among its values.
    audience: String,
    /// How far the clocks of the issuer and the proxy may be apart.
    #[serde(default = "five")]
    leeway_seconds: u32,
    /// How long the key set may take to come.
    #[serde(default = "thousand")]
    timeout_milliseconds: u32,
    /// How often it is fetched.
    #[serde(default = "five_minutes")]
    refresh_seconds: u32,
    /// How long after a failure it is fetched again.
    #[serde(default = "thousand")]
    retry_milliseconds: u32,
    /// How long keys are used if they cannot be fetched anew.
    #[serde(default = "one_hour")]
    max_age_seconds: u32,
    /// How long after a fetch of any kind a token with an unknown key may have the keys fetched.
    #[serde(default = "ten")]
    unknown_key_seconds: u32,
    #[serde(default)]
    pub(crate) while_starting: Early,
}

/// What becomes of requests that arrive before the first attempt to fetch the keys has ended.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Early {
    /// They wait for it.
    #[default]
    Hold,
    /// They are answered with 503.
    Deny,
}

fn well_known() -> String {
    "/.well-known/jwks.json".into()
}

fn five() -> u32 {
    5
}

fn ten() -> u32 {
    10
}

fn thousand() -> u32 {
    1000
}

fn five_minutes() -> u32 {
    300
}

fn one_hour() -> u32 {
    3600
}

impl Config {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_milliseconds.into())
    }

    pub(crate) fn refresh(&self) -> Duration {
        Duration::from_secs(self.refresh_seconds.into())
    }

    pub(crate) fn retry(&self) -> Duration {
        Duration::from_millis(self.retry_milliseconds.into())
    }

    pub(crate) fn unknown_key(&self) -> Duration {
        Duration::from_secs(self.unknown_key_seconds.into())
    }

    pub(crate) fn max_age(&self) -> Duration {
        Duration::from_secs(self.max_age_seconds.into())
    }

    pub(crate) fn expected(&self) -> Expected<'_> {
        let leeway = Duration::from_secs(self.leeway_seconds.into());
        Expected { issuer: &self.issuer, audience: &self.audience, leeway }
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.issuer.is_empty() || self.audience.is_empty() {
            return Err(Error::new(
                "`issuer` and `audience` must not be empty: each issuer's tokens would do",
            ));
        }
        if self.timeout_milliseconds == 0 || self.refresh_seconds == 0 || self.retry_milliseconds == 0 {
            return Err(Error::new(
                "`timeout_milliseconds`, `refresh_seconds` and `retry_milliseconds` must be at least 1",
            ));
        }
        if self.unknown_key_seconds == 0 {
            return Err(Error::new(
                "`unknown_key_seconds` must be at least 1, or forged tokens have the issuer asked each time",
            ));
        }
        if self.max_age_seconds <= self.refresh_seconds {
            return Err(Error::new(
                "`max_age_seconds` must be more than `refresh_seconds`, or there are no keys between two fetches",
            ));
        }
        Ok(())
    }
}
