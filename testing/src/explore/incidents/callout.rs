//! What becomes of callouts.

use super::incident::Variant;
use super::message::without_length;
use crate::scenario::Scenario;
use crate::{Answer, Client, Request, Response};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long an answer takes that comes late: less than any timeout that makes sense.
const LATE: Duration = Duration::from_millis(20);

/// The connection breaks, before the response or in the middle of it: a callback without headers.
pub(super) fn fails(scenario: &Scenario) -> Vec<Variant> {
    let reset = scenario.with_answers(|_, _| Answer::Reset);
    let broken = scenario.with_answers(|_, _| Answer::BreakOff(Response::new(200).body("begun")));
    denied(of_callouts(scenario, [reset, broken]))
}

/// Nobody answers in time, which in Envoy looks like a response with 504.
pub(super) fn times_out(scenario: &Scenario) -> Vec<Variant> {
    // As Envoy words it, for a callout that has no timeout at all.
    let timeout =
        |_: &Request, _: Answer| -> Answer { Response::new(504).body("upstream request timeout").into() };
    denied(of_callouts(scenario, [scenario.with_answers(timeout)]))
}

/// There is no such cluster: the host refuses the call.
pub(super) fn is_refused(scenario: &Scenario) -> Vec<Variant> {
    match scenario.has_clusters() && !scenario.requests_by_worker().is_empty() {
        true => vec![Variant::new(scenario.without_clusters()).may_refuse().denies()],
        false => Vec::new(),
    }
}

/// An answer that is not what was asked for: bytes, and nothing.
pub(super) fn is_answered_with_garbage(scenario: &Scenario) -> Vec<Variant> {
    let bytes = |_: &Request, _: Answer| -> Answer {
        Response::new(200).header("x-user", b"\xff\xfe".as_slice()).body(b"\xff\xfe\0{".as_slice()).into()
    };
    let empty = |_: &Request, _: Answer| -> Answer { Response::new(200).into() };
    let page = |_: &Request, _: Answer| -> Answer {
        Response::new(500).header("content-type", "text/html").body("<html>").into()
    };
    let answered = of_callouts(scenario, [scenario.with_answers(bytes), scenario.with_answers(empty)]);
    let failed = denied(of_callouts(scenario, [scenario.with_answers(page)]));
    answered.into_iter().chain(failed).collect()
}

/// The client goes away while the answer is awaited, which comes after that.
pub(super) fn client_leaves(scenario: &Scenario) -> Vec<Variant> {
    let late = scenario.with_answers(|_, answer| answer.after(LATE));
    of_callouts(scenario, [late.with_clients(|client| client.leaves_after(LATE / 2))])
}

/// The body arrives while the answer is awaited, before it and after.
pub(super) fn body_is_in_flight(scenario: &Scenario) -> Vec<Variant> {
    let with_body = |request: Request| without_length(request).chunks(["one ", "two ", "three"]);
    let late = scenario.with_requests(with_body).with_answers(|_, answer| answer.after(LATE));
    let variants = of_callouts(
        scenario,
        [LATE / 8, LATE / 2].map(|pause| late.with_clients(|client: Client| client.pauses(pause))),
    );
    let like = scenario.with_requests(with_body).with_clients(|client| client);
    variants.into_iter().map(|variant| variant.like(like.clone())).collect()
}

/// Several requests at once, whose answers come in the opposite order.
pub(super) fn answers_come_out_of_order(scenario: &Scenario) -> Vec<Variant> {
    let mut steps = scenario.requests_by_worker();
    // Two of the same are better than one.
    if let [one] = &steps[..] {
        steps.push(one.clone());
    }
    let all = scenario
        .with_steps(steps.into_iter().map(|(worker, request)| crate::Step::Request { worker, request }));
    let answered = AtomicU32::new(0);
    let reversed = all.with_answers(move |_, answer| {
        let before = answered.fetch_add(1, Ordering::Relaxed);
        answer.after(LATE / (before + 1))
    });
    let variants = of_callouts(scenario, [reversed.with_clients(|client| client)]);
    variants.into_iter().map(|variant| variant.like(all.clone())).collect()
}

/// All answers deny, at the same moment: a stream that asks twice may answer twice.
pub(super) fn all_deny(scenario: &Scenario) -> Vec<Variant> {
    let deny = |status| scenario.with_answers(move |_, _| Answer::from(Response::new(status)).after(LATE));
    denied(of_callouts(scenario, [deny(401), deny(403), deny(500)]))
}

fn denied(variants: Vec<Variant>) -> Vec<Variant> {
    variants.into_iter().map(Variant::denies).collect()
}

/// Variants of a scenario whose requests may lead to HTTP callouts.
fn of_callouts<const N: usize>(scenario: &Scenario, variants: [Scenario; N]) -> Vec<Variant> {
    match scenario.has_http_clusters() && !scenario.requests_by_worker().is_empty() {
        true => variants.into_iter().map(Variant::new).collect(),
        false => Vec::new(),
    }
}
