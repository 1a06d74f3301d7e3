//! What a host is told before it starts.

use crate::attribute::{self, AttributeValue};
use crate::backend::Backend;
use crate::config::IntoConfig;
use crate::core::{Faults, MakeGuest, NotMade, Process, Settings, WorkerCore};
use crate::host::Host;
use crate::http::property_path;
use crate::matching::any;
use crate::misuse::{Misuse, Strictness};
use crate::profile::Profile;
use crate::route::Route;
use crate::scenario::FailurePolicy;
use crate::start_error::StartError;
use crate::upstream::{Grpc, GrpcUpstream, Upstream, Upstreams};
use crate::{Answer, GrpcAnswer, GrpcRequest, Request};
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;
use waxwing::attributes::{Attribute, Kind};
use waxwing::{LogLevel, Status};

/// Settings of a [`Host`]. Each has a default.
#[must_use = "call `start`"]
pub struct HostBuilder {
    guest: MakeGuest,
    workers: usize,
    upstreams: Upstreams,
    grpc_upstreams: Upstreams<Grpc>,
    pub(crate) faults: Faults,
    settings: Settings,
}

impl HostBuilder {
    pub(crate) fn new(guest: impl Fn(Profile) -> Result<Rc<dyn Backend>, String> + 'static) -> Self {
        let settings = Settings {
            profile: Profile::ENVOY,
            config: Vec::new(),
            vm_config: Vec::new(),
            plugin_name: "plugin".to_owned(),
            root_id: String::new(),
            vm_id: String::new(),
            failure_policy: FailurePolicy::Closed,
            strictness: Strictness { fails: true, allowed: Vec::new() },
            buffer_limit: BUFFER_LIMIT,
            log_level: Some(LogLevel::Trace),
            headers_stop_alone: false,
            properties: Vec::new(),
            names: Vec::new(),
            foreign_functions: Vec::new(),
            routes: Vec::new(),
            expressions: Vec::new(),
            origin: Rc::new(|request| crate::echo(request).into()),
        };
        HostBuilder {
            guest: Rc::new(guest),
            workers: 1,
            upstreams: Upstreams::default(),
            grpc_upstreams: Upstreams::default(),
            faults: Faults::default(),
            settings,
        }
    }

    /// Lets the host be another one than Envoy: what that has not, refuses or does differently is so for the extension.
    ///
    /// A function that the host does not have makes a module fail to load. An extension that is compiled into the test has
    /// no imports: it fails the test when it calls the function.
    ///
    /// ```no_run
    /// use waxwing_testing::{Host, Profile, Request};
    /// # fn test<RateLimit: waxwing::Extension>() {
    ///
    /// let host = Host::builder::<RateLimit>().profile(Profile::APISIX).start();
    /// host.exchange(Request::get("/")).response().assert_status(200);
    /// # }
    /// ```
    pub fn profile(mut self, profile: Profile) -> Self {
        self.settings.profile = profile;
        self
    }

    /// Sets the configuration of the plugin: bytes, text, or a [`json!`](crate::json) value.
    pub fn config(mut self, config: impl IntoConfig) -> Self {
        self.settings.config = config.into_config();
        self
    }

    /// Sets the configuration of the VM, which all plugins in a VM share.
    pub fn vm_config(mut self, config: impl IntoConfig) -> Self {
        self.settings.vm_config = config.into_config();
        self
    }

    /// Sets the name of the plugin, `plugin` by default; the extension reads it as the property
    /// `plugin_name`.
    pub fn plugin_name(mut self, name: impl Into<String>) -> Self {
        self.settings.plugin_name = name.into();
        self
    }

    /// Sets the root id, which chooses among the extensions of a module; empty by default.
    pub fn root_id(mut self, root_id: impl Into<String>) -> Self {
        self.settings.root_id = root_id.into();
        self
    }

    /// Sets the id of the VM; empty by default.
    pub fn vm_id(mut self, vm_id: impl Into<String>) -> Self {
        self.settings.vm_id = vm_id.into();
        self
    }

