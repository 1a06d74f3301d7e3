//! HTTP callouts: how they start, how they end, and what can be read then.

use std::time::Duration;

use waxwing_testing::Answer;

use super::*;

/// What the probe asks about the end of a callout, in the callback that tells of it.
const READ: &str = "
    call-response value 6 :status
    call-response value 6 content-type
    call-response value 6 x-up
    call-response value 6 X-Up
    call-response value 7 x-sum
    call-response pairs 7
    call-response bytes 4 0 1000
    call-response bytes 4 2 3
    call-response status
    call-response add 6 a b
    call-response replace 7 a b
    call-response set-bytes 4 0 0 x
    call-response value 0 :path
    log value 6 :status
    log count 6
    log bytes 4 0 9
    log status
";

/// A request with a body that waits for this callout.
fn waiting(name: &str, call: &str) -> Scenario {
    scenario(name, &format!("request-headers {call}\nrequest-headers pause\n{READ}")).request(with_body())
}

#[test]
fn answers() {
    let answer = |request: &Request| match request.path().as_str() {
        "/empty" => Response::new(204),
        "/body" => Response::new(200).header("x-up", "1").header("X-Up", "2").body(request.body_bytes()),
        _ => Response::new(503).header("content-type", "text/html").body("no"),
    };
    compare(
        [
            ("a callout that is answered without a body", "authz GET /empty 1000"),
            ("a callout with a body and a header", "authz POST /body 1000 abc x-a 1"),
            ("a callout that is refused by its upstream", "authz PUT /other 1000"),
            ("a callout that asks for headers alone", "authz HEAD /body 1000"),
        ]
        .map(|(name, call)| {
            waiting(name, &format!("call {call}")).cluster("authz", move |request| answer(request).into())
        }),
    );
}

#[test]
fn failures() {
    let answer = |request: &Request| match request.path().as_str() {
        "/hang" => Answer::Hang,
        "/reset" => Answer::Reset,
        "/late" => Answer::from(Response::new(200)).after(Duration::from_millis(500)),
        _ => Answer::BreakOff(Response::new(200).header("x-up", "1").body("begun")),
    };
    compare(["hang", "reset", "late", "break-off"].map(|path| {
        waiting(
            &format!("a callout to an upstream that does this: {path}"),
            &format!("call authz GET /{path} 100"),
        )
        .cluster("authz", answer)
    }));
    compare([
        waiting("a callout to an upstream that is down", "call authz GET / 100").refusing_cluster("authz")
    ]);
}

#[test]
fn what_is_refused() {
    let complete = ":method GET :path / :authority a";
    let script = format!(
        "request-headers raw-call nobody 100 {complete}
         request-headers raw-call authz 2147483648 {complete}
         request-headers raw-call authz 4294967295 {complete}
         request-headers raw-call authz 100
         request-headers raw-call authz 100 :method GET :path /
         request-headers raw-call authz 100 :method GET :authority a
         request-headers raw-call authz 100 :path / :authority a
         request-headers raw-call authz 100 :method GET :path / host a
         request-headers raw-call authz 100 {complete}"
    );
    compare([scenario("callouts that are refused", &script)
        .cluster("authz", |_| Response::new(200).into())
        .request(without_body())]);
}

#[test]
fn a_callout_from_each_callback() {
    for callback in WAY.into_iter().chain(["log"]) {
        let script = format!("{callback} call authz GET /from/{callback} 1000");
        compare([scenario(format!("a callout from {callback}"), &script)
            .cluster("authz", |_| Response::new(200).into())
            .request(full())
            .wait(Duration::from_millis(50))]);
    }
}

#[test]
fn several_callouts_of_a_stream() {
    let script = "request-headers call authz GET /first 1000
                  request-headers call authz GET /second 1000
                  request-headers pause
                  call-response value 6 x-path
                  call-response continue 0";
    let cluster = |request: &Request| {
        let delay = if request.path() == "/first" { 120 } else { 20 };
        Answer::from(Response::new(200).header("x-path", request.path())).after(Duration::from_millis(delay))
    };
    compare([scenario("two callouts, of which the second is answered first", script)
        .cluster("authz", cluster)
        .request(with_body())
        .wait(Duration::from_millis(200))]);
}

#[test]
fn a_callout_that_answers_the_client_or_resets_its_stream() {
    for end in ["reply 403 denied -", "close 0", "close 1"] {
        let script = format!(
            "request-headers call authz GET / 1000\nrequest-headers pause\ncall-response {end}\nlog value 2 :status"
        );
        compare([scenario(format!("a callout whose answer does this: {end}"), &script)
            .cluster("authz", |_| Response::new(200).into())
            .request(with_body())]);
    }
}
