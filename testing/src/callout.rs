//! HTTP callouts of an extension.

use crate::Request;
use std::fmt;
use std::time::Duration;

/// An HTTP callout that has not been answered: what a stream waits for, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callout {
    pub(crate) token: u32,
    pub(crate) upstream: String,
    pub(crate) request: Request,
    pub(crate) timeout: Option<Duration>,
}

impl Callout {
    /// The number by which the extension will be told of its end.
    pub fn token(&self) -> u32 {
        self.token
    }

    /// The name of the cluster that it goes to.
    pub fn upstream(&self) -> &str {
        &self.upstream
    }

    /// What the extension sent.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// How long the extension waits for an answer, from the call on; `None` if it waits for ever.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }
}

impl fmt::Display for Callout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Callout { token, upstream, request, .. } = self;
        write!(f, "callout {token} ({} to {upstream:?})", request.line())
    }
}
