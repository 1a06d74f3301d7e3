//! What hosts other than Envoy do instead: where the model asks its profile.
//!
//! | question | asked |
//! |---|---|
//! | what becomes of this host call? | [`verdict`](HostCore::verdict), in front of each |
//! | what is a headers callback told? | [`headers_arguments`](HostCore::headers_arguments) |
//! | may the callback return that? | [`allowed`](HostCore::allowed), behind each of a message's way |
//! | does the extension see trailers? | [`shows_trailers`](HostCore::shows_trailers) |
//! | which headers can be changed? | [`fixed_headers`](HostCore::fixed_headers) |
//!
//! Callouts ask the facts themselves (`callout`), and so does what makes a property's value (`property_form`).

use super::HostCore;
use super::direction::{Iteration, Side};
use super::local_response::LocalReply;
use super::queue::AfterCall;
use super::stream::Stream;
use super::vm::Called;
use crate::HeaderList;
use crate::host_call::HostCall;
use crate::misuse::Misuse;
use crate::panic;
use crate::profile::{Buffers, Facts, Maps, Pauses, Resumption, Support, Targets, Tick};
use crate::scenario::FailurePolicy;
use crate::timeline::Arguments;
use crate::trap::Sighting;
use std::rc::Rc;
use waxwing::__private::{Answer, BufferType, Callback, MapType};
use waxwing::Status;

/// What becomes of a host call.
pub(super) enum Verdict {
    /// It does what it is for.
    Act,
    Refuse(Status),
    /// It succeeds without doing anything.
    Pretend,
    Stop(Stop),
}

/// The end of a guest, by the host that it calls.
pub(super) struct Stop {
    cause: StopCause,
    message: String,
}

impl Stop {
    /// A trap with this message.
    pub(super) fn trap(message: impl Into<String>) -> Self {
        Stop { cause: StopCause::Trap, message: message.into() }
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

/// How far the end goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopCause {
    /// The VM traps.
    Trap,
    /// The proxy's process ends.
    Abort,
    /// A module would not have been loaded.
    Missing,
}

/// Why streams end with the proxy.
const ABORTED: &str = "proxy_aborted";

impl HostCore {
    pub(super) fn facts(&self) -> &'static Facts {
        self.settings().profile.data()
    }

    /// What becomes of a host call for the stream that it acts on.
    pub(super) fn verdict(&self, call: &HostCall, stream: Option<&Stream>) -> Verdict {
        let profile = self.settings().profile;
        match profile.support_of_call(call.name()) {
            Support::Works => {}
            Support::Refused(status) => return Verdict::Refuse(status),
            Support::NoEffect => return Verdict::Pretend,
            Support::Traps => return self.trapping(format!("{} is not implemented", call.import_name())),
            Support::Aborts => return self.aborting(format!("{} is not implemented", call.import_name())),
            Support::Missing => {
                let import = call.import_name();
                let message =
                    format!("{import} is missing in {profile}: a module that imports it does not load");
                return Verdict::Stop(Stop { cause: StopCause::Missing, message });
            }
        }
        match call {
            HostCall::SetTickPeriod { .. } if self.facts().tick == Tick::SetOnce && self.tick_was_set() => {
                self.trapping("the tick period is set already".to_owned())
            }
            HostCall::HttpCall { headers, .. } if self.facts().targets == Targets::HostAndPort => {
                let has =
                    |name: &str| headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
                match [":method", ":path", ":authority"].into_iter().find(|name| !has(name)) {
                    Some(missing) => self.trapping(format!("the callout has no {missing}")),
                    None => Verdict::Act,
                }
            }
            HostCall::SendLocalResponse { .. } => match (self.facts().local_responses, self.vm.callback()) {
                (Some(allowed), Some(callback)) if !allowed.contains(&callback) => {
                    Verdict::Refuse(Status::BAD_ARGUMENT)
                }
                _ => Verdict::Act,
            },
            HostCall::BufferBytes { buffer, .. } | HostCall::BufferStatus { buffer } => {
                self.buffer_verdict(*buffer, stream)
            }
            HostCall::SetBufferBytes { buffer, data, .. } => match self.buffer_verdict(*buffer, stream) {
                Verdict::Act => self.change_verdict(stream, data.len()),
                verdict => verdict,
            },
            HostCall::HeaderMapPairs { map }
            | HostCall::HeaderMapValue { map, .. }
            | HostCall::HeaderMapSize { map } => self.map_verdict(*map),
            HostCall::AddHeaderMapValue { map, key, value }
            | HostCall::ReplaceHeaderMapValue { map, key, value } => {
                self.edit_verdict(*map, stream, key.len() + value.len())
            }
            HostCall::RemoveHeaderMapValue { map, key } => self.edit_verdict(*map, stream, key.len()),
            HostCall::SetHeaderMapPairs { map, pairs } => {
                let size = pairs.iter().map(|(key, value)| key.len() + value.len()).sum();
                self.edit_verdict(*map, stream, size)
            }
            _ => Verdict::Act,
        }
    }

