//! What a scenario makes of misuse.

use super::Scenario;
use crate::misuse::{Misuse, Strictness};

impl Scenario {
    /// Fails on the host model for the first [`Misuse`], as a [`Host`](crate::Host) does by default. What Envoy does, it does.
    ///
    /// ```no_run
    /// # use waxwing_testing::{Native, Request, Scenario};
    /// # fn test<Gate: waxwing::Module>() {
    /// Scenario::new("a token").strict().request(Request::get("/")).compare(&[&Native::<Gate>::new()]);
    /// # }
    /// ```
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strictness.fails = true;
        self
    }

    /// Allows what a [strict](Self::strict) scenario fails for, and explorations report: the extension means to do it.
    ///
    /// ```no_run
    /// # use waxwing_testing::{Misuse, Request, Scenario};
    /// let scenario = Scenario::new("a mirror").allow(Misuse::DroppedCallout).request(Request::get("/"));
    /// ```
    #[must_use]
    pub fn allow(mut self, misuse: Misuse) -> Self {
        self.strictness.allowed.push(misuse);
        self
    }

    pub(crate) fn strictness(&self) -> Strictness {
        self.strictness.clone()
    }
}
