//! What comes over a message whose headers have gone on, while the rest of it is on its way.

use std::time::Duration;

use waxwing_testing::{Answer, Client};

use super::*;

/// Between a message's headers and each of its pieces: in Envoy, what is before it has gone on by then.
const PAUSE: Duration = Duration::from_millis(150);

/// What is done there, with what the probe knows of it at the end.
const ENDS: [(&str, &str); 3] =
    [("is answered", "reply 403 no"), ("is reset", "close 0"), ("is answered to gRPC", "reply 403 no 7")];

const LOG: &str =
    "\nlog value 0 :path\nlog value 2 :status\nlog count 1\nlog count 3\nlog property response.code_details";

fn slowly(scenario: Scenario) -> Scenario {
    scenario.client(Client::new(full()).pauses(PAUSE))
}

fn slow_origin(scenario: Scenario) -> Scenario {
    let response = Response::new(200).header("x-origin", "1").chunks(["up", "stream"]).trailer("x-end", "1");
    scenario.origin(move |_| Answer::Slowly(response.clone(), PAUSE)).request(full())
}

#[test]
fn a_request_ends_in_its_body_or_trailers() {
    for callback in ["request-body", "request-trailers"] {
        compare(ENDS.map(|(what, end)| {
            let name = format!("a request that has begun {what} in {callback}");
            slowly(scenario(name, &format!("{callback} {end}{LOG}")))
        }));
    }
}

#[test]
fn a_response_ends_in_its_body_or_trailers() {
    for (callback, (what, end)) in
        [("response-body", ENDS[0]), ("response-body", ENDS[1]), ("response-trailers", ENDS[0])]
    {
        let name = format!("a response that has begun {what} in {callback}");
        compare([slow_origin(scenario(name, &format!("{callback} {end}{LOG}")))]);
    }
}

#[test]
fn a_trap_in_the_body_or_trailers() {
    let way = |callback: &str| match callback.starts_with("request") {
        true => slowly,
        false => slow_origin,
    };
    for callback in ["request-body", "request-trailers", "response-body", "response-trailers"] {
        compare(["closed", "open"].map(|policy| {
            let name = format!("a trap in {callback} of a message that has begun, failing {policy}");
            let scenario =
                scenario(name, &format!("{callback} panic{LOG}")).expect_trap("the script says so");
            let scenario = if policy == "open" { scenario.fail_open() } else { scenario };
            way(callback)(scenario).request(without_body())
        }));
    }
}