    fn trapping(&self, what: String) -> Verdict {
        let message = format!("{what}: {} traps", self.settings().profile);
        Verdict::Stop(Stop { cause: StopCause::Trap, message })
    }

    fn aborting(&self, what: String) -> Verdict {
        let message = format!("{what}: the whole proxy aborts, as {} does", self.settings().profile);
        Verdict::Stop(Stop { cause: StopCause::Abort, message })
    }

    fn buffer_verdict(&self, buffer: BufferType, stream: Option<&Stream>) -> Verdict {
        let side = match buffer {
            BufferType::HTTP_REQUEST_BODY => Some(Side::Request),
            BufferType::HTTP_RESPONSE_BODY => Some(Side::Response),
            _ => None,
        };
        let name = || buffer.name().unwrap_or("buffer").to_lowercase().replace('_', " ");
        match self.facts().buffers {
            Buffers::Envoys => Verdict::Act,
            Buffers::Trap => {
                let is_there = match side {
                    Some(side) => stream
                        .is_some_and(|stream| stream.state_mut().direction_mut(side).visible_mut().is_some()),
                    None if buffer == BufferType::HTTP_CALL_RESPONSE_BODY => {
                        self.with_callout_response(|_| ()).is_some()
                    }
                    None => true,
                };
                if is_there { Verdict::Act } else { self.trapping(format!("there is no {} now", name())) }
            }
            Buffers::Abort => match buffer {
                BufferType::DOWNSTREAM_DATA
                | BufferType::UPSTREAM_DATA
                | BufferType::GRPC_MESSAGE
                | BufferType::CALL_DATA => self.aborting(format!("the buffer {} is not implemented", name())),
                _ => Verdict::Act,
            },
            Buffers::OwnCallback => {
                let own = match side {
                    Some(Side::Request) => self.vm.is_running(Callback::RequestBody),
                    Some(Side::Response) => self.vm.is_running(Callback::ResponseBody),
                    None => buffer == BufferType::PLUGIN_CONFIGURATION,
                };
                if own { Verdict::Act } else { Verdict::Refuse(Status::NOT_FOUND) }
            }
        }
    }

    fn map_verdict(&self, map: MapType) -> Verdict {
        let own = match map {
            MapType::HTTP_REQUEST_HEADERS => self.vm.is_running(Callback::RequestHeaders),
            MapType::HTTP_RESPONSE_HEADERS => self.vm.is_running(Callback::ResponseHeaders),
            _ => false,
        };
        match self.facts().maps {
            Maps::OwnCallback if !own => Verdict::Refuse(Status::BAD_ARGUMENT),
            Maps::OwnCallback | Maps::Envoys => Verdict::Act,
        }
    }

    fn edit_verdict(&self, map: MapType, stream: Option<&Stream>, size: usize) -> Verdict {
        match self.map_verdict(map) {
            Verdict::Act => self.change_verdict(stream, size),
            verdict => verdict,
        }
    }

    /// Counts what a callback changes. What is too much is done; the request fails behind the callback.
    fn change_verdict(&self, stream: Option<&Stream>, size: usize) -> Verdict {
        let (before, now) = (self.vm.changed.get(), self.vm.changed.get() + size);
        self.vm.changed.set(now);
        if let (Some(limit), Some(stream)) = (self.facts().change_limit, stream)
            && before <= limit
            && now > limit
        {
            let text = format!("a callback changes more than {limit} bytes: the request fails");
            self.flag(stream, Misuse::TooMuchChanged, text);
            self.vm.request_stop();
            let reply = LocalReply::too_much_changed();
            self.vm.after_call(AfterCall::Reply(stream.context, reply));
        }
        Verdict::Act
    }

    /// Ends the guest that is calling. While it is being unwound, all that can be done is to refuse.
    pub(super) fn stop_guest<T>(&self, stop: Stop) -> Answer<T> {
        if std::thread::panicking() {
            return Err(Status::INTERNAL_FAILURE);
        }
        self.vm.stops_because(stop.cause);
        panic::stop(stop.message)
    }

