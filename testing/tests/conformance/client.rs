//! Clients that go away, that are slow, and that are there at once.

use std::time::Duration;

use waxwing_testing::{Answer, Client, Outcome};

use super::*;

const LATER: Duration = Duration::from_millis(150);

/// What the probe asks when a stream ends.
const LOG: &str = "
    log value 0 :path
    log value 2 :status
    log value 2 x-origin
    log bytes 0 0 100
    log bytes 1 0 100
";

/// A request with a body of two pieces and an end of its own.
fn pieces() -> Request {
    Request::post("/a?b=c").chunks(["ab", "cde"]).empty_end()
}

#[test]
fn a_client_that_leaves_before_its_request_has_ended() {
    for (place, client) in [
        ("after its headers", Client::new(pieces()).stops_after_headers()),
        ("after a piece of its body", Client::new(pieces()).stops_after_pieces(1)),
        ("before its trailers", Client::new(full()).stops_after_pieces(2)),
    ] {
        compare(
            [
                ("that passes", ""),
                ("whose headers are held", "request-headers pause"),
                ("whose body is held", "request-body pause-until-end"),
            ]
            .map(|(state, script)| {
                scenario(
                    format!("a client leaves {place}, of a request {state}"),
                    &format!("{script}\n{LOG}"),
                )
                .client(client.clone().leaves())
            }),
        );
    }
}

#[test]
fn a_client_that_leaves_while_its_response_is_awaited() {
    let scenario = |answer: fn(Answer) -> Answer, what: &str| {
        scenario(format!("a client leaves while the upstream {what}"), LOG).origin(move |request| {
            match request.path().as_str() {
                "/slow" => answer(Response::new(200).header("x-origin", "1").chunks(["up", "stream"]).into()),
                _ => Response::new(204).into(),
            }
        })
    };
    let leaves = || Client::new(Request::get("/slow")).leaves_after(LATER);
    compare([
        scenario(|_| Answer::Hang, "is silent").client(leaves()).request(without_body()),
        scenario(|answer| answer.after(Duration::from_millis(600)), "takes its time")
            .client(leaves())
            .request(without_body()),
        // Not all of the response.
        scenario(
            |answer| match answer {
                Answer::Respond(response) => Answer::Slowly(response, Duration::from_millis(600)),
                other => other,
            },
            "answers in pieces",
        )
        .client(leaves())
        .request(without_body()),
    ]);
}

#[test]
fn a_client_that_leaves_while_a_callout_is_under_way() {
    let script = format!(
        "request-headers call authz GET /check 1000
         request-headers pause
         call-response value 6 x-up
         call-response value 0 :path
         call-response bytes 4 0 100
         call-response continue 0
         {LOG}"
    );
    let answer = |_: &Request| Answer::from(Response::new(200).header("x-up", "1").body("yes")).after(LATER);
    for (what, client) in [
        ("headers are there", Client::new(pieces()).stops_after_headers()),
        ("end is missing", Client::new(pieces()).stops_after_pieces(2)),
        ("end is there", Client::new(pieces())),
        ("headers are all", Client::new(without_body())),
    ] {
        let name = format!("a client leaves during a callout, when the {what}");
        compare([scenario(name, &script)
            .cluster("authz", answer)
            .client(client.leaves())
            .wait(LATER * 2)
            .request(without_body())]);
    }
}

#[test]
fn a_client_that_would_leave_later_than_it_is_answered() {
    let runs = on_every_host::<Probe>(
        "waxwing-probe",
        [scenario("a client that would leave later", LOG).client(Client::new(pieces()).leaves_after(LATER))],
    );
    assert_eq!(runs[0][0].outcome(), Outcome::Forwarded);
}

#[test]
fn a_request_that_expects_to_be_told_to_go_on() {
    let script = "request-headers value 0 expect\nrequest-body value 0 expect\nlog value 0 expect\nlog value 2 :status";
    compare([scenario("a request that expects to be told to go on", script)
        .request(Request::post("/").header("expect", "100-continue").body("abc").empty_end())]);
}