    /// Sets the number of workers, 1 by default: threads of the proxy, each with a VM of its own.
    ///
    /// They share the clock, and what a host shares among its VMs. [`Host::worker`] gives one of them.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn workers(mut self, workers: usize) -> Self {
        assert!(workers > 0, "a host without workers does nothing: give it at least one");
        self.workers = workers;
        self
    }

    /// Lets new streams go on without the extension after a trap; by default they fail with 503. Streams that
    /// were open when it trapped fail in any case.
    pub fn fail_open(self) -> Self {
        self.failure_policy(FailurePolicy::Open)
    }

    /// Sets what becomes of streams after a trap.
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Self {
        self.settings.failure_policy = policy;
        self
    }

    /// Allows what the host would flag, and fail the test for: the extension means to do it.
    ///
    /// ```no_run
    /// use waxwing_testing::{Host, Misuse, Request};
    /// # fn test<Mirror: waxwing::Extension>() {
    ///
    /// // It tells another service of each request, and needs no answer.
    /// let host = Host::builder::<Mirror>().allow(Misuse::DroppedCallout).start();
    /// host.exchange(Request::get("/")).response().assert_status(200);
    /// # }
    /// ```
    pub fn allow(mut self, misuse: Misuse) -> Self {
        self.settings.strictness.allowed.push(misuse);
        self
    }

    /// Lets no [`Misuse`] fail the test. Each is in the [timeline](crate::Timeline::misuses) all the same.
    pub fn lenient(mut self) -> Self {
        self.settings.strictness.fails = false;
        self
    }

    pub(crate) fn strictness(mut self, strictness: Strictness) -> Self {
        self.settings.strictness = strictness;
        self
    }

    /// Sets how many bytes of a body the host holds back for a stream, 1 MiB by default. Beyond, it answers
    /// 413 to the request, or 500 in place of the response.
    pub fn buffer_limit(mut self, bytes: usize) -> Self {
        self.settings.buffer_limit = bytes;
        self
    }

    /// Sets the level below which the host drops log lines, and which it answers when it is asked; with `None`, it drops
    /// all. [`LogLevel::Trace`] by default, which drops none.
    pub fn log_level(mut self, level: impl Into<Option<LogLevel>>) -> Self {
        self.settings.log_level = level.into();
        self
    }

    /// Lets a pause of a headers callback hold back the headers alone, as Envoy's option of that name does: the callbacks
    /// of the body come all the same, and the first that continues releases both.
    pub fn allow_on_headers_stop_iteration(mut self) -> Self {
        self.settings.headers_stop_alone = true;
        self
    }

    /// Sets a property of all streams. The value is in the host's encoding of the property's type, as in
    /// [`Request::property`], which takes precedence.
    pub fn property<S: AsRef<[u8]>>(
        mut self,
        path: impl IntoIterator<Item = S>,
        value: impl Into<Vec<u8>>,
    ) -> Self {
        self.settings.properties.push((property_path(path), value.into()));
        self
    }

    /// Sets an attribute of all streams; [`Request::attribute`] takes precedence.
    ///
    /// ```no_run
    /// use waxwing::attributes::{Path, Text, xds};
    /// use waxwing_testing::Host;
    /// # fn test<E: waxwing::Extension>() {
    ///
    /// let tenant = Path::metadata("tenants").then("name");
    /// let host = Host::builder::<E>()
    ///     .attribute(xds::NODE_ID, "edge-1")
    ///     .attribute(tenant.of::<Text>(), "acme")
    ///     .start();
    /// # }
    /// ```
    pub fn attribute<K: Kind>(mut self, attribute: Attribute<'_, K>, value: impl AttributeValue<K>) -> Self {
        self.settings.properties.push(attribute::given(attribute, &value));
        self
    }

    pub(crate) fn routes(mut self, routes: &[Route]) -> Self {
        self.settings.routes = routes.to_vec();
        self
    }

    pub(crate) fn expressions(mut self, expressions: &[(String, Vec<u8>)]) -> Self {
        self.settings.expressions.extend_from_slice(expressions);
        self
    }

    /// Adds a name to DNS, with its addresses. A lookup is answered as soon as nothing else is to be done at that moment;
    /// the addresses live for 60 seconds, and have port 0, as in Envoy.
    ///
    /// Without it, `localhost` and IP addresses are known, and every other name has no addresses, which in Envoy is not a
    /// failure.
    ///
    /// ```no_run
    /// use std::net::Ipv4Addr;
    /// use waxwing_testing::Host;
    /// # fn test<E: waxwing::Extension>() {
    ///
    /// let host = Host::builder::<E>().dns("origin.internal", [Ipv4Addr::new(10, 0, 0, 7)]).start();
    /// # }
    /// ```
    pub fn dns(
        mut self,
        name: impl Into<String>,
        addresses: impl IntoIterator<Item = impl Into<IpAddr>>,
    ) -> Self {
        let addresses = addresses.into_iter().map(Into::into).collect();
        self.settings.names.push((name.into(), Some(addresses)));
        self
    }

    /// Lets each lookup of a name fail, as it does if no server of DNS answers.
    pub fn dns_failure(mut self, name: impl Into<String>) -> Self {
        self.settings.names.push((name.into(), None));
        self
    }

    /// Adds a foreign function: what it answers to its argument, or the status with which it refuses.
    ///
    /// It takes the place of one of the host's own: `clear_route_cache`, `set_envoy_filter_state`,
    /// `declare_property`, `compress`, `uncompress`, and those of expressions.
    ///
    /// ```no_run
    /// use waxwing_testing::Host;
    /// # fn test<E: waxwing::Extension>() {
    ///
    /// let host = Host::builder::<E>().foreign_function("zone_of", |_address| Ok(b"eu-1".to_vec())).start();
    /// # }
    /// ```
    pub fn foreign_function(
        mut self,
        name: impl Into<String>,
        function: impl Fn(&[u8]) -> Result<Vec<u8>, Status> + 'static,
    ) -> Self {
        self.settings.foreign_functions.push((name.into(), Rc::new(function)));
        self
    }

    /// Sets the value of a CEL expression, by its source; the model evaluates none, and refuses those that it does not
    /// know.
    ///
    /// ```no_run
    /// use waxwing::attributes::Bool;
    /// use waxwing_testing::Host;
    /// # fn test<E: waxwing::Extension>() {
    ///
    /// let host = Host::builder::<E>().expression::<Bool>("source.port > 1024", true).start();
    /// # }
    /// ```
    pub fn expression<K: Kind>(mut self, source: impl Into<String>, value: impl AttributeValue<K>) -> Self {
        self.settings.expressions.push((source.into(), value.encode()));
        self
    }

    /// Sets what the upstream does: a [`Response`](crate::Response), or an [`Answer`] that takes its time or fails. By default
    /// it [echoes](crate::echo).
    pub fn origin<A: Into<Answer>>(mut self, origin: impl Fn(&Request) -> A + 'static) -> Self {
        self.settings.origin = Rc::new(move |request| origin(request).into());
        self
    }

    /// Makes an upstream for callouts known, as [`Host::upstream`] does, before the extension starts.
    ///
    /// # Panics
    ///
    /// If there is one of that name already.
    #[track_caller]
    pub fn upstream(self, upstream: &Upstream) -> Self {
        self.upstreams.add(upstream.clone());
        self
    }

    /// Makes an upstream for callouts known whose every answer is what the closure says.
    ///
    /// # Panics
    ///
    /// If there is one of that name already.
    #[track_caller]
    pub fn cluster(self, name: impl Into<String>, answer: impl FnMut(&Request) -> Answer + 'static) -> Self {
        let upstream = Upstream::new(name);
        upstream.on(any()).answer_with(answer);
        self.upstream(&upstream)
    }

    /// Makes an upstream that serves gRPC known, as [`Host::grpc_upstream`] does, before the extension starts.
    ///
    /// # Panics
    ///
    /// If there is one of that name.
    #[track_caller]
    pub fn grpc_upstream(self, upstream: &GrpcUpstream) -> Self {
        self.grpc_upstreams.add(upstream.clone());
        self
    }

    /// Makes an upstream that serves gRPC known whose every answer is what the closure says.
    ///
    /// # Panics
    ///
    /// If there is one of that name.
    #[track_caller]
    pub fn grpc_cluster(
        self,
        name: impl Into<String>,
        answer: impl FnMut(&GrpcRequest) -> GrpcAnswer + 'static,
    ) -> Self {
        let upstream = GrpcUpstream::grpc(name);
        upstream.on(crate::matching::grpc::any()).answer_with(answer);
        self.grpc_upstream(&upstream)
    }

    /// Loads the extension and configures it, in each worker.
    ///
    /// # Panics
    ///
    /// If it does not load, refuses its configuration or traps; with what it logged.
    #[track_caller]
    pub fn start(self) -> Host {
        let started = self.try_start();
        started.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Loads the extension and configures it, in each worker.
    ///
    /// # Errors
    ///
    /// If it does not load, refuses its configuration or traps.
    #[track_caller]
    pub fn try_start(self) -> Result<Host, StartError> {
        #[cfg(feature = "link")]
        crate::link::prepare();
        let (host, started) = self.launch();
        if let Err(error) = started {
            // It says all that went wrong.
            host.process().set_watched(true);
            return Err(error);
        }
        host.process().check();
        Ok(host)
    }

    /// Loads the extension and configures it, in each worker as far as that goes; and the host as it is then.
    pub(crate) fn launch(self) -> (Host, Result<(), StartError>) {
        let process = Process::new(self.settings, self.upstreams, self.grpc_upstreams, self.faults.into());
        let mut workers = Vec::new();
        let mut started = Ok(());
        for index in 0..self.workers {
            let worker = WorkerCore::new(&process, index, self.guest.clone()).map_err(NotMade::Unloadable);
            started = worker.map_err(|reason| StartError::new(reason, Vec::new())).and_then(|worker| {
                let worker = Rc::new(worker);
                workers.push(worker.clone());
                let started = worker.vm().start().map_err(NotMade::Refused);
                started.map_err(|reason| StartError::new(reason, worker.logs()))
            });
            if started.is_err() {
                break;
            }
        }
        if started.is_ok() {
            process.settle();
        }
        (Host::new(process, workers, self.guest), started)
    }
}

impl fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostBuilder").field("plugin_name", &self.settings.plugin_name).finish_non_exhaustive()
    }
}

/// Envoy's default.
const BUFFER_LIMIT: usize = 1024 * 1024;