    /// What the end of this VM is for the others, and for the test.
    pub(super) fn after_stop(self: &Rc<Self>, cause: StopCause, trap: &Sighting) {
        match cause {
            StopCause::Trap => {}
            StopCause::Missing => {
                self.vm.is_missing.set(true);
                self.process.fail(trap.look().message.clone());
            }
            StopCause::Abort => {
                self.process.aborted.set(true);
                for vm in self.process.vms() {
                    vm.vm.kill(trap);
                    vm.reset_all(ABORTED);
                }
            }
        }
    }

    /// Whether streams pass a VM that is dead.
    pub(super) fn passes_dead_vm(&self) -> bool {
        self.settings().failure_policy == FailurePolicy::Open && !self.process.aborted.get()
    }

    /// Ends a stream with the proxy, if that has ended.
    pub(super) fn ends_with_proxy(self: &Rc<Self>, stream: &Rc<Stream>) -> bool {
        let aborted = self.process.aborted.get();
        if aborted {
            self.reset(stream, ABORTED);
        }
        aborted
    }

    /// What a headers callback is told.
    pub(super) fn headers_arguments(&self, count: usize, end_of_stream: bool) -> Arguments {
        let facts = self.facts();
        Arguments::Headers {
            count: if facts.counts_headers { count } else { 0 },
            end_of_stream: end_of_stream && facts.ends_with_headers,
        }
    }

    /// Whether the extension is shown the trailers of this direction.
    pub(super) fn shows_trailers(&self, side: Side) -> bool {
        self.settings().profile.calls(match side {
            Side::Request => Callback::RequestTrailers,
            Side::Response => Callback::ResponseTrailers,
        })
    }

    /// What a callback has returned, as the host takes it. What it does not allow is answered already.
    pub(super) fn allowed(
        self: &Rc<Self>,
        stream: &Rc<Stream>,
        callback: Callback,
        called: Called,
    ) -> Called {
        let Called::Returned { value, replied: false } = called else { return called };
        match self.facts().pauses {
            Pauses::Only(allowed) if value > 1 || (value == 1 && !allowed.contains(&callback)) => {
                let profile = self.settings().profile;
                let text = format!(
                    "{callback} returns {value}, which {profile} does not allow there: the request fails"
                );
                self.flag(stream, Misuse::ForbiddenPause, text);
                stream.state_mut().failed = true;
                self.reply(stream, LocalReply::action_not_allowed());
                Called::Returned { value, replied: true }
            }
            _ if value == 0
                && self.facts().resumption == Resumption::HostAlways
                && !self.open_callouts(Some(stream.context)).is_empty() =>
            {
                stream.journal.host(format!("{} waits for the callout", self.settings().profile));
                Called::Returned { value: 1, replied: false }
            }
            Pauses::Only(_) | Pauses::Anywhere => called,
        }
    }

    /// Lets a message go on whose callouts have all ended, where the host does so by itself.
    pub(super) fn go_on_after_callouts(self: &Rc<Self>, context: u32) {
        if self.facts().resumption == Resumption::Guest || !self.open_callouts(Some(context)).is_empty() {
            return;
        }
        let Some(stream) = self.stream(context) else { return };
        let held = |side: &Side| stream.state().direction(*side).iteration != Iteration::Continue;
        if let Some(side) = [Side::Request, Side::Response].into_iter().find(held) {
            stream.journal.host(format!("{} resumes by itself", self.settings().profile));
            self.continue_stream(&stream, side);
        }
    }

    /// The headers of a map whose changes are ignored.
    pub(super) fn fixed_headers(&self, list: &HeaderList) -> Vec<(Vec<u8>, Vec<u8>)> {
        if self.facts().fixed_headers.is_empty() {
            return Vec::new();
        }
        let fixed = list.iter().filter(|(name, _)| self.is_fixed(name));
        fixed.map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
    }

    /// Puts back the headers whose changes are ignored, where they have changed.
    pub(super) fn put_back(&self, list: &mut HeaderList, fixed: &[(Vec<u8>, Vec<u8>)]) {
        let changed = self.fixed_headers(list);
        if changed == fixed {
            return;
        }
        for (name, _) in changed {
            list.remove(&name);
        }
        for (name, value) in fixed {
            list.add(name.clone(), value.clone());
        }
    }

    fn is_fixed(&self, name: &[u8]) -> bool {
        self.facts().fixed_headers.iter().any(|fixed| match fixed.strip_suffix('*') {
            Some(start) => {
                name.get(..start.len()).is_some_and(|name| name.eq_ignore_ascii_case(start.as_bytes()))
            }
            None => name.eq_ignore_ascii_case(fixed.as_bytes()),
        })
    }
}
