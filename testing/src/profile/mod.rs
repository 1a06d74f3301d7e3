//! Hosts that the model can be: Envoy, and what others do differently, as data.
//!
//! A profile is a value of [`Facts`]; `core/profile.rs` is where the model asks it. What a fact is called, and what it says in
//! words, is in `facts`, from which `docs/hosts.md` is checked.

mod apisix;
mod facts;
mod google;
mod ngx_wasm_module;
mod support;
mod traffic_server;
mod words;

pub use support::Support;

#[cfg(feature = "wasm")]
pub(crate) use facts::Start;
pub(crate) use facts::{
    Buffers, Facts, FailedCallouts, Maps, Pauses, Properties, Resumption, Targets, Tick, ToldOfCallouts,
};

use crate::panic;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use waxwing::__private::Callback;

/// A host that extensions run in: which host functions it has, and what else it does differently from Envoy.
///
/// [`HostBuilder::profile`](crate::HostBuilder::profile) lets the model be that host. `docs/hosts.md` says where each fact is from,
/// and which are not known; what it does not list is as in Envoy.
///
/// ```no_run
/// use waxwing_testing::{Host, Profile, Request};
/// # fn test<E: waxwing::Extension>() {
///
/// Profile::each(|profile| {
///     let host = Host::builder::<E>().profile(profile).start();
///     host.exchange(Request::get("/")).response().assert_status(200);
/// });
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Profile(&'static Facts);

impl Profile {
    /// Envoy, and what is built from it: Istio, Higress. It is the default.
    pub const ENVOY: Profile = Profile(&Facts::ENVOY);
    /// nginx with ngx_wasm_module, as in Kong Gateway.
    pub const NGX_WASM_MODULE: Profile = Profile(&ngx_wasm_module::FACTS);
    /// APISIX, and other nginx with wasm-nginx-module.
    pub const APISIX: Profile = Profile(&apisix::FACTS);
    /// Apache Traffic Server, with its plugin for wasm.
    pub const TRAFFIC_SERVER: Profile = Profile(&traffic_server::FACTS);
    /// Plugins of Google's Service Extensions.
    pub const GOOGLE_SERVICE_EXTENSIONS: Profile = Profile(&google::FACTS);

    /// All of them, Envoy first.
    pub const ALL: [Profile; 5] = [
        Profile::ENVOY,
        Profile::NGX_WASM_MODULE,
        Profile::APISIX,
        Profile::TRAFFIC_SERVER,
        Profile::GOOGLE_SERVICE_EXTENSIONS,
    ];

    /// Runs a test on each host, also behind one on which it fails.
    ///
    /// # Panics
    ///
    /// If it fails on any, with the names of these and what each failed with.
    #[track_caller]
    pub fn each(test: impl Fn(Profile)) {
        let fails = |profile: Profile| {
            let result = catch_unwind(AssertUnwindSafe(|| test(profile)));
            result.err().map(|payload| format!("on {profile}: {}", panic::message(&*payload)))
        };
        let failures: Vec<String> = Profile::ALL.into_iter().filter_map(fails).collect();
        assert!(failures.is_empty(), "the test fails {}", failures.join("\nand "));
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What becomes of a call of a host function, by the name of the import: `proxy_done`, say.
    pub fn support(self, import: &str) -> Support {
        self.find_support(|other| other == import)
    }

    /// The same for a host call, by its name without a prefix.
    pub(crate) fn support_of_call(self, name: &str) -> Support {
        self.find_support(|import| import.split_once('_').is_some_and(|(_, call)| call == name))
    }

    fn find_support(self, is_meant: impl Fn(&str) -> bool) -> Support {
        let rows = self.0.imports.iter();
        let row = rows.clone().find(|(_, imports)| imports.iter().any(|import| is_meant(import)));
        row.map_or(Support::Works, |(support, _)| *support)
    }

    /// Whether it makes this callback at all.
    pub fn calls(self, callback: Callback) -> bool {
        !self.0.silent.contains(&callback)
    }

    /// The name under which an operator finds a metric that a plugin has defined; `None` if it shows none, or that is
    /// not known.
    ///
    /// ```
    /// use waxwing_testing::Profile;
    ///
    /// let name = |profile: Profile| profile.metric_name("audit", "requests_total");
    /// assert_eq!(name(Profile::ENVOY).unwrap(), "wasmcustom.requests_total");
    /// assert_eq!(name(Profile::NGX_WASM_MODULE).unwrap(), "pw.audit.requests_total");
    /// assert_eq!(name(Profile::APISIX), None);
    /// ```
    pub fn metric_name(self, plugin: &str, metric: &str) -> Option<String> {
        Some(self.0.metric_prefix?.replace(PLUGIN, plugin) + metric)
    }

    /// What is particular about it beside its functions and callbacks: a subject and what it does, as in the table of
    /// `docs/hosts.md`.
    pub fn facts(self) -> Vec<(&'static str, String)> {
        self.0.in_words()
    }

    /// The headers whose changes it ignores, in lower case; with a `*` at their end, those that begin so.
    pub fn fixed_headers(self) -> &'static [&'static str] {
        self.0.fixed_headers
    }

    pub(crate) fn data(self) -> &'static Facts {
        self.0
    }
}

/// What stands for the plugin's name in a prefix of metrics.
const PLUGIN: &str = "<plugin>";

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Profile").field(&self.name()).finish()
    }
}
