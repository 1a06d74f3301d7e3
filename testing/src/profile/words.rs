//! The facts of a profile in words.

use super::facts::{
    Buffers, Facts, FailedCallouts, Maps, Pauses, Properties, Resumption, Start, Targets, Tick,
    ToldOfCallouts,
};
use waxwing::__private::Callback;

impl Facts {
    /// A subject and what is so on this host, for each.
    pub(super) fn in_words(&self) -> Vec<(&'static str, String)> {
        let required =
            ["an allocator"].into_iter().chain(self.required.iter().copied()).collect::<Vec<_>>().join(", ");
        let trailers = [Callback::RequestTrailers, Callback::ResponseTrailers];
        let shows_trailers = !trailers.iter().any(|callback| self.silent.contains(callback));
        let (first, step) = self.tokens;
        vec![
            ("exports that a module needs", required),
            ("start of a module", self.start_in_words().to_owned()),
            ("memory of a module", self.memory_limit.map_or_else(|| "any".to_owned(), mebibytes)),
            ("number of headers", told(self.counts_headers, "always 0")),
            ("end of stream with headers", told(self.ends_with_headers, "always false")),
            ("trailers", if shows_trailers { "shown" } else { "past the extension" }.to_owned()),
            ("pause", self.pauses_in_words()),
            ("tick period set again", self.tick_in_words().to_owned()),
            ("target of a callout", self.targets_in_words().to_owned()),
            ("timeout of a callout", if self.times_callouts { "kept" } else { "ignored" }.to_owned()),
            ("tokens of callouts", format!("{first}, {}, …", first + step)),
            ("who is told of a callout's end", self.told_in_words().to_owned()),
            ("callout that fails", self.failed_callouts_in_words().to_owned()),
            ("who resumes after callouts", self.resumption_in_words().to_owned()),
            ("buffer out of its phase", self.buffers_in_words().to_owned()),
            ("header map out of its phase", self.maps_in_words().to_owned()),
            ("local response", self.local_responses.map_or_else(|| "anywhere".to_owned(), callbacks)),
            (
                "plugin's configuration",
                if self.keeps_configuration { "always" } else { "while it is configured" }.to_owned(),
            ),
            ("properties", self.properties_in_words().to_owned()),
            ("changes in a callback", self.change_limit.map_or_else(|| "any".to_owned(), kibibytes)),
            (
                "headers that cannot be changed",
                if self.fixed_headers.is_empty() { "none" } else { "those below" }.to_owned(),
            ),
            ("metric `m` of the plugin `p`", self.metric_in_words()),
        ]
    }

    fn start_in_words(&self) -> &'static str {
        match self.start {
            Start::InitializeFirst => "`_initialize`, else `_start`",
            Start::StartFirst => "`_start`, else `_initialize`",
        }
    }

    fn pauses_in_words(&self) -> String {
        match self.pauses {
            Pauses::Anywhere => "anywhere".to_owned(),
            Pauses::Only(allowed) => {
                format!("{}, and no other action; else the request fails", callbacks(allowed))
            }
        }
    }

    fn tick_in_words(&self) -> &'static str {
        match self.tick {
            Tick::Replaced => "replaced",
            Tick::SetOnce => "traps",
        }
    }

    fn targets_in_words(&self) -> &'static str {
        match self.targets {
            Targets::Cluster => "a cluster",
            Targets::HostAndPort => "`host[:port]`, looked up later",
            Targets::Authority => "ignored: `:authority`",
        }
    }

    fn told_in_words(&self) -> &'static str {
        match self.told_of_callouts {
            ToldOfCallouts::Root => "the root context",
            ToldOfCallouts::Caller => "the caller",
        }
    }

    fn failed_callouts_in_words(&self) -> &'static str {
        match self.failed_callouts {
            FailedCallouts::ProxysResponse => "the proxy's 503 or 504",
            FailedCallouts::DispatchStatus => "no headers by count, `:dispatch_status`",
        }
    }

    fn resumption_in_words(&self) -> &'static str {
        match self.resumption {
            Resumption::Guest => "the extension",
            Resumption::Host => "the host, if the extension has not",
            Resumption::HostAlways => "the host, which always waits",
        }
    }

    fn buffers_in_words(&self) -> &'static str {
        match self.buffers {
            Buffers::Envoys => "empty, or 1",
            Buffers::Trap => "traps",
            Buffers::Abort => "empty, or 1; of TCP, gRPC and calls aborts",
            Buffers::OwnCallback => "1",
        }
    }

    fn maps_in_words(&self) -> &'static str {
        match self.maps {
            Maps::Envoys => "2; read whole empty",
            Maps::OwnCallback => "2",
        }
    }

    fn properties_in_words(&self) -> &'static str {
        match self.properties {
            Properties::Envoys => "Envoy's, typed",
            Properties::Text => "some of Envoy's as text, `wasmx.…`, `ngx.…`",
            Properties::Few => "few",
            Properties::EmptyIfUnknown => "Envoy's; unknown ones empty",
            Properties::Given => "those forwarded",
        }
    }

    fn metric_in_words(&self) -> String {
        match self.metric_prefix {
            Some(prefix) => format!("`{}m`", prefix.replace(super::PLUGIN, "p")),
            None => "none".to_owned(),
        }
    }
}

fn told(is_told: bool, otherwise: &str) -> String {
    if is_told { "told".to_owned() } else { otherwise.to_owned() }
}

fn mebibytes(bytes: usize) -> String {
    format!("{} MiB", bytes >> 20)
}

fn kibibytes(bytes: usize) -> String {
    format!("{} KiB", bytes >> 10)
}

/// The callbacks of a message's way, without what their names have in common.
fn callbacks(callbacks: &[Callback]) -> String {
    let name = |callback: &Callback| callback.to_string().trim_start_matches("on_").replace('_', " ");
    callbacks.iter().map(name).collect::<Vec<_>>().join(", ")
}
