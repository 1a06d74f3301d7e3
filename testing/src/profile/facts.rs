//! What a profile consists of.

use super::Support;
use waxwing::__private::Callback;

/// What a host does. Each fact is one that hosts differ in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) name: &'static str,
    /// The imports that do not simply work.
    pub(crate) imports: &'static [(Support, &'static [&'static str])],
    /// The callbacks that are never made.
    pub(crate) silent: &'static [Callback],
    /// The exports without which a module does not load, beside an allocator.
    pub(crate) required: &'static [&'static str],
    pub(crate) start: Start,
    /// In bytes; `None` if it is not of a size that matters.
    pub(crate) memory_limit: Option<usize>,
    /// Whether header callbacks are told how many headers there are.
    pub(crate) counts_headers: bool,
    /// Whether header callbacks are told that the message ends with them.
    pub(crate) ends_with_headers: bool,
    pub(crate) pauses: Pauses,
    pub(crate) tick: Tick,
    pub(crate) targets: Targets,
    /// Whether a callout can time out.
    pub(crate) times_callouts: bool,
    /// The token of the first HTTP callout, and how far it is to the next.
    pub(crate) tokens: (u32, u32),
    pub(crate) told_of_callouts: ToldOfCallouts,
    pub(crate) failed_callouts: FailedCallouts,
    pub(crate) resumption: Resumption,
    pub(crate) buffers: Buffers,
    pub(crate) maps: Maps,
    /// Where a local response can be sent; anywhere if it is `None`.
    pub(crate) local_responses: Option<&'static [Callback]>,
    /// Whether the configuration of the plugin can be read at any time.
    pub(crate) keeps_configuration: bool,
    pub(crate) properties: Properties,
    /// How many bytes of headers and body can be changed in a callback.
    pub(crate) change_limit: Option<usize>,
    /// The headers whose changes are ignored; those that begin so where there is a `*`.
    pub(crate) fixed_headers: &'static [&'static str],
    /// What is in front of a metric's name.
    pub(crate) metric_prefix: Option<&'static str>,
}

/// What is called when a module has been loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// `_initialize`, or `_start` if there is none.
    InitializeFirst,
    /// `_start`, or `_initialize` if there is none.
    StartFirst,
}

/// Where a callback can hold a message back, and with which actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pauses {
    /// Anywhere, with all actions of Envoy.
    Anywhere,
    /// Here, with the plain pause; anything else fails the request.
    Only(&'static [Callback]),
}

/// What becomes of a tick period that is set again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    Replaced,
    /// The second call traps.
    SetOnce,
}

/// What the target of a callout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Targets {
    /// The name of a cluster, which has to exist.
    Cluster,
    /// A host and perhaps a port, which are looked up when the call is under way. A call that cannot be made traps.
    HostAndPort,
    /// Ignored: the call goes where `:authority` says.
    Authority,
}

/// Whose context id the end of a callout comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToldOfCallouts {
    Root,
    /// Of the context that made it, with which it ends.
    Caller,
}

/// What a callout without a response looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailedCallouts {
    /// A response of the proxy's; nothing at all if the upstream had begun to answer.
    ProxysResponse,
    /// Nothing, but a header `:dispatch_status` that says why.
    DispatchStatus,
}

/// Who lets a message go on when its callouts have been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resumption {
    Guest,
    /// The host, if the guest has not done it.
    Host,
    /// The host, which also holds the message back, whatever the callback returns.
    HostAlways,
}

/// What becomes of a buffer that cannot be read or changed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buffers {
    /// Empty, or not there.
    Envoys,
    Trap,
    /// Those of TCP, gRPC and calls end the proxy.
    Abort,
    /// Not there; a body is only there in its own callback.
    OwnCallback,
}

/// Which header maps there are in a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maps {
    Envoys,
    /// That of the running headers callback; any other is a bad argument, also to be read whole.
    OwnCallback,
}

/// Which properties there are, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Properties {
    /// Envoy's, with types.
    Envoys,
    /// Some of Envoy's, as text, and names that begin with `wasmx` and `ngx`.
    Text,
    /// The name of the plugin, and what the test gives.
    Few,
    /// Envoy's; one that is not there is empty.
    EmptyIfUnknown,
    /// What the test gives: what is forwarded to a plugin.
    Given,
}

impl Facts {
    /// Those of Envoy, from which the others are made.
    pub(super) const ENVOY: Facts = Facts {
        name: "Envoy",
        imports: &[],
        silent: &[],
        required: &[],
        start: Start::InitializeFirst,
        memory_limit: None,
        counts_headers: true,
        ends_with_headers: true,
        pauses: Pauses::Anywhere,
        tick: Tick::Replaced,
        targets: Targets::Cluster,
        times_callouts: true,
        tokens: (4, 4),
        told_of_callouts: ToldOfCallouts::Root,
        failed_callouts: FailedCallouts::ProxysResponse,
        resumption: Resumption::Guest,
        buffers: Buffers::Envoys,
        maps: Maps::Envoys,
        local_responses: None,
        keeps_configuration: false,
        properties: Properties::Envoys,
        change_limit: None,
        fixed_headers: &[],
        metric_prefix: Some("wasmcustom."),
    };
}
