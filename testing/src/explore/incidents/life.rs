//! How extensions and streams begin and end.

use super::incident::Variant;
use super::message::of_requests;
use crate::scenario::Scenario;
use crate::{EndOfStream, Host, Request, Response, Step};
use std::time::Duration;

/// Configurations that are none: an extension may refuse them, or do without.
pub(super) fn configuration_is_garbage(scenario: &Scenario) -> Vec<Variant> {
    let configs: [&[u8]; 6] = [b"", b"{", b"null", b"[]", b"\xff\xfe\0", b"{\"x\": 1e999}"];
    let other = configs.into_iter().filter(|config| *config != scenario.configuration());
    other.map(|config| Variant::new(scenario.with_config(config)).may_refuse()).collect()
}

/// The same configuration a second time, before any request.
pub(super) fn configured_twice(scenario: &Scenario) -> Vec<Variant> {
    let config = scenario.configuration().to_vec();
    let again = Variant::new(scenario.clone()).like(scenario.clone()).before(move |host| {
        host.configure_anew(config.clone())
            .map_err(|error| format!("the same configuration is refused: {error}"))
    });
    vec![again]
}

/// Two workers, of which the second finds what the first has made: shared data, queues, metrics.
pub(super) fn a_second_worker_starts(scenario: &Scenario) -> Vec<Variant> {
    if scenario.worker_count() > 1 {
        return Vec::new();
    }
    let requests = scenario.requests_by_worker();
    let both = requests
        .iter()
        .flat_map(|(_, request)| [0, 1].map(|worker| Step::Request { worker, request: request.clone() }));
    of_requests(scenario, [scenario.with_steps(both).workers(2)])
}

/// A stream that the proxy has answered by itself: the extension sees a response without a request, or the end alone.
pub(super) fn a_stream_is_only_logged(scenario: &Scenario) -> Vec<Variant> {
    let Some((_, first)) = scenario.requests_by_worker().into_iter().next() else { return Vec::new() };
    let variants = of_requests(scenario, [scenario.clone(), scenario.clone()]);
    let befores: [fn(&Host, &Request); 2] = [
        |host, _| {
            let answered = host.begin();
            answered.send_response(&Response::new(400));
        },
        |host, request| {
            let gone = host.begin();
            gone.send_request_headers(request, EndOfStream::No);
            gone.disconnect();
        },
    ];
    variants
        .into_iter()
        .zip(befores)
        .map(|(variant, before)| {
            let request = first.clone();
            variant.before(move |host| {
                before(host, &request);
                Ok(())
            })
        })
        .collect()
}

/// Nothing is asked for ten minutes.
pub(super) fn minutes_pass(scenario: &Scenario) -> Vec<Variant> {
    const MINUTES: Duration = Duration::from_secs(10 * 60);
    let steps = scenario.steps().iter().cloned();
    let around = [Step::Wait(MINUTES)].into_iter().chain(steps.flat_map(|step| [step, Step::Wait(MINUTES)]));
    match scenario.steps().iter().any(|step| matches!(step, Step::Wait(_))) {
        // What it waits for is its own affair.
        true => Vec::new(),
        false => of_requests(scenario, [scenario.with_steps(around)]),
    }
}
