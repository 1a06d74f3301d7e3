//! What becomes of a function that fails, or panics.

use super::*;

/// Where the function fails, from the headers of the request to the end of the response.
const PLACES: [&str; 8] =
    ["headers", "callout", "answer", "piece", "body", "response", "response-piece", "end"];

/// What becomes of the exchanges that fail at each place.
fn failing(policy: &str) -> Vec<(&'static str, waxwing_testing::Exchange)> {
    let scenario = scenario(format!("failing at each place: {policy}"), "fail")
        .root_id(policy)
        .cluster("authz", |request| match request.path().as_str() {
            "/callout" => Answer::Hang,
            _ => Response::new(200).into(),
        })
        .origin(|_| Answer::Slowly(Response::new(200).chunks(["ef", "gh"]).empty_end(), ms(40)));
    let upload = |place| Request::post(&format!("/{place}")).chunks(["ab", "cd"]).empty_end();
    let [run] = compare([PLACES.iter().fold(scenario, |scenario, place| {
        // The upstream sees what has gone on before it is over.
        scenario.client(Client::new(upload(place)).pauses(ms(60)))
    })]);
    for (exchange, place) in run.exchanges().iter().zip(PLACES) {
        match place {
            "callout" => exchange.logs().assert_contains("awaiting an HTTP callout"),
            place => exchange.logs().assert_contains(&format!("told to fail at the {place}")),
        };
    }
    PLACES.into_iter().zip(run.exchanges().iter().cloned()).collect()
}

#[test]
fn failing_closed_answers_500_or_resets() {
    for (place, exchange) in failing("closed") {
        match place {
            "headers" | "callout" | "answer" => {
                exchange.response().assert_status(500);
                exchange.assert_not_forwarded();
            }
            "piece" | "body" | "response" => {
                exchange.response().assert_status(500);
            }
            "response-piece" => assert_eq!(exchange.outcome(), Outcome::Reset),
            _ => assert_eq!(exchange.outcome(), Outcome::Forwarded, "{place}"),
        }
    }
}

#[test]
fn failing_open_lets_everything_pass() {
    for (_, exchange) in failing("open") {
        exchange.upstream_request().assert_body("abcd");
        exchange.response().assert_status(200).assert_body("efgh");
    }
}

#[test]
fn resetting_resets() {
    for (place, exchange) in failing("reset") {
        let outcome = if place == "end" { Outcome::Forwarded } else { Outcome::Reset };
        assert_eq!(exchange.outcome(), outcome, "{place}");
    }
}

#[test]
fn a_panic_is_a_trap_wherever_it_is() {
    let upload = || Request::post("/").chunks(["ab", "cd"]).empty_end();
    let panicking = |place: &str| {
        let scenario = scenario(format!("a panic at the {place}"), &format!("panic {place}"))
            .expect_trap(format!("told to panic at the {place}"))
            .cluster("authz", |_| later(Response::new(200), 1));
        // Nobody tells a stream that waits in Envoy that its VM is dead.
        scenario.client(Client::new(upload()).pauses(LATER).leaves_after(LATER * 3)).request(upload())
    };
    let [headers, answer, body, response] = compare(["headers", "answer", "body", "response"].map(panicking));
    headers[0].response().assert_status(503);
    assert_eq!(answer[0].outcome(), Outcome::Reset);
    for run in [&headers, &answer] {
        run[0].assert_not_forwarded();
    }
    for run in [&headers, &answer, &body, &response] {
        run[1].response().assert_status(503);
        run[1].assert_not_forwarded();
    }
}
