//! What clients and upstreams send.

use super::incident::Variant;
use crate::scenario::Scenario;
use crate::{Answer, HeaderList, Request, Response};

/// Bytes that no text in UTF-8 contains.
const NO_TEXT: &[u8] = b"\xff\xfe";

/// Requests whose every header is no text, and a response with one.
pub(super) fn bytes_that_are_no_text(scenario: &Scenario) -> Vec<Variant> {
    let spoiled = |mut request: Request| {
        request.headers = spoil(&request.headers);
        request.header("x-bytes", NO_TEXT)
    };
    let answered = scenario.with_origin(|_, answer| with_header(answer, "x-bytes", NO_TEXT));
    of_requests(scenario, [scenario.with_requests(spoiled), answered])
}

/// Headers that are not a message's own, with bytes at the end that are no text.
fn spoil(headers: &HeaderList) -> HeaderList {
    let mut spoiled = HeaderList::new();
    for (name, value) in headers.iter() {
        let own = name.starts_with(b":") || name == b"content-length";
        let end: &[u8] = if own { b"" } else { NO_TEXT };
        spoiled.add(name, [value, end].concat());
    }
    spoiled
}

/// Requests with each header twice, the second one empty.
pub(super) fn headers_twice(scenario: &Scenario) -> Vec<Variant> {
    let doubled = |request: Request| {
        let headers: Vec<_> = request.headers().iter().map(|(name, _)| name.to_vec()).collect();
        let own = |name: &Vec<u8>| name.starts_with(b":") || name == b"content-length";
        headers.into_iter().filter(|name| !own(name)).fold(request, |request, name| request.header(name, ""))
    };
    of_requests(scenario, [scenario.with_requests(doubled)])
}

/// Requests and responses with a body of two mebibytes, twice what a proxy holds back.
pub(super) fn bodies_beyond_the_limit(scenario: &Scenario) -> Vec<Variant> {
    const PIECE: usize = 64 * 1024;
    const PIECES: usize = 32;
    let pieces = || vec![vec![b'x'; PIECE]; PIECES];
    let large = move |request: Request| without_length(request).chunks(pieces());
    let answered = scenario.with_origin(move |_, _| Response::new(200).chunks(pieces()).into());
    of_requests(
        scenario,
        [scenario.with_requests(large).with_origin(|_, _| Response::new(200).into()), answered],
    )
}

/// Responses without a body, which end with their headers.
pub(super) fn responses_without_body(scenario: &Scenario) -> Vec<Variant> {
    let with = |status| scenario.with_origin(move |_, _| Response::new(status).into());
    of_requests(scenario, [with(204), with(304)])
}

/// Bodies in both directions that no piece ends, but trailers.
pub(super) fn trailers_end_bodies(scenario: &Scenario) -> Vec<Variant> {
    let trailing = |request: Request| without_length(request).chunks(["one ", "two"]).trailer("x-sum", "7");
    let whole = |request: Request| without_length(request).body("one two");
    let answer = |_: &Request, _: Answer| -> Answer {
        Response::new(200).chunks(["one ", "two"]).trailer("x-sum", "7").into()
    };
    of_requests(scenario, [scenario.with_requests(trailing).with_origin(answer)])
        .into_iter()
        .map(|variant| {
            let answer = |_: &Request, _: Answer| -> Answer { Response::new(200).body("one two").into() };
            variant.like(scenario.with_requests(whole).with_origin(answer))
        })
        .collect()
}

/// Messages that say how long their bodies are, which is wrong when an extension changes them.
pub(super) fn lengths_of_changed_bodies(scenario: &Scenario) -> Vec<Variant> {
    const BODY: &str = "a body of which the length is known";
    let sized = |request: Request| {
        without_length(request).header("content-length", BODY.len().to_string()).body(BODY)
    };
    let answer = |_: &Request, _: Answer| -> Answer {
        Response::new(200).header("content-length", BODY.len().to_string()).body(BODY).into()
    };
    of_requests(scenario, [scenario.with_requests(sized).with_origin(answer)])
}

/// The upstream goes away before and in the middle of its response.
pub(super) fn upstream_breaks(scenario: &Scenario) -> Vec<Variant> {
    let begun = |_: &Request, _: Answer| Answer::BreakOff(Response::new(200).body("begun"));
    of_requests(scenario, [scenario.with_origin(|_, _| Answer::Reset), scenario.with_origin(begun)])
}

/// Variants of a scenario that has requests.
pub(super) fn of_requests<const N: usize>(scenario: &Scenario, variants: [Scenario; N]) -> Vec<Variant> {
    match scenario.requests_by_worker().is_empty() {
        true => Vec::new(),
        false => variants.into_iter().map(Variant::new).collect(),
    }
}

pub(super) fn without_length(mut request: Request) -> Request {
    request.headers.remove("content-length");
    request
}

/// An answer, and whatever comes of it, with one header more.
pub(super) fn with_header(answer: Answer, name: &str, value: &[u8]) -> Answer {
    match answer {
        Answer::Respond(response) => Answer::Respond(response.header(name, value)),
        Answer::After(time, answer) => Answer::After(time, Box::new(with_header(*answer, name, value))),
        other => other,
    }
}
