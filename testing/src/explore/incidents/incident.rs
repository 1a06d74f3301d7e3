//! An incident: what happened elsewhere, and what it makes of a scenario.

use crate::fault::FaultPlan;
use crate::host::Host;
use crate::scenario::Scenario;
use std::fmt;

/// Something that a proxy, a client or an upstream did, and that took extensions down in production.
#[derive(Clone, Copy)]
pub struct Incident {
    name: &'static str,
    what: &'static str,
    reports: &'static str,
    vary: Vary,
}

/// Makes the variants of a scenario; none if the incident cannot happen in it.
pub(super) type Vary = fn(&Scenario) -> Vec<Variant>;

/// A scenario in which it happens.
pub(super) struct Variant {
    pub(super) scenario: Scenario,
    /// How each exchange has to look from outside, if that is known: as in this scenario.
    pub(super) like: Option<Scenario>,
    /// Whether the extension may refuse to start.
    pub(super) may_refuse: bool,
    /// Whether each callout of it is denied, or not answered.
    pub(super) denies: bool,
    /// What the host refuses.
    pub(super) faults: FaultPlan,
    /// What happens before its first step, and why it cannot.
    pub(super) before: Before,
}

type Before = Box<dyn FnOnce(&Host) -> Result<(), String>>;

impl Incident {
    pub(super) const fn new(
        name: &'static str,
        what: &'static str,
        reports: &'static str,
        vary: Vary,
    ) -> Self {
        Incident { name, what, reports, vary }
    }

    /// The name by which it can be run alone.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What happens.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Where it was reported: projects, with the numbers of issues.
    pub fn reports(&self) -> &'static str {
        self.reports
    }

    pub(super) fn variants(&self, scenario: &Scenario) -> Vec<Variant> {
        (self.vary)(scenario)
    }
}

impl fmt::Debug for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incident").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Variant {
    /// One of which nothing is known but that nothing may go wrong.
    pub(super) fn new(scenario: Scenario) -> Self {
        Variant {
            scenario,
            like: None,
            may_refuse: false,
            denies: false,
            faults: FaultPlan::default(),
            before: Box::new(|_| Ok(())),
        }
    }

    /// One that has to look as another one does.
    pub(super) fn like(self, scenario: Scenario) -> Self {
        Variant { like: Some(scenario), ..self }
    }

    /// One in which nothing says that a request may pass.
    pub(super) fn denies(self) -> Self {
        Variant { denies: true, ..self }
    }

    pub(super) fn with_faults(self, faults: FaultPlan) -> Self {
        Variant { faults, ..self }
    }

    pub(super) fn before(self, before: impl FnOnce(&Host) -> Result<(), String> + 'static) -> Self {
        Variant { before: Box::new(before), ..self }
    }

    pub(super) fn may_refuse(self) -> Self {
        Variant { may_refuse: true, ..self }
    }
}
