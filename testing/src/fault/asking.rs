//! Where a test asks for faults: a host that runs, and one that is to start.

use super::{Failure, Fault, FaultPlan};
use crate::builder::HostBuilder;
use crate::host::Host;
use crate::host_call::HostCall;
use std::panic::Location;

impl Host {
    /// Lets host calls fail from now on. What the fault counts are the calls from the first fault of the host on.
    ///
    /// The timeline notes each call that meets it. One that no call has met when the last clone of the host is dropped fails the
    /// test, with the calls that there were.
    ///
    /// ```no_run
    /// use waxwing::Status;
    /// use waxwing_testing::fault::Fault;
    /// use waxwing_testing::{Host, Request};
    /// # fn run<Auth: waxwing::Module>() {
    ///
    /// let host = Host::builder::<Auth>().start();
    /// host.fault(Fault::new("http_call", Status::INTERNAL_FAILURE).nth(1));
    /// host.exchange(Request::get("/")).local_response().assert_status(500);
    /// # }
    /// ```
    pub fn fault(&self, fault: Fault) {
        self.process().faults.add(fault, true);
    }

    /// Lets those host calls fail from now on for which the closure says how. One that never does fails the test, as an
    /// unmet [`fault`](Host::fault) does.
    ///
    /// ```no_run
    /// use waxwing::Status;
    /// use waxwing_testing::fault::Failure;
    /// use waxwing_testing::{Host, HostCall};
    /// # fn run<Auth: waxwing::Module>() {
    ///
    /// let host = Host::builder::<Auth>().start();
    /// host.fault_with(|call| match call {
    ///     HostCall::Property { path } if path.starts_with(b"source\0") => Some(Status::NOT_FOUND.into()),
    ///     HostCall::HeaderMapPairs { .. } => Some(Failure::LyingLengths),
    ///     _ => None,
    /// });
    /// # }
    /// ```
    #[track_caller]
    pub fn fault_with(&self, closure: impl FnMut(&HostCall) -> Option<Failure> + 'static) {
        self.process().faults.add_closure(Location::caller().to_string(), Box::new(closure));
    }
}

impl HostBuilder {
    /// Lets host calls fail, as [`Host::fault`] does, from the start of the extension on.
    ///
    /// ```no_run
    /// use waxwing::Status;
    /// use waxwing_testing::Host;
    /// use waxwing_testing::fault::Fault;
    /// # fn test<Counters: waxwing::Extension>() {
    ///
    /// let refused = Fault::new("define_metric", Status::UNIMPLEMENTED);
    /// let error = Host::builder::<Counters>().fault(refused).try_start().unwrap_err();
    /// # }
    /// ```
    pub fn fault(self, fault: Fault) -> Self {
        self.faults.add(fault, true);
        self
    }

    /// Lets those host calls fail that the closure wants to, as [`Host::fault_with`] does, from the start of the extension
    /// on.
    #[track_caller]
    pub fn fault_with(self, closure: impl FnMut(&HostCall) -> Option<Failure> + 'static) -> Self {
        self.faults.add_closure(Location::caller().to_string(), Box::new(closure));
        self
    }

    /// Lets host calls fail that meet a fault of the plan, if any does.
    pub fn fault_plan(self, plan: &FaultPlan) -> Self {
        plan.faults().iter().for_each(|fault| self.faults.add(fault.clone(), false));
        self
    }

    /// Keeps all host calls.
    pub(crate) fn record_calls(self) -> Self {
        self.faults.record();
        self
    }
}
