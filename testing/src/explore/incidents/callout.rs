//! What becomes of callouts.

use super::incident::Variant;
use super::message::without_length;
use crate::scenario::Scenario;
use crate::{Answer, Client, GrpcAnswer, Request, Response, Step};
use std::time::Duration;

/// How long an answer takes that comes late: less than any timeout that makes sense.
const LATE: Duration = Duration::from_millis(20);

/// The connection breaks, before the response or in the middle of it: a callback without headers.
pub(super) fn fails(scenario: &Scenario) -> Vec<Variant> {
    let reset = scenario.with_answers(|_| Answer::Reset, |_| GrpcAnswer::reset());
    let begun = |_| Answer::BreakOff(Response::new(200).body("begun"));
    let broken = scenario.with_answers(begun, |_| GrpcAnswer::stream().metadata("x-a", "1").break_off());
    denied(of_callouts(scenario, [reset, broken]))
}

/// Nobody answers in time, which in Envoy looks like a response with 504, or a gRPC status.
pub(super) fn times_out(scenario: &Scenario) -> Vec<Variant> {
    // As Envoy words it, for a callout that has no timeout at all.
    let late = |_| -> Answer { Response::new(504).body("upstream request timeout").into() };
    let late_grpc = |_| GrpcAnswer::error(UNAVAILABLE, "upstream request timeout{response_timeout}");
    denied(of_callouts(scenario, [scenario.with_answers(late, late_grpc)]))
}

/// There is no such cluster: the host refuses the call.
pub(super) fn is_refused(scenario: &Scenario) -> Vec<Variant> {
    match scenario.has_clusters() && !scenario.requests_by_worker().is_empty() {
        true => vec![Variant::new(scenario.without_clusters()).may_refuse().denies()],
        false => Vec::new(),
    }
}

/// An answer that is not what was asked for: bytes, nothing, and a page of HTML.
pub(super) fn is_answered_with_garbage(scenario: &Scenario) -> Vec<Variant> {
    let bytes = |_| -> Answer {
        Response::new(200).header("x-user", b"\xff\xfe".as_slice()).body(b"\xff\xfe\0{".as_slice()).into()
    };
    let empty = |_| -> Answer { Response::new(200).into() };
    let page = |_| -> Answer { Response::new(500).header("content-type", "text/html").body("<html>").into() };
    let bytes = scenario.with_answers(bytes, |_| GrpcAnswer::reply(b"\xff\xfe\0{".as_slice()));
    let empty = scenario.with_answers(empty, |_| GrpcAnswer::reply(""));
    let page = scenario.with_answers(page, |_| GrpcAnswer::error(INTERNAL, "<html>"));
    let answered = of_callouts(scenario, [bytes, empty]);
    answered.into_iter().chain(denied(of_callouts(scenario, [page]))).collect()
}

/// The client goes away while the answer is awaited, which comes after that.
pub(super) fn client_leaves(scenario: &Scenario) -> Vec<Variant> {
    let late = scenario.with_late_answers(|_| LATE);
    of_callouts(scenario, [late.with_clients(|client| client.leaves_after(LATE / 2))])
}

/// The body arrives while the answer is awaited, before it and after.
pub(super) fn body_is_in_flight(scenario: &Scenario) -> Vec<Variant> {
    let with_body = |request: Request| without_length(request).chunks(["one ", "two ", "three"]);
    let late = scenario.with_requests(with_body).with_late_answers(|_| LATE);
    let paused = |pause| late.with_clients(|client: Client| client.pauses(pause));
    let like = scenario.with_requests(with_body).with_clients(|client| client);
    let variants = of_callouts(scenario, [LATE / 8, LATE / 2].map(paused));
    variants.into_iter().map(|variant| variant.like(like.clone())).collect()
}

/// Several requests at once, whose answers come in the opposite order.
pub(super) fn answers_come_out_of_order(scenario: &Scenario) -> Vec<Variant> {
    let mut requests = scenario.requests_by_worker();
    // Two of the same are better than one.
    if let [one] = &requests[..] {
        requests.push(one.clone());
    }
    let steps = requests.into_iter().map(|(worker, request)| Step::Request { worker, request });
    let all = scenario.with_steps(steps);
    let reversed = all.with_late_answers(|before| LATE / (before + 1));
    let variants = of_callouts(scenario, [reversed.with_clients(|client| client)]);
    variants.into_iter().map(|variant| variant.like(all.clone())).collect()
}

/// All answers deny, at the same moment: a stream that asks twice may answer twice.
pub(super) fn all_deny(scenario: &Scenario) -> Vec<Variant> {
    let deny = |(status, grpc): (u16, u32)| {
        scenario.with_answers(
            move |_| Answer::from(Response::new(status)).after(LATE),
            move |_| GrpcAnswer::error(grpc, "no").after(LATE),
        )
    };
    denied(of_callouts(
        scenario,
        [(401, UNAUTHENTICATED), (403, PERMISSION_DENIED), (500, INTERNAL)].map(deny),
    ))
}

// Statuses of gRPC.
const PERMISSION_DENIED: u32 = 7;
const INTERNAL: u32 = 13;
const UNAVAILABLE: u32 = 14;
const UNAUTHENTICATED: u32 = 16;

fn denied(variants: Vec<Variant>) -> Vec<Variant> {
    variants.into_iter().map(Variant::denies).collect()
}

/// Variants of a scenario whose requests may lead to callouts.
fn of_callouts<const N: usize>(scenario: &Scenario, variants: [Scenario; N]) -> Vec<Variant> {
    match scenario.has_answers() && !scenario.requests_by_worker().is_empty() {
        true => variants.into_iter().map(Variant::new).collect(),
        false => Vec::new(),
    }
}
