//! Runs of a scenario in which something goes another way than in the plain one, and what is wrong then.
//!
//! An exploration runs a [`Scenario`](crate::Scenario) many times on the host model, each time with another plan, and reports
//! every run in which the extension does what none should: it [traps, hangs, leaks](Problem), or lets through what it has
//! to keep out.
//!
//! # How much
//!
//! An exploration ends after a number of runs, which its report states together with how many were left out. The
//! environment variable `WAXWING_EXPLORE` says otherwise:
//!
//! | value | what is run |
//! |---|---|
//! | `complete` | all there is; of orders, 400,000 at most |
//! | a number | so many runs at most |
//! | what a report prints, `faults:…` or `orders:…` | that one run of the explorations of that name, whose timeline is printed |

mod bound;
mod closed;
mod faults;
mod incidents;
mod legal;
pub(crate) mod model;
pub(crate) mod observe;
pub(crate) mod orders;
mod plain;
mod problem;
mod report;
mod violation;

pub use faults::{FaultExploration, faults};
pub use incidents::{INCIDENTS, Incident, Incidents, incidents};
pub use model::Model;
pub use orders::{Orders, orders};
pub use plain::plain;
pub use problem::Problem;
pub use report::Report;
pub use violation::Violation;
